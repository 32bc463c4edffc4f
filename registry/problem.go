package registry

import (
	"cmp"
	"slices"
	"strings"
)

// Severity says whether a problem prevents the entries from being used.
type Severity int

// Severities of a problem.
const (
	Error   Severity = iota // the entries cannot be used
	Warning                 // probably a mistake
)

// String returns "error" or "warning".
func (s Severity) String() string {
	if s == Warning {
		return "warning"
	}
	return "error"
}

// Problem is one thing wrong with the entries, where it is and what to do.
type Problem struct {
	Pos
	Severity Severity
	Entry    ID     // the entry concerned, or zero
	Field    string // path of the field, as FieldPath writes it, or ""
	Text     string // what is wrong; names the field where there is one
	Hint     string // what the reader can do, or ""

	missing ID // the entry that a reference or override names in vain, or zero
}

// String returns the problem on one line: place, entry, text, hint.
func (p Problem) String() string {
	var b strings.Builder
	if at := p.Pos.String(); at != "" {
		b.WriteString(at + ": ")
	}
	if p.Entry.Name != "" { // else it is the namespace of an entry without a name
		b.WriteString(p.Entry.String() + ": ")
	}
	b.WriteString(p.Text)
	if p.Hint != "" {
		b.WriteString("; " + p.Hint)
	}
	return b.String()
}

// Problems are all problems found in one go.
type Problems []Problem

// Error returns one line for each problem, warnings marked as such.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.String()
		if p.Severity == Warning {
			lines[i] = "warning: " + lines[i]
		}
	}
	return strings.Join(lines, "\n")
}

// Errors returns the problems that are not warnings.
func (ps Problems) Errors() Problems { return ps.only(Error) }

// Warnings returns the problems that are only warnings.
func (ps Problems) Warnings() Problems { return ps.only(Warning) }

func (ps Problems) only(s Severity) Problems {
	var out Problems
	for _, p := range ps {
		if p.Severity == s {
			out = append(out, p)
		}
	}
	return out
}

// Err returns the errors among the problems as one error, or nil if there are
// only warnings.
func (ps Problems) Err() error {
	if errs := ps.Errors(); len(errs) > 0 {
		return errs
	}
	return nil
}

// WithoutFollowing returns the problems of later steps without those that name an
// entry which is missing only because it could not be read: that is among the
// problems of the load.
func (ps Problems) WithoutFollowing(load Problems) Problems {
	unread := map[ID]bool{}
	for _, p := range load.Errors() {
		unread[p.Entry] = true
	}
	return slices.DeleteFunc(slices.Clone(ps), func(p Problem) bool { return !p.missing.IsZero() && unread[p.missing] })
}

// Strict returns the problems with every warning made an error.
func (ps Problems) Strict() Problems {
	out := slices.Clone(ps)
	for i := range out {
		out[i].Severity = Error
	}
	return out
}

// Sort orders the problems by file, line, column, entry and text.
func (ps Problems) Sort() {
	slices.SortStableFunc(ps, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column),
			a.Entry.Compare(b.Entry), cmp.Compare(a.Text, b.Text),
		)
	})
}

// problemAt is a problem of one entry at one field.
func problemAt(e Entry, s Severity, path []string, text, hint string) Problem {
	return Problem{Pos: e.At(path...), Severity: s, Entry: e.ID, Field: FieldPath(path...), Text: text, Hint: hint}
}
