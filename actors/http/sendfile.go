package http

import (
	"errors"
	"mime"
	nethttp "net/http"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/registry"
)

// Headers by which a function names the file that is its response.
const (
	sendfileHeader = "X-Sendfile"
	filePathHeader = "X-File-Path"
	fileNameHeader = "X-File-Name"
)

// newSendfile sends the file that a response names in a header in place of its
// body.
func newSendfile(env actors.Env, o *options) middleware {
	id := o.text("sendfile.fs", "fs", "")
	if ref, err := registry.ResolveID(id, env.Entry.ID.NS); err == nil {
		id = ref.String()
	}
	return func(next nethttp.Handler) nethttp.Handler {
		return nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
			s := &sendfile{ResponseWriter: w}
			next.ServeHTTP(s, r)
			if !s.begun {
				s.takeOver() // the function ended without a status
			}
			if s.chosen {
				s.send(env, r, id)
			}
		})
	}
}

// sendfile holds a response back that names a file.
type sendfile struct {
	nethttp.ResponseWriter
	begun      bool // the headers are there
	chosen     bool // a file takes the place of the body
	path, name string
}

// takeOver looks for the headers that name a file and removes them.
func (s *sendfile) takeOver() {
	s.begun = true
	h := s.Header()
	s.path, s.name = h.Get(sendfileHeader), h.Get(fileNameHeader)
	if s.path == "" {
		s.path = h.Get(filePathHeader)
	}
	s.chosen = len(h.Values(sendfileHeader))+len(h.Values(filePathHeader)) > 0
	for _, name := range []string{sendfileHeader, filePathHeader, fileNameHeader} {
		h.Del(name)
	}
}

// WriteHeader implements net/http.ResponseWriter.
func (s *sendfile) WriteHeader(status int) {
	if !s.begun {
		s.takeOver()
	}
	if !s.chosen {
		s.ResponseWriter.WriteHeader(status)
	}
}

// Write implements net/http.ResponseWriter. A body beside a file is dropped.
func (s *sendfile) Write(p []byte) (int, error) {
	if !s.begun {
		s.WriteHeader(nethttp.StatusOK)
	}
	if s.chosen {
		return len(p), nil
	}
	return s.ResponseWriter.Write(p)
}

// FlushError implements what net/http.ResponseController looks for.
func (s *sendfile) FlushError() error {
	if !s.begun {
		s.WriteHeader(nethttp.StatusOK)
	}
	if s.chosen {
		return nil
	}
	return nethttp.NewResponseController(s.ResponseWriter).Flush()
}

// Unwrap gives the writer to net/http.ResponseController.
func (s *sendfile) Unwrap() nethttp.ResponseWriter { return s.ResponseWriter }

func (s *sendfile) send(env actors.Env, r *nethttp.Request, id string) {
	h := s.Header()
	h.Del("Content-Length")
	file, ok := fileName(s.path)
	switch {
	case id == "":
		fileFailed(s.ResponseWriter, env, errors.New("middleware sendfile has no option sendfile.fs; name a file system"))
		return
	case !ok || file == ".":
		nethttp.Error(s.ResponseWriter, "invalid file path", nethttp.StatusBadRequest)
		return
	}
	files, err := openFiles(r.Context(), env, id)
	if err == nil {
		if s.name != "" {
			h.Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": s.name}))
		}
		err = sendFile(s.ResponseWriter, r, files, file, "", false)
	}
	if err != nil {
		h.Del("Content-Disposition")
		fileFailed(s.ResponseWriter, env, err)
	}
}
