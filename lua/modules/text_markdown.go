package modules

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/troupe-go/troupe/lua"
)

var markdownNew = lua.Func{
	Sig: "markdown(options?: table): Splitter, error?",
	Doc: "A splitter that cuts Markdown at headings, then at blocks, and puts the heading in front of each chunk. Options: chunk_size (512), chunk_overlap (100), code_blocks (fenced code is never cut), reference_links ([a][b] becomes a link of its own), heading_hierarchy (all headings above, not only the last), join_table_rows (false: each row of a table is a chunk with the table's head).",
	Do: func(c *lua.Call) error {
		o := options{table: c.Table(0)}
		m := markdown{
			chunks: chunkOptions(&o), code: o.flag("code_blocks"), links: o.flag("reference_links"),
			hierarchy: o.flag("heading_hierarchy"), join: o.flag("join_table_rows"),
		}
		if o.err != nil {
			return o.err
		}
		return c.Return(&splitter{m.split})
	},
	Try:   `local s = text.splitter.markdown({chunk_size = 40, chunk_overlap = 0, heading_hierarchy = true}); return table.concat(s:split_text("# A\n\none\n\n## B\n\ntwo\n"), "|")`,
	Gives: "# A\none|# A\n## B\ntwo",
}

// markdown splits along the structure of a document.
type markdown struct {
	chunks
	code, links, hierarchy, join bool
}

type blockKind int

const (
	paragraph blockKind = iota
	heading
	fence
	tableRows
)

type block struct {
	kind  blockKind
	level int // of a heading
	lines []string
}

func (m markdown) split(text string) []string {
	if m.links {
		text = inlineLinks(text)
	}
	var out, titles, body []string
	flush := func() {
		out = append(out, m.section(titles, body)...)
		body = nil
	}
	levels := []int{}
	used := true
	for _, b := range blocks(text) {
		if b.kind != heading {
			body, used = append(body, m.pieces(b, titles)...), true
			continue
		}
		if !used { // a heading without text of its own still appears
			if n := len(levels); levels[n-1] >= b.level || !m.hierarchy {
				body = append(body, "")
			}
		}
		if len(body) > 0 {
			flush()
		}
		for len(levels) > 0 && (!m.hierarchy || levels[len(levels)-1] >= b.level) {
			levels, titles = levels[:len(levels)-1], titles[:len(titles)-1]
		}
		levels = append(levels, b.level)
		titles = append(titles[:len(titles):len(titles)], b.lines[0])
		used = false
	}
	if !used {
		body = append(body, "")
	}
	flush()
	return out
}

// section puts the pieces under one heading together. A piece of a table keeps
// for itself unless rows are joined: it begins with "|".
func (m markdown) section(titles, pieces []string) []string {
	head := strings.Join(titles, "\n")
	room := chunks{size: max(1, m.size-utf8.RuneCountInString(head)-1), overlap: m.overlap}
	room.overlap = min(room.overlap, room.size-1)
	var out []string
	var run []string
	add := func(list []string) {
		for _, s := range list {
			out = appendChunk(out, head+"\n"+s)
		}
	}
	end := func() {
		if len(run) > 0 {
			add(room.merge(run, "\n\n"))
		}
		run = nil
	}
	for _, p := range pieces {
		switch {
		case p == "":
			add([]string{""})
		case !m.join && strings.HasPrefix(p, "|"):
			end()
			add([]string{p})
		default:
			run = append(run, p)
		}
	}
	end()
	return out
}

// pieces are the parts of a block, none larger than a chunk where it can be cut.
func (m markdown) pieces(b block, titles []string) []string {
	text := strings.Join(b.lines, "\n")
	room := max(1, m.size-utf8.RuneCountInString(strings.Join(titles, "\n"))-1)
	switch {
	case b.kind == tableRows && len(b.lines) > 2:
		return m.rows(b.lines, room)
	case b.kind == fence && m.code, utf8.RuneCountInString(text) <= room:
		return []string{text}
	}
	r := recursive{chunks: chunks{room, min(m.overlap, room-1)}}
	return r.split(text, defaultSeparators)
}

// rows cuts a table; each piece has its head.
func (m markdown) rows(lines []string, room int) []string {
	head := lines[0] + "\n" + lines[1]
	var out []string
	now := head
	for i, row := range lines[2:] {
		next := now + "\n" + row
		if i > 0 && (!m.join || utf8.RuneCountInString(next) > room) {
			out = append(out, now)
			next = head + "\n" + row
		}
		now = next
	}
	return append(out, now)
}

// blocks reads the structure of a document, as far as splitting needs it.
func blocks(text string) []block {
	var out []block
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	for i := 0; i < len(lines); {
		line := lines[i]
		trimmed := strings.TrimSpace(line)
		switch {
		case trimmed == "":
			i++
		case fenceOf(trimmed) != "":
			mark, from := fenceOf(trimmed), i
			for i++; i < len(lines); i++ {
				if end := strings.TrimSpace(lines[i]); strings.HasPrefix(end, mark) && strings.Trim(end, mark[:1]) == "" {
					i++
					break
				}
			}
			out = append(out, block{kind: fence, lines: lines[from:i]})
		case headingLevel(line) > 0:
			out = append(out, block{kind: heading, level: headingLevel(line), lines: []string{trimmed}})
			i++
		case strings.HasPrefix(trimmed, "|"):
			from := i
			for i < len(lines) && strings.HasPrefix(strings.TrimSpace(lines[i]), "|") {
				i++
			}
			out = append(out, block{kind: tableRows, lines: lines[from:i]})
		default:
			from := i
			for i++; i < len(lines); i++ {
				t := strings.TrimSpace(lines[i])
				if t == "" || fenceOf(t) != "" || headingLevel(lines[i]) > 0 || strings.HasPrefix(t, "|") {
					break
				}
			}
			out = append(out, block{lines: lines[from:i]})
		}
	}
	return out
}

// fenceOf is the run of ` or ~ that begins fenced code, "" for another line.
func fenceOf(line string) string {
	for _, c := range []string{"`", "~"} {
		if n := len(line) - len(strings.TrimLeft(line, c)); n >= 3 {
			return line[:n]
		}
	}
	return ""
}

func headingLevel(line string) int {
	n := len(line) - len(strings.TrimLeft(line, "#"))
	if n > 6 || len(line) > n && line[n] != ' ' && line[n] != '\t' {
		return 0
	}
	return n
}

var (
	linkDefinition = regexp.MustCompile(`(?m)^ {0,3}\[([^\]\n]+)\]:[ \t]*<?([^\s>]+)>?.*$\n?`)
	linkReference  = regexp.MustCompile(`\[([^\]\n]+)\]\[([^\]\n]*)\]`)
)

// inlineLinks writes the target of each reference link in its place: the
// definition may be in another chunk.
func inlineLinks(text string) string {
	target := map[string]string{}
	for _, m := range linkDefinition.FindAllStringSubmatch(text, -1) {
		target[strings.ToLower(m[1])] = m[2]
	}
	text = linkDefinition.ReplaceAllString(text, "")
	return linkReference.ReplaceAllStringFunc(text, func(s string) string {
		m := linkReference.FindStringSubmatch(s)
		name := m[2]
		if name == "" {
			name = m[1]
		}
		if url := target[strings.ToLower(name)]; url != "" {
			return "[" + m[1] + "](" + url + ")"
		}
		return s
	})
}
