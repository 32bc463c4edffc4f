package temporal

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/workflow"

	"github.com/troupe-go/troupe/actors/actorstest"
)

func TestSecure(t *testing.T) {
	_, cert, key := actorstest.Certificate(t, nil)
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	certFile, keyFile, empty, apiKey := file("cert", cert), file("key", key), file("empty", ""), file("api", "secret\n")
	for _, c := range []struct {
		name      string
		config    ClientConfig
		wrong     string // in the error
		encrypted bool
		known     bool // it says who it is
	}{
		{name: "nothing", config: ClientConfig{Auth: AuthConfig{Type: "none"}}},
		{name: "tls", config: ClientConfig{Auth: AuthConfig{Type: "none"}, TLS: &TLSConfig{Enabled: true, ServerName: "name", Insecure: true}}, encrypted: true},
		{name: "ca", config: ClientConfig{Auth: AuthConfig{Type: "none"}, TLS: &TLSConfig{Enabled: true, CAFile: certFile}}, encrypted: true},
		{name: "no ca", config: ClientConfig{Auth: AuthConfig{Type: "none"}, TLS: &TLSConfig{Enabled: true, CAFile: empty}}, wrong: "has no certificates"},
		{name: "missing ca", config: ClientConfig{Auth: AuthConfig{Type: "none"}, TLS: &TLSConfig{Enabled: true, CAFile: filepath.Join(dir, "none")}}, wrong: "tls.ca_file"},
		{name: "api key", config: ClientConfig{Auth: AuthConfig{Type: "api_key", APIKey: "secret"}}, encrypted: true, known: true},
		{name: "api key in a file", config: ClientConfig{Auth: AuthConfig{Type: "api_key", APIKeyFile: apiKey}}, encrypted: true, known: true},
		{name: "api key without tls", config: ClientConfig{Auth: AuthConfig{Type: "api_key", APIKey: "secret"}, TLS: &TLSConfig{}}, known: true},
		{name: "missing api key", config: ClientConfig{Auth: AuthConfig{Type: "api_key", APIKeyFile: filepath.Join(dir, "none")}}, wrong: "auth.api_key_file"},
		{name: "empty api key", config: ClientConfig{Auth: AuthConfig{Type: "api_key"}}, wrong: "the API key is empty"},
		{name: "certificate", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertPEM: cert, KeyPEM: key}}, encrypted: true},
		{name: "certificate in files", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertFile: certFile, KeyFile: keyFile}}, encrypted: true},
		{name: "bad certificate", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertPEM: "x", KeyPEM: key}}, wrong: "certificate and private key"},
		{name: "missing certificate", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertFile: filepath.Join(dir, "none"), KeyPEM: key}}, wrong: "auth.cert_file"},
		{name: "missing key", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertPEM: cert, KeyFile: filepath.Join(dir, "none")}}, wrong: "auth.key_file"},
		{name: "certificate without tls", config: ClientConfig{Auth: AuthConfig{Type: "mtls", CertPEM: cert, KeyPEM: key}, TLS: &TLSConfig{}}, wrong: "tls.enabled is false"},
	} {
		var opt client.Options
		err := secure(&opt, c.config)
		switch {
		case c.wrong != "":
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v", c.name, err)
			}
		case err != nil:
			t.Errorf("%s: %v", c.name, err)
		case (opt.ConnectionOptions.TLS != nil) != c.encrypted || opt.ConnectionOptions.TLSDisabled == c.encrypted:
			t.Errorf("%s: encrypted is %v", c.name, opt.ConnectionOptions.TLS != nil)
		case (opt.Credentials != nil) != c.known:
			t.Errorf("%s: credentials are %v", c.name, opt.Credentials)
		case c.config.Auth.Type == "mtls" && len(opt.ConnectionOptions.TLS.Certificates) != 1:
			t.Errorf("%s: no certificate", c.name)
		}
	}
}

func TestVersioning(t *testing.T) {
	o := &WorkerOptions{Versioning: true, Deployment: "d", BuildID: "b", DefaultBehaviour: "pinned"}
	if got := o.sdk().DeploymentOptions; !got.UseVersioning || got.Version.BuildID != "b" || got.Version.DeploymentName != "d" || got.DefaultVersioningBehavior != workflow.VersioningBehaviorPinned {
		t.Errorf("%+v", got)
	}
	o.DefaultBehaviour = ""
	if got := o.sdk().DeploymentOptions.DefaultVersioningBehavior; got != workflow.VersioningBehaviorAutoUpgrade {
		t.Error(got)
	}
	if got := (&WorkerOptions{}).sdk().DeploymentOptions; got.UseVersioning {
		t.Errorf("%+v", got)
	}
}
