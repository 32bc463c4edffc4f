package modules

import (
	"errors"
	"mime/multipart"
	nethttp "net/http"
	"net/textproto"
	"strings"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// multipartMemory is how much of the files of a form is kept in memory; the rest
// goes to temporary files that are deleted with the call.
const multipartMemory = 32 << 20

// limited reads the body of an exchange up to a number of bytes.
type limited struct {
	x    exchange
	left *int64
}

// Read implements io.Reader.
func (l limited) Read(p []byte) (int, error) {
	n, err := l.x.Read(p)
	if *l.left -= int64(n); *l.left < 0 {
		return 0, messages.Errorf(messages.Invalid, "request body too large")
	}
	return n, err
}

// Close implements io.Closer.
func (limited) Close() error { return nil }

func parseMultipart(c *lua.Call) (*lua.Command, error) {
	r := requestOf(c)
	have := r.x.Request().Header.Get("Content-Type")
	if !strings.HasPrefix(strings.ToLower(have), "multipart/form-data") {
		return nil, messages.Errorf(messages.Invalid, "content type is not multipart/form-data")
	}
	memory := int64(multipartMemory)
	if c.Has(0) {
		if memory = int64(c.Int(0)); memory < 0 {
			return nil, lua.ArgError(1, "number of bytes expected, 0 or more")
		}
	}
	known := r.form
	return &lua.Command{
		Go: func(<-chan struct{}) (any, error) {
			if known != nil {
				return known, nil // the body can be read once only
			}
			// a request of its own: the other methods read the first one meanwhile
			own := &nethttp.Request{
				Method: nethttp.MethodPost, Header: nethttp.Header{"Content-Type": {have}},
				Body: limited{r.x, new(r.max)}, URL: r.x.Request().URL,
			}
			if err := own.ParseMultipartForm(memory); err != nil {
				if e := (*messages.Error)(nil); errors.As(err, &e) {
					return nil, e
				}
				return nil, messages.Errorf(messages.Invalid, "parsing the form: %s", err)
			}
			r.x.OnClose(func() { _ = own.MultipartForm.RemoveAll() }) // the system cleans up what cannot be deleted
			return own.MultipartForm, nil
		},
		Then: func(c *lua.Call, answer any) error {
			form := answer.(*multipart.Form)
			r.form = form
			values := map[string]any{}
			for name, v := range form.Value {
				values[name] = v[0]
				if len(v) > 1 {
					values[name] = v
				}
			}
			files := map[string]any{}
			for name, list := range form.File {
				out := make([]any, len(list))
				for i, f := range list {
					out[i] = &multipartFile{f, r.x}
				}
				files[name] = out
			}
			return c.Return(map[string]any{"values": values, "files": files}, nil)
		},
	}, nil
}

// multipartFile is one uploaded file.
type multipartFile struct {
	*multipart.FileHeader
	x exchange
}

var multipartFileType = lua.Type{
	Name: "MultipartFile", Doc: "A file of a form. It is there until the function returns.", Of: (*multipartFile)(nil),
	Methods: []lua.Func{
		{Sig: "name(): string, error?", Doc: "The name the client gave it.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*multipartFile).Filename, nil) }},
		{Sig: "size(): number, error?", Doc: "Its size in bytes.", Do: func(c *lua.Call) error { return c.Return(c.Self().(*multipartFile).Size, nil) }},
		{Sig: "header(name: string): string", Doc: "A header of its part of the form, or nil.", Do: func(c *lua.Call) error {
			return c.Return(orNil(textproto.MIMEHeader(c.Self().(*multipartFile).Header).Get(c.String(0))))
		}},
		{Sig: "stream(): Stream, error?", Doc: "Its content as a stream.", Ask: func(c *lua.Call) (*lua.Command, error) {
			f := c.Self().(*multipartFile)
			return &lua.Command{
				Go: func(<-chan struct{}) (any, error) {
					file, err := f.Open()
					if err == nil {
						f.x.OnClose(func() { _ = file.Close() }) // it was only read
					}
					return file, err
				},
				Then: func(c *lua.Call, answer any) error {
					return c.Return(newStream(c, answer.(multipart.File), f.Size), nil)
				},
				Catch: func(_ *lua.Call, err *messages.Error) error {
					return messages.Because(messages.Internal, "opening the file", err)
				},
			}, nil
		}},
	},
}
