package messages

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// Convert turns the data of one format into the data of another. It must not
// change what it is given.
type Convert func(data Value) (Value, error)

// Transcoder converts payloads between formats. Formats are the nodes of a
// graph and conversions its edges; between two formats it takes the shortest
// path, of equally short ones the one that was registered first. It is safe for
// concurrent use.
type Transcoder struct {
	change sync.Mutex
	graph  atomic.Pointer[graph]
}

// NewTranscoder returns a Transcoder with the standard formats: json, yaml, lua,
// msgpack, string, bytes, golang and error.
func NewTranscoder() *Transcoder {
	t := &Transcoder{}
	t.graph.Store(standard)
	return t
}

// Register adds a conversion, or replaces the one between the same formats. It
// returns an Invalid error if a format is empty, both are the same or convert is
// nil.
func (t *Transcoder) Register(from, to string, convert Convert) error {
	if from == "" || to == "" || from == to || convert == nil {
		return Errorf(Invalid, "register a conversion from %q to %q: give two different formats and a function", from, to)
	}
	t.change.Lock()
	defer t.change.Unlock()
	edges := slices.Clone(t.graph.Load().edges)
	added := edge{from, to, convert}
	if i := slices.IndexFunc(edges, func(e edge) bool { return e.from == from && e.to == to }); i >= 0 {
		edges[i] = added
	} else {
		edges = append(edges, added)
	}
	t.graph.Store(newGraph(edges))
	return nil
}

// Transcode returns the payload in another format: p itself if it has that
// format already. The error is Internal "transcode failed", with the reason as
// its cause.
func (t *Transcoder) Transcode(p *Payload, format string) (*Payload, error) {
	return t.graph.Load().transcode(p, format)
}

// Decode returns the data of a payload as a plain Value. The error is that of
// Transcode.
func (t *Transcoder) Decode(p *Payload) (Value, error) { return t.graph.Load().decode(p) }

// Transcode is that of a Transcoder with the standard formats.
func Transcode(p *Payload, format string) (*Payload, error) { return standard.transcode(p, format) }

// Decode is that of a Transcoder with the standard formats.
func Decode(p *Payload) (Value, error) { return standard.decode(p) }

type edge struct {
	from, to string
	convert  Convert
}

type pair struct{ from, to string }

// graph has the shortest path of every pair of formats. It is never changed.
type graph struct {
	edges   []edge
	formats []string
	paths   map[pair][]Convert
}

func newGraph(edges []edge) *graph {
	g := &graph{edges: edges, paths: map[pair][]Convert{}}
	from := map[string][]edge{}
	for _, e := range edges {
		from[e.from] = append(from[e.from], e)
		for _, format := range []string{e.from, e.to} {
			if !slices.Contains(g.formats, format) {
				g.formats = append(g.formats, format)
			}
		}
	}
	for _, start := range g.formats {
		reached := map[string]bool{start: true}
		for queue := []string{start}; len(queue) > 0; queue = queue[1:] {
			for _, e := range from[queue[0]] {
				if reached[e.to] {
					continue
				}
				reached[e.to] = true
				way := slices.Clone(g.paths[pair{start, e.from}])
				g.paths[pair{start, e.to}] = append(way, e.convert)
				queue = append(queue, e.to)
			}
		}
	}
	return g
}

func (g *graph) transcode(p *Payload, format string) (*Payload, error) {
	if p == nil {
		return nil, transcodeFailed(Errorf(Invalid, "there is no payload"))
	}
	if p.Format == format {
		return p, nil
	}
	way, ok := g.paths[pair{p.Format, format}]
	if !ok {
		return nil, transcodeFailed(Errorf(Invalid, "no conversion from %q to %q; the formats are %s",
			p.Format, format, strings.Join(g.formats, ", ")))
	}
	data := p.Data
	for _, convert := range way {
		var err error
		if data, err = convert(data); err != nil {
			return nil, transcodeFailed(err)
		}
	}
	return &Payload{Format: format, Data: data}, nil
}

func transcodeFailed(err error) error { return Because(Internal, "transcode failed", err) }

// maxNested is how many payloads may be wrapped in one another.
const maxNested = 16

func (g *graph) decode(p *Payload) (Value, error) {
	for range maxNested {
		plain, err := g.transcode(p, FormatLua)
		if err != nil {
			return nil, err
		}
		inner, ok := plain.Data.(*Payload)
		if !ok {
			return ValueOf(plain.Data), nil
		}
		p = inner
	}
	return nil, transcodeFailed(Errorf(Invalid, "more than %d payloads inside one another", maxNested))
}
