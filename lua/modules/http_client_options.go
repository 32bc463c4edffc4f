package modules

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"maps"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpguts"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// defaultTimeout is how long a request may take that says nothing about it.
const defaultTimeout = 30 * time.Second

// outgoing is a request that is ready to be sent, outside of the process.
type outgoing struct {
	method, to string
	header     http.Header
	body       payload
	host       string
	cookies    map[string]string
	user, pass string
	auth       bool
	timeout    time.Duration // of one attempt, 0 for none
	retry      *messages.RetryPolicy
	streamed   bool  // the body is left to a Stream
	limit      int64 // of the body
	limited    bool  // the program gave the limit
	socket     string
	network    string // entry id; "" for the default
	trace      map[string]string
	tls        *tls.Config
	tlsKey     string // the same for the same TLS options
	insecure   bool
	free       bool // there is nothing it may not do
	may        permission
}

// clientArgs are the arguments of one request: object finds what the frozen copy
// of its options does not keep.
type clientArgs struct {
	method, url string
	options     *messages.Table
	object      func(path ...any) any
}

// newOutgoing reads the arguments of a request and checks the permissions that
// are known before it is sent.
func newOutgoing(c *lua.Call, args clientArgs) (*outgoing, error) {
	method, to := args.method, args.url
	u, err := url.Parse(to)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, messages.Errorf(messages.Invalid, "%q is not a URL of the form http://host/path", to)
	}
	if method = strings.ToUpper(method); !httpguts.ValidHeaderFieldName(method) {
		return nil, messages.Errorf(messages.Invalid, "%q is not an HTTP method", method)
	}
	self := c.Process()
	out := &outgoing{method: method, header: http.Header{}, may: permissionOf(c)}
	out.free = !self.Strict && (self.Context == nil || self.Context.Actor == nil || self.Context.Scope == nil)
	out.trace = self.Context.Around()
	if !out.may("http_client.request", to) {
		return nil, denied("not allowed: %s", to)
	}
	o := &options{table: args.options}
	if network := o.text("overlay_network"); network != "" {
		if !out.may("network.select", network) {
			return nil, denied("not allowed: network %s", network)
		}
		if out.network = network; o.text("unix_socket") != "" {
			return nil, messages.Errorf(messages.Invalid, "options overlay_network and unix_socket cannot go together")
		}
	} else if self.Context != nil && o.text("unix_socket") == "" {
		out.network = self.Context.Network
	}
	out.streamed = o.flag("stream")
	query := u.Query()
	for k, v := range o.strings("query") {
		query.Set(k, v)
	}
	if o.get("query") != nil {
		u.RawQuery = query.Encode()
	}
	out.to, out.cookies, out.body = u.String(), o.strings("cookies"), payload{o.text("body")}
	out.limit = int64(o.number("max_response_body", 0, 0, 1<<40))
	if out.limited = out.limit > 0; !out.limited {
		out.limit = 120 << 20
	}
	out.timeout = o.seconds("timeout", defaultTimeout)
	if out.retry, err = messages.RetryFrom(o.get("retry")); err != nil {
		return nil, err
	}
	if auth, ok := o.get("auth").(*messages.Table); ok {
		out.user, _ = auth.Get("user").(string)
		out.pass, _ = auth.Get("pass").(string)
		out.auth = true
	}
	if err := out.setBody(o, args.object); err != nil {
		return nil, err
	}
	headers, err := o.headers()
	if err != nil {
		return nil, err
	}
	maps.Copy(out.header, headers)
	out.host = headers.Get("Host")
	if out.socket = o.text("unix_socket"); out.socket != "" && !out.may("http_client.unix_socket", out.socket) {
		return nil, denied("not allowed: unix socket %s", out.socket)
	}
	t, ok := o.get("tls").(*messages.Table)
	if !ok && o.get("tls") != nil {
		o.wrong("tls", "a table is expected")
	}
	if ok {
		if err := out.setTLS(&options{table: t}, to); err != nil {
			return nil, err
		}
	}
	return out, o.err
}

// setBody makes the body of form and files.
func (out *outgoing) setBody(o *options, object func(path ...any) any) error {
	form := o.strings("form")
	files, _ := o.get("files").(*messages.Table)
	if files == nil {
		if o.get("files") != nil {
			o.wrong("files", "a list of tables is expected")
		}
		if o.get("form") != nil {
			values := url.Values{}
			for k, v := range form {
				values.Set(k, v)
			}
			out.body = payload{values.Encode()}
			out.header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		return nil
	}
	out.body = nil
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for k, v := range form {
		_ = w.WriteField(k, v) // a buffer takes everything
	}
	for i, item := range files.Array {
		f, ok := item.(*messages.Table)
		if !ok {
			return messages.Errorf(messages.Invalid, "file %d is not a table of name, filename and content", i+1)
		}
		name, _ := f.Get("name").(string)
		content, is := f.Get("content").(string)
		reader, lent := object("files", i+1, "reader").(streamed)
		if name == "" || is == lent {
			return messages.Errorf(messages.Invalid, "file %d needs a name, and either content as a string or a Stream as reader", i+1)
		}
		filename, _ := f.Get("filename").(string)
		if filename == "" {
			filename = name
		}
		part, err := w.CreateFormFile(name, filename)
		if err != nil {
			return err
		}
		_, _ = part.Write([]byte(content))
		if lent {
			out.body = append(out.body, b.String(), reader.asStream())
			b.Reset()
		}
	}
	_ = w.Close()
	out.body = append(out.body, b.String())
	out.header.Set("Content-Type", w.FormDataContentType())
	return nil
}

func (out *outgoing) setTLS(o *options, to string) error {
	cert, key, ca := o.text("cert"), o.text("key"), o.text("ca")
	out.tls = &tls.Config{MinVersion: tls.VersionTLS12, ServerName: o.text("server_name"), InsecureSkipVerify: o.flag("insecure_skip_verify")} //nolint:gosec // asked for, with a permission
	out.insecure = out.tls.InsecureSkipVerify
	out.tlsKey = tlsKey(cert, key, ca, out.tls.ServerName, strconv.FormatBool(out.insecure))
	switch {
	case o.err != nil:
		return o.err
	case out.insecure && !out.may("http_client.insecure_tls", to):
		return denied("not allowed: insecure TLS for %s", to)
	case (cert == "") != (key == ""):
		return messages.Errorf(messages.Invalid, "tls: cert and key are only useful together; give both")
	}
	if cert != "" {
		pair, err := tls.X509KeyPair([]byte(cert), []byte(key))
		if err != nil {
			return messages.Errorf(messages.Invalid, "tls: cert and key do not fit: %s", err)
		}
		out.tls.Certificates = []tls.Certificate{pair}
	}
	if ca != "" {
		out.tls.RootCAs = x509.NewCertPool()
		if !out.tls.RootCAs.AppendCertsFromPEM([]byte(ca)) {
			return messages.Errorf(messages.Invalid, "tls: ca has no certificate in PEM")
		}
	}
	return nil
}

// headers are the headers of a request that a program gives.
func (o *options) headers() (http.Header, error) {
	out := http.Header{}
	for k, v := range o.strings("headers") {
		if !httpguts.ValidHeaderFieldName(k) || !httpguts.ValidHeaderFieldValue(v) {
			return nil, messages.Errorf(messages.Invalid, "%q: %q is not an HTTP header", k, v)
		}
		out.Set(k, v)
	}
	return out, nil
}

// strings are the fields of a table of strings; values of other types count
// for nothing.
func (o *options) strings(name string) map[string]string {
	t, ok := o.get(name).(*messages.Table)
	if !ok {
		if o.get(name) != nil {
			o.wrong(name, "a table of strings is expected")
		}
		return nil
	}
	out := map[string]string{}
	for i, k := range t.Keys {
		key, ok := k.(string)
		value, is := t.Vals[i].(string)
		if ok && is {
			out[key] = value
		}
	}
	return out
}

func (o *options) seconds(name string, fallback time.Duration) time.Duration {
	d := o.duration(name, time.Second, fallback)
	if d == 0 {
		return fallback
	}
	if d <= 0 {
		o.wrong(name, "a number of seconds or a duration such as \"5s\" is expected")
	}
	return d
}

// duration is a number of units or a duration as text, -1 for anything else.
func (o *options) duration(name string, unit, fallback time.Duration) time.Duration {
	switch v := o.get(name).(type) {
	case nil:
		return fallback
	case float64:
		if v >= 0 && v < 1e9 {
			return time.Duration(v * float64(unit))
		}
	case string:
		if d, err := time.ParseDuration(v); err == nil {
			return d
		}
	}
	return -1
}
