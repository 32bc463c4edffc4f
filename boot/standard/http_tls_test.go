package standard_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	nethttp "net/http"
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors/actorstest"
)

// TestHTTPClientCertificates asks a server with each mode of tls.client_auth, over
// HTTP/2, with no certificate, one of a stranger, and one that its authority signed.
func TestHTTPClientCertificates(t *testing.T) {
	ca, caPEM, _ := actorstest.Certificate(t, nil)
	_, certPEM, keyPEM := actorstest.Certificate(t, ca)
	known, _, _ := actorstest.Certificate(t, ca)
	stranger, _, _ := actorstest.Certificate(t, nil)
	roots := x509.NewCertPool()
	roots.AddCert(ca.Leaf)
	for mode, want := range map[string]string{
		"request": "yes yes yes", "require_any": "no yes yes", "verify_if_given": "yes no yes", "require_and_verify": "no no yes",
	} {
		rt := start(t, fmt.Sprintf(`
  - {name: web, kind: http.service, addr: "127.0.0.1:0", lifecycle: {auto_start: true}, tls: {mode: manual, cert: %q, key: %q, client_ca: %q, client_auth: %s}}
  - {name: api, kind: http.router, meta: {server: web}, prefix: /api}
`, certPEM, keyPEM, caPEM, mode)+handler("hello", "/hello", "GET", `return "hello"`))
		url := strings.Replace(webAddr(t, rt), "http://", "https://", 1) + "/hello"
		var got []string
		for _, cert := range []*tls.Certificate{nil, stranger, known} {
			config := &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
			if cert != nil { // also one whose authority the server does not name
				config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return cert, nil }
			}
			transport := &nethttp.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
			r, err := nethttp.NewRequestWithContext(t.Context(), "GET", url, nil)
			if err != nil {
				t.Fatal(err)
			}
			res, err := (&nethttp.Client{Transport: transport}).Do(r)
			if err != nil {
				got = append(got, "no")
			} else {
				b, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || string(b) != "hello" || res.ProtoMajor != 2 {
					t.Errorf("%s: %q by %s, %v", mode, b, res.Proto, err)
				}
				got = append(got, "yes")
			}
			transport.CloseIdleConnections()
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: none, stranger, known: %v, want %s", mode, got, want)
		}
	}
}
