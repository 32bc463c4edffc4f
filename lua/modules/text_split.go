package modules

import (
	"strings"
	"unicode/utf8"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// splitter cuts a text into chunks. It is never changed.
type splitter struct{ split func(text string) []string }

var recursiveNew = lua.Func{
	Sig: "recursive(options?: table): Splitter, error?",
	Doc: "A splitter that tries paragraphs, then lines, words and characters. Options: chunk_size (512), chunk_overlap (100; less than chunk_size), keep_separator (false), separators (a list in the order they are tried).",
	Do: func(c *lua.Call) error {
		o := options{table: c.Table(0)}
		r := recursive{chunks: chunkOptions(&o), keep: o.flag("keep_separator")}
		seps := o.texts("separators")
		if o.err != nil {
			return o.err
		}
		if seps == nil {
			seps = defaultSeparators
		}
		return c.Return(&splitter{func(s string) []string { return r.split(s, seps) }})
	},
	Try:   `local s = text.splitter.recursive({chunk_size = 9, chunk_overlap = 4}); return table.concat(s:split_text("one two three four"), "|")`,
	Gives: "one two|two three|four",
}

var defaultSeparators = []string{"\n\n", "\n", " ", ""}

var splitterMethods = []lua.Func{
	{
		Sig: "split_text(text: string): list, error?", Doc: "The chunks of a text.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			s, text := c.Self().(*splitter), c.String(0)
			return offload(c, len(text), func() (any, error) { return listOf(s.split(text)), nil })
		},
	},
	{
		Sig: "split_batch(pages: list): list, error?", Doc: "The chunks of a list of {content, metadata}, in the same form; each keeps the metadata of its page.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			s, pages := c.Self().(*splitter), c.Table(0)
			size := 0
			contents := make([]string, len(pages.Array))
			for i, item := range pages.Array {
				page, _ := item.(*messages.Table)
				ok := page != nil
				if ok {
					contents[i], ok = page.Get("content").(string)
				}
				if !ok {
					return nil, messages.Errorf(messages.Invalid, "page %d has no content; give a list of {content = …, metadata = …}", i+1)
				}
				size += len(contents[i])
			}
			return offload(c, size, func() (any, error) {
				out := &messages.Table{}
				for i, text := range contents {
					meta := pages.Array[i].(*messages.Table).Get("metadata")
					for _, chunk := range s.split(text) {
						t := (&messages.Table{}).Set("content", chunk)
						if meta != nil {
							t = t.Set("metadata", meta)
						}
						out.Array = append(out.Array, t)
					}
				}
				return out, nil
			})
		},
		Try:   `local s = text.splitter.recursive({chunk_size = 3, chunk_overlap = 0}); local out = s:split_batch({{content = "ab cd", metadata = {page = 7}}}); return #out, out[2].content, out[2].metadata.page`,
		Gives: "2, cd, 7",
	},
}

// chunks is how large pieces become, in characters.
type chunks struct{ size, overlap int }

func chunkOptions(o *options) chunks {
	size := o.integer("chunk_size", 512, 1, 1<<30)
	overlap := o.integer("chunk_overlap", min(100, size-1), 0, 1<<30)
	if overlap >= size {
		o.wrong("chunk_overlap", "a number less than chunk_size is expected")
	}
	return chunks{size, overlap}
}

type recursive struct {
	chunks
	keep bool // separators stay at the start of what follows them
}

// split cuts s at the first separator that occurs in it; pieces that are still
// too large are cut at the next ones.
func (r recursive) split(s string, seps []string) []string {
	sep := ""
	for len(seps) > 0 {
		sep, seps = seps[0], seps[1:]
		if sep == "" || strings.Contains(s, sep) {
			break
		}
		sep = ""
	}
	parts := strings.Split(s, sep)
	join := sep
	if r.keep && sep != "" {
		for i := 1; i < len(parts); i++ {
			parts[i] = sep + parts[i]
		}
		join = ""
	}
	var out, small []string
	for _, p := range parts {
		if utf8.RuneCountInString(p) <= r.size {
			if p != "" {
				small = append(small, p)
			}
			continue
		}
		out = append(out, r.merge(small, join)...)
		small = nil
		if len(seps) == 0 && sep != "" {
			out = appendChunk(out, p) // no separator is left that could cut it
		} else {
			out = append(out, r.split(p, seps)...)
		}
	}
	return append(out, r.merge(small, join)...)
}

// merge puts pieces together up to the size of a chunk. Each chunk begins with
// the last pieces of the one before that fit the overlap.
func (c chunks) merge(parts []string, join string) []string {
	var out []string
	var lens []int
	between := utf8.RuneCountInString(join)
	first, total := 0, 0 // the chunk is parts[first:i], of total characters
	for i, p := range parts {
		n := utf8.RuneCountInString(p)
		lens = append(lens, n)
		if i > first && total+between+n > c.size {
			out = appendChunk(out, strings.Join(parts[first:i], join))
			for first < i && (total > c.overlap || total+between+n > c.size) {
				total -= lens[first]
				if first++; first < i {
					total -= between
				}
			}
		}
		if i > first {
			total += between
		}
		total += n
	}
	return appendChunk(out, strings.Join(parts[first:], join))
}

// appendChunk leaves out chunks that are blank.
func appendChunk(out []string, s string) []string {
	if s = strings.TrimSpace(s); s != "" {
		out = append(out, s)
	}
	return out
}
