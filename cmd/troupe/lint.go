package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/lua/syntax"
	"github.com/troupe-go/troupe/registry"
)

func (p *program) lintCommand() *cobra.Command {
	var f lintFlags
	c := &cobra.Command{
		Use:   "lint",
		Short: "Look for mistakes without starting anything",
		Long: `Look for mistakes in configuration, entries and Lua code without starting
anything. The exit code is 1 if there is an error, or with --strict a warning.`,
		Example: `  troupe lint
  troupe lint --ns 'app.**' --json`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return p.lint(f) },
	}
	fl := c.Flags()
	fl.StringVar(&f.level, "level", "warning", "lowest level shown: error or warning")
	fl.StringVar(&f.ns, "ns", "", "only namespaces that match this pattern")
	fl.BoolVar(&f.summary, "summary", false, "print only how much was found")
	fl.IntVar(&f.limit, "limit", 0, "print at most this many, 0 for all")
	fl.BoolVar(&f.json, "json", false, "print JSON")
	fl.BoolVar(&f.noColor, "no-color", false, "no colours on a terminal")
	fl.StringVarP(&f.lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

type lintFlags struct {
	level, ns, lock        string
	summary, json, noColor bool
	limit                  int
}

// found is a problem in JSON.
type found struct {
	File     string `json:"file,omitempty"`
	Line     int    `json:"line,omitempty"`
	Column   int    `json:"column,omitempty"`
	Severity string `json:"severity"`
	Entry    string `json:"entry,omitempty"`
	Field    string `json:"field,omitempty"`
	Message  string `json:"message"`
	Hint     string `json:"hint,omitempty"`
}

func (p *program) lint(f lintFlags) error {
	if f.level != "error" && f.level != "warning" {
		return fmt.Errorf("--level %s: expected error or warning", f.level)
	}
	keep := func(registry.Problem) bool { return true }
	if f.ns != "" {
		pattern, err := registry.CompilePattern(f.ns)
		if err != nil {
			return fmt.Errorf("--ns: %w", err)
		}
		keep = func(p registry.Problem) bool { return pattern.Match(p.Entry.NS) }
	}
	pr, err := p.open(f.lock, nil)
	if err != nil {
		return err
	}
	es, problems, err := pr.load()
	if err != nil {
		return err
	}
	more := checkLua(es)
	if _, err := pr.parts.Schemas().Levels(es); err != nil {
		more = append(more, circle(err))
	}
	if pr.strict {
		more = more.Strict()
	}
	problems = append(problems, more...)
	problems.Sort()
	problems = slices.DeleteFunc(problems, func(x registry.Problem) bool {
		return !keep(x) || f.level == "error" && x.Severity != registry.Error
	})
	return p.report(problems, len(es), f)
}

func (p *program) report(problems registry.Problems, entries int, f lintFlags) error {
	errs, warnings := len(problems.Errors()), len(problems.Warnings())
	shown := problems
	if f.limit > 0 && len(shown) > f.limit {
		shown = shown[:f.limit]
	}
	if f.summary {
		shown = nil
	}
	if f.json {
		list := make([]found, 0, len(shown))
		for _, x := range shown {
			entry := ""
			if !x.Entry.IsZero() {
				entry = x.Entry.String()
			}
			list = append(list, found{x.File, x.Line, x.Column, x.Severity.String(), entry, x.Field, x.Text, x.Hint})
		}
		if err := p.printJSON(map[string]any{"problems": list, "errors": errs, "warnings": warnings, "entries": entries}); err != nil {
			return err
		}
	} else {
		for _, x := range shown {
			fmt.Fprintln(p.out, p.line(x, f.noColor))
		}
		fmt.Fprintf(p.out, "%s: %s, %s\n", count(entries, "entry", "entries"), count(errs, "error", "errors"), count(warnings, "warning", "warnings"))
	}
	if errs > 0 {
		return exitCode(1)
	}
	return nil
}

// count is a number of things with their name in the right form.
func count(n int, one, many string) string {
	if n == 1 {
		many = one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// line is "file:line:column: severity: entry: text; hint", as editors read it.
func (p *program) line(x registry.Problem, plain bool) string {
	severity := x.Severity.String()
	if !plain && isTerminal(p.out) {
		color := "\x1b[31m"
		if x.Severity == registry.Warning {
			color = "\x1b[33m"
		}
		severity = color + severity + "\x1b[0m"
	}
	parts := []string{}
	if at := x.Pos.String(); at != "" {
		parts = append(parts, at)
	}
	parts = append(parts, severity)
	if !x.Entry.IsZero() {
		parts = append(parts, x.Entry.String())
	}
	text := strings.Join(append(parts, x.Text), ": ")
	if x.Hint != "" {
		text += "; " + x.Hint
	}
	return text
}

// circle is the problem of entries that need each other.
func circle(err error) registry.Problem {
	var c *registry.CycleError
	if errors.As(err, &c) {
		return registry.Problem{Pos: c.Pos, Entry: c.Path[0], Text: c.Error(), Hint: "take one of these references out"}
	}
	return registry.Problem{Text: err.Error()}
}

// checkLua reads the code of every Lua entry.
func checkLua(es registry.Entries) registry.Problems {
	var problems registry.Problems
	for _, e := range es.Sorted() {
		source, ok := e.Fields()["source"].(string)
		if kind, compiled := strings.CutSuffix(e.Kind, ".bc"); !ok || !strings.HasSuffix(kind, ".lua") {
			continue
		} else if !compiled {
			if _, err := syntax.Erase(e.ID.String(), source); err != nil {
				problems = append(problems, luaProblem(e, source, err))
			}
		}
	}
	return problems
}

// luaProblem finds the place of a syntax error in the file it was written in.
func luaProblem(e registry.Entry, source string, err error) registry.Problem {
	out := registry.Problem{Pos: e.At("source"), Entry: e.ID, Field: "source", Text: err.Error(), Hint: "correct the code"}
	var s *syntax.Error
	if !errors.As(err, &s) {
		return out
	}
	out.Text = s.Msg
	if s.Near != "" && !strings.Contains(s.Msg, s.Near) {
		out.Text += " near '" + s.Near + "'"
	}
	if file, ok := e.Inlined("source"); ok {
		out.Pos = registry.Pos{File: file, Line: s.Line, Column: s.Column}
	} else if strings.Contains(source, "\n") {
		out.Pos.Line += s.Line // a block begins in the line below its key
		out.Pos.Column = 0
	}
	return out
}
