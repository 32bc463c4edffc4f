package syntax

import (
	"slices"
	"strconv"
	"strings"
)

// edit replaces a range of the source by another text.
type edit struct {
	span
	text string
}

// changes is what distinguishes the plain text from the source.
type changes struct {
	blanks []span   // replaced by white space of the same length
	semis  []uint32 // bytes of blanks that become a ';'
	edits  []edit
}

// mark is a point to which the parser can return.
type mark struct {
	pos                  int
	tok                  token
	end                  uint32
	blanks, semis, edits int
	depth, closed        int
	operands, operators  int
	context              typeContext
	fn                   *function
}

// mark notes the current state.
func (p *parser) mark() mark {
	return mark{
		pos: p.pos, tok: p.tok, end: p.end,
		blanks: len(p.changes.blanks), semis: len(p.changes.semis), edits: len(p.changes.edits),
		depth: p.depth, closed: p.closed, operands: len(p.operands), operators: len(p.operators), context: p.context, fn: p.fn,
	}
}

// reset returns to a mark and forgets what was found since.
func (p *parser) reset(m mark) {
	p.pos, p.tok, p.end, p.depth, p.closed, p.fn = m.pos, m.tok, m.end, m.depth, m.closed, m.fn
	p.context = m.context
	p.operands, p.operators = p.operands[:m.operands], p.operators[:m.operators]
	p.forget(m)
}

// forget drops the changes noted since a mark.
func (p *parser) forget(m mark) {
	p.changes.blanks = p.changes.blanks[:m.blanks]
	p.changes.semis = p.changes.semis[:m.semis]
	p.changes.edits = p.changes.edits[:m.edits]
}

// erase blanks everything from the mark to the end of the last token. Changes inside are dropped: their text is gone.
func (p *parser) erase(m mark) {
	p.forget(m)
	p.changes.blanks = append(p.changes.blanks, span{m.tok.off, p.end})
}

// separate is called where a statement begins with a bracket. If erased text stands before it, the bracket would be taken
// for a call of the expression in front of that text, so a ';' has to keep them apart.
func (p *parser) separate() {
	if n := len(p.changes.blanks); n > 0 && p.changes.blanks[n-1].to == p.end {
		p.changes.semis = append(p.changes.semis, p.changes.blanks[n-1].from)
	}
}

// replace notes that a range of the source has to be written differently.
func (p *parser) replace(from, to uint32, text string) {
	p.changes.edits = append(p.changes.edits, edit{span{from, to}, text})
}

// render applies the changes to the source.
func (p *parser) render() string {
	c := &p.changes
	if len(c.blanks) == 0 && len(c.edits) == 0 {
		return p.src
	}
	out := []byte(p.src)
	for _, s := range c.blanks {
		for i := s.from; i < s.to; i++ {
			if b := out[i]; b != '\n' && b != '\r' && b != '\t' {
				out[i] = ' '
			}
		}
	}
	for _, i := range c.semis {
		out[i] = ';'
	}
	if len(c.edits) == 0 {
		return string(out)
	}
	return splice(out, c.edits)
}

// splice applies edits to a text. Insertions at one place come before a replacement there, and the latest of them first: an
// expression is wrapped from the inside to the outside.
func splice(text []byte, edits []edit) string {
	order := make([]int, len(edits))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		x, y := edits[a], edits[b]
		switch {
		case x.from != y.from:
			return int(x.from) - int(y.from)
		case x.to != y.to:
			return int(x.to) - int(y.to)
		}
		return b - a
	})
	var out strings.Builder
	out.Grow(len(text) + 16*len(edits))
	done := uint32(0)
	for _, i := range order {
		e := edits[i]
		out.Write(text[done:e.from])
		out.WriteString(e.text)
		done = e.to
	}
	out.Write(text[done:])
	return out.String()
}

// itoa writes a number in a message.
func itoa(n int) string { return strconv.Itoa(n) }

// sizeMessage explains that a source text is too large.
func sizeMessage(size, limit int) string {
	return "source text of " + itoa(size) + " bytes is larger than the limit of " + itoa(limit) + ", split it into libraries"
}
