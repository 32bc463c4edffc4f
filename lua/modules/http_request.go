package modules

import (
	"mime"
	"mime/multipart"
	"strings"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// httpRequest is what http.request returns.
type httpRequest struct {
	x       exchange
	timeout time.Duration
	max     int64
	form    *multipart.Form // once it is parsed
}

func requestOf(c *lua.Call) *httpRequest { return c.Self().(*httpRequest) }

// field makes a method that returns one text of the request.
func field(get func(*httpRequest) string) func(*lua.Call) error {
	return func(c *lua.Call) error { return c.Return(get(requestOf(c)), nil) }
}

// orNil is nil for the empty text.
func orNil(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func (r *httpRequest) header(name string) (string, bool) {
	values := r.x.Request().Header.Values(name)
	if strings.EqualFold(name, "Host") {
		return r.x.Request().Host, true
	}
	return strings.Join(values, ", "), len(values) > 0
}

var requestType = lua.Type{
	Name: "Request", Doc: "The request. Every method returns an error as its second value.", Of: (*httpRequest)(nil),
	Methods: []lua.Func{
		{Sig: "method(): string, error?", Doc: "The method.", Do: field(func(r *httpRequest) string { return r.x.Request().Method })},
		{Sig: "path(): string, error?", Doc: "The path, without the query.", Do: field(func(r *httpRequest) string { return r.x.Request().URL.Path })},
		{Sig: "host(): string, error?", Doc: "The host the client asked for.", Do: field(func(r *httpRequest) string { return r.x.Request().Host })},
		{Sig: "remote_addr(): string, error?", Doc: "The address of the client, ip:port; behind real_ip the bare address.", Do: field(func(r *httpRequest) string { return r.x.Request().RemoteAddr })},
		{Sig: "query(name: string): string, error?", Doc: "The first value of a query parameter, or nil.", Do: func(c *lua.Call) error {
			values := requestOf(c).x.Request().URL.Query()[c.String(0)]
			if len(values) == 0 {
				return c.Return(nil, nil)
			}
			return c.Return(values[0], nil)
		}},
		{Sig: "query_params(): table, error?", Doc: "All query parameters; several values of one are joined with a comma.", Do: func(c *lua.Call) error {
			out := map[string]any{}
			for k, v := range requestOf(c).x.Request().URL.Query() {
				out[k] = strings.Join(v, ",")
			}
			return c.Return(out, nil)
		}},
		{Sig: "header(name: string): string, error?", Doc: "A header, or nil; several values are joined with a comma and a space. Capitalisation does not matter.", Do: func(c *lua.Call) error {
			v, ok := requestOf(c).header(c.String(0))
			if !ok {
				return c.Return(nil, nil)
			}
			return c.Return(v, nil)
		}},
		{Sig: "content_type(): string, error?", Doc: "The content type, or nil.", Do: func(c *lua.Call) error {
			return c.Return(orNil(requestOf(c).x.Request().Header.Get("Content-Type")), nil)
		}},
		{Sig: "content_length(): number, error?", Doc: "The length of the body, -1 if it is not known.", Do: func(c *lua.Call) error {
			return c.Return(requestOf(c).x.Request().ContentLength, nil)
		}},
		{Sig: "has_body(): boolean, error?", Doc: "Whether the content length is above 0.", Do: func(c *lua.Call) error {
			return c.Return(requestOf(c).x.Request().ContentLength > 0, nil)
		}},
		{Sig: "accepts(type: string): boolean, error?", Doc: "Whether the Accept header names exactly this type or */*.", Do: func(c *lua.Call) error {
			return c.Return(accepts(requestOf(c).x.Request().Header.Values("Accept"), c.String(0)), nil)
		}},
		{Sig: "is_content_type(type: string): boolean, error?", Doc: "Whether the content type begins with this text.", Do: func(c *lua.Call) error {
			have := strings.ToLower(requestOf(c).x.Request().Header.Get("Content-Type"))
			return c.Return(have != "" && strings.HasPrefix(have, strings.ToLower(c.String(0))), nil)
		}},
		{Sig: "param(name: string): string, error?", Doc: "The value of a path parameter, or nil.", Do: func(c *lua.Call) error {
			params := requestOf(c).x.Params()
			if params == nil {
				return messages.Errorf(messages.Internal, "no route parameters found")
			}
			v, ok := params[c.String(0)]
			if !ok {
				return c.Return(nil, nil)
			}
			return c.Return(v, nil)
		}},
		{Sig: "params(): table, error?", Doc: "All path parameters.", Do: func(c *lua.Call) error {
			out := map[string]any{}
			for k, v := range requestOf(c).x.Params() {
				out[k] = v
			}
			return c.Return(out, nil)
		}},
		{Sig: "body(): string, error?", Doc: "The whole body; again and again the same. Invalid where it is larger than max_body, Internal where it does not come within the timeout.", Ask: func(c *lua.Call) (*lua.Command, error) {
			return readBody(c, func(c *lua.Call, body string) error { return c.Return(body, nil) }), nil
		}},
		{Sig: "body_json(): any, error?", Doc: "The body, decoded from JSON. Invalid where it is none.", Ask: func(c *lua.Call) (*lua.Command, error) {
			return readBody(c, func(c *lua.Call, body string) error {
				v, err := messages.DecodeJSON([]byte(body))
				if err != nil {
					return messages.Because(messages.Invalid, "invalid JSON", err)
				}
				return c.Return(v, nil)
			}), nil
		}},
		{Sig: "stream(): Stream, error?", Doc: "The body as a stream. Taken before the response begins it can be read on while that is written; later the rest of the body is gone.", Do: func(c *lua.Call) error {
			r := requestOf(c)
			r.x.Duplex()
			return c.Return(newStream(c, limited{r.x, new(r.max)}, r.x.Request().ContentLength), nil)
		}},
		{Sig: "parse_multipart(max_memory?: integer): table, error?", Doc: "The fields and files of a form: values by name, a text or a list of texts; files by name, lists of MultipartFile. Of files at most max_memory bytes are kept in memory, 32 MB if left out. Invalid for other content types.", Ask: parseMultipart},
	},
}

// readBody is the command that reads the body.
func readBody(c *lua.Call, then func(*lua.Call, string) error) *lua.Command {
	r := requestOf(c)
	return &lua.Command{
		Go: func(<-chan struct{}) (any, error) {
			b, err := r.x.Body(r.max, r.timeout)
			return string(b), err
		},
		Then: func(c *lua.Call, answer any) error { return then(c, answer.(string)) },
	}
}

func accepts(header []string, want string) bool {
	for _, line := range header {
		for part := range strings.SplitSeq(line, ",") {
			t, _, err := mime.ParseMediaType(part)
			if err == nil && (t == "*/*" || strings.EqualFold(t, want)) {
				return true
			}
		}
	}
	return false
}
