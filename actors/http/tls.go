package http

import (
	"crypto/tls"
	"crypto/x509"

	"github.com/troupe-go/troupe/messages"
)

// TLSConfig are the fields of an http.service under tls.
type TLSConfig struct {
	Mode        string `yaml:"mode" oneof:"|manual|auto" doc:"Empty for plain HTTP, manual for a certificate given here, auto for one of the network."`
	Cert        string `yaml:"cert" doc:"Certificate chain as PEM."`
	Key         string `yaml:"key" doc:"Private key as PEM."`
	CertEnv     string `yaml:"cert_env" doc:"Environment variable with the certificate chain."`
	KeyEnv      string `yaml:"key_env" doc:"Environment variable with the private key."`
	ClientCA    string `yaml:"client_ca" doc:"Trusted authorities of clients as PEM."`
	ClientCAEnv string `yaml:"client_ca_env" doc:"Environment variable with the trusted authorities."`
	ClientAuth  string `yaml:"client_auth" oneof:"request|require_any|verify_if_given|require_and_verify" doc:"What is asked of clients."`
}

// Validate implements registry.Validator.
func (c *TLSConfig) Validate() error {
	pair := c.Cert != "" || c.Key != ""
	envPair := c.CertEnv != "" || c.KeyEnv != ""
	ca := c.ClientCA != "" || c.ClientCAEnv != ""
	client := ca || c.ClientAuth != ""
	switch {
	case c.Mode == "" && (pair || envPair || client):
		return messages.Errorf(messages.Invalid, "tls.mode=off must not set cert/key or mTLS fields")
	case c.Mode == "auto" && (pair || envPair):
		return messages.Errorf(messages.Invalid, "tls.mode=auto must not set cert/key (driver-managed)")
	case c.Mode != "manual" && client:
		return messages.Errorf(messages.Invalid, "mTLS (client_auth) requires tls.mode=manual")
	case c.Mode == "auto":
		return messages.Errorf(messages.Invalid, "tls.mode=auto needs a network that supplies certificates; use tls.mode=manual")
	case c.Mode == "":
		return nil
	case !pair && !envPair:
		return messages.Errorf(messages.Invalid, "tls.mode=manual requires cert+key or cert_env+key_env")
	case pair && envPair:
		return messages.Errorf(messages.Invalid, "tls.mode=manual: set either cert+key or cert_env+key_env, not both")
	case pair && (c.Cert == "" || c.Key == ""):
		return messages.Errorf(messages.Invalid, "tls.mode=manual: cert and key must both be set")
	case envPair && (c.CertEnv == "" || c.KeyEnv == ""):
		return messages.Errorf(messages.Invalid, "tls.mode=manual: cert_env and key_env must both be set")
	case c.ClientCA != "" && c.ClientCAEnv != "":
		return messages.Errorf(messages.Invalid, "set either client_ca or client_ca_env, not both")
	case ca && c.ClientAuth == "":
		return messages.Errorf(messages.Invalid, "client_ca set but client_auth is empty")
	case !ca && (c.ClientAuth == "verify_if_given" || c.ClientAuth == "require_and_verify"):
		return messages.Errorf(messages.Invalid, "client_auth verification modes require client_ca or client_ca_env")
	}
	return nil
}

// build makes the configuration of a listener; nil for plain HTTP.
func (c TLSConfig) build() (*tls.Config, error) {
	if c.Mode == "" {
		return nil, nil
	}
	cert, err := tls.X509KeyPair([]byte(c.Cert), []byte(c.Key))
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "reading tls.cert and tls.key: %s; both must be PEM and belong together", err)
	}
	out := &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	out.ClientAuth = map[string]tls.ClientAuthType{
		"request": tls.RequestClientCert, "require_any": tls.RequireAnyClientCert,
		"verify_if_given": tls.VerifyClientCertIfGiven, "require_and_verify": tls.RequireAndVerifyClientCert,
	}[c.ClientAuth]
	if c.ClientCA != "" {
		out.ClientCAs = x509.NewCertPool()
		if !out.ClientCAs.AppendCertsFromPEM([]byte(c.ClientCA)) {
			return nil, messages.Errorf(messages.Invalid, "reading tls.client_ca: no certificate in it; give PEM")
		}
	}
	return out, nil
}
