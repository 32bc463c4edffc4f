package template

import (
	"io"
	"path"
	"strings"
	"sync"

	"github.com/CloudyKit/jet/v6"

	"github.com/troupe-go/troupe/messages"
)

// set is a set of templates. The component changes it; renders on goroutines of
// their own read it.
type set struct {
	id string

	mu        sync.Mutex
	engine    *Engine           // nil while there is no entry for the set
	templates map[string]source // by the id of their entries
	ready     *compiled         // nil after a change
}

// source is a template as its entry has it.
type source struct{ path, text string }

// compiled is the state of a set that one or many renders work with. Templates
// are compiled when they are first used.
type compiled struct {
	engine  *Engine
	sources map[string]string // by path
	jet     *jet.Set
	globals messages.Value
}

func (s *set) configure(e *Engine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.engine, s.ready = e, nil
}

func (s *set) put(d *define) error {
	at := path.Join("/", d.name)
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, t := range s.templates {
		if t.path == at && id != d.id {
			return messages.Errorf(messages.AlreadyExists, "templates %s and %s of set %s are both named %q; give one of them another meta.name", id, d.id, s.id, d.name)
		}
	}
	s.templates[d.id], s.ready = source{at, d.source}, nil
	return nil
}

func (s *set) remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.templates, id)
	s.ready = nil
}

func (s *set) defined() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.engine != nil
}

func (s *set) empty() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.engine == nil && len(s.templates) == 0
}

// now is the state of the moment, nil if the set is gone.
func (s *set) now() *compiled {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil || s.engine == nil {
		return s.ready
	}
	c := &compiled{engine: s.engine, sources: make(map[string]string, len(s.templates)), globals: messages.ValueOf(s.engine.Globals)}
	for _, t := range s.templates {
		c.sources[t.path] = t.text
	}
	c.jet = c.newJet()
	if !s.engine.Development {
		s.ready = c
	}
	return c
}

func (c *compiled) newJet() *jet.Set {
	d := c.engine.Delimiters
	js := jet.NewSet(
		c, jet.WithCache(&cache{known: map[string]*jet.Template{}}),
		jet.WithDelims(d.Left, d.Right), jet.WithCommentDelims(d.CommentLeft, d.CommentRight),
		jet.WithTemplateNameExtensions(append([]string{""}, c.engine.Extensions...)),
	)
	for name, f := range functions {
		js.AddGlobalFunc(name, f)
	}
	return js
}

// Exists implements jet.Loader.
func (c *compiled) Exists(p string) bool {
	_, ok := c.sources[p]
	return ok
}

// find reports whether there is a template under a path without its extension.
func (c *compiled) find(p string) bool {
	for _, ext := range append([]string{""}, c.engine.Extensions...) {
		if c.Exists(p + ext) {
			return true
		}
	}
	return false
}

// maxSource is how long a template may be, in bytes: compiling takes time with
// the square of it, and cannot be ended.
const maxSource = 1 << 20

// maxNesting is how many tokens a template may have in which the compiler
// recurses. It needs about 5 KB for each, and a stack that overflows ends the
// node. They are counted in the text too: that is quick, and never too few.
const maxNesting = 50_000

// Open implements jet.Loader.
func (c *compiled) Open(p string) (io.ReadCloser, error) {
	if tooDeep() {
		return nil, messages.Errorf(messages.Internal, "the templates extend, import or include one another without end")
	}
	text, d := c.sources[p], c.engine.Delimiters
	if len(text) > maxSource {
		return nil, messages.Errorf(messages.Internal, "template %s is larger than %d KB; split it, or give large texts as data", p, maxSource>>10)
	}
	nesting := 0
	for _, token := range []string{d.Left, "(", "[", "!", "?", "not"} {
		nesting += strings.Count(text, token)
	}
	if nesting > maxNesting {
		return nil, messages.Errorf(messages.Internal, "template %s has more than %d actions, brackets and operators; split it", p, maxNesting)
	}
	if d.CommentLeft[0] != d.Left[0] {
		text += c.action(`""`) // or Jet would not see the comments behind the last action
	}
	return io.NopCloser(strings.NewReader(text)), nil
}

func (c *compiled) action(text string) string {
	return c.engine.Delimiters.Left + text + c.engine.Delimiters.Right
}

// cache keeps templates once they are guarded. Its Put is the only way from
// Jet's compiler to a render.
type cache struct {
	mu    sync.Mutex
	known map[string]*jet.Template
}

// Get implements jet.Cache.
func (c *cache) Get(p string) *jet.Template {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.known[p]
}

// Put implements jet.Cache.
func (c *cache) Put(p string, t *jet.Template) {
	guardTemplate(t)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known[p] = t
}
