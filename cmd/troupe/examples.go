package main

import (
	"cmp"
	"embed"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/txtar"
	"gopkg.in/yaml.v3"
)

// The examples of the reference: small applications and what one types to run them,
// as sessions that the tests play. A kind or module is shown by the example that uses
// the fewest others.
//
//go:embed examples/*.txtar
var exampleFiles embed.FS

type example struct {
	name  string
	about string
	uses  map[string]bool // kinds, and modules as "module name"
	page  string
}

// examples are all of them, those that use least first.
func examples() ([]example, error) {
	files, err := exampleFiles.ReadDir("examples")
	if err != nil {
		return nil, err
	}
	var all []example
	for _, f := range files {
		text, err := exampleFiles.ReadFile(path.Join("examples", f.Name()))
		if err != nil {
			return nil, err
		}
		e, err := readExample(txtar.Parse(text))
		if err != nil {
			return nil, err
		}
		e.name = strings.TrimSuffix(f.Name(), ".txtar")
		all = append(all, e)
	}
	slices.SortStableFunc(all, func(a, b example) int { return cmp.Compare(len(a.uses), len(b.uses)) })
	return all, nil
}

// readExample makes the text of a page from a session: its first comment, the files
// that no command is compared with, and the commands with what they print. What only
// a test needs does not appear.
func readExample(a *txtar.Archive) (example, error) {
	files := map[string]string{}
	for _, f := range a.Files {
		files[f.Name] = strings.TrimSpace(string(f.Data)) + "\n"
	}
	e := example{uses: map[string]bool{}}
	var console strings.Builder
	shown := map[string]bool{}
	for line := range strings.Lines(string(a.Comment)) {
		line = strings.TrimSpace(line)
		switch {
		case strings.HasPrefix(line, "# "):
			e.about += strings.TrimPrefix(line, "# ") + "\n"
		case strings.HasPrefix(line, "exec "):
			console.WriteString("$ " + typed(line) + "\n")
		case strings.HasPrefix(line, "#shows "): // what no file names
			e.uses[strings.TrimPrefix(line, "#shows ")] = true
		case strings.HasPrefix(line, "prints "):
			name := strings.TrimPrefix(line, "prints ")
			console.WriteString(files[name])
			shown[name] = true
		}
	}
	page := e.about
	for _, f := range a.Files {
		if shown[f.Name] {
			continue
		}
		language := strings.TrimPrefix(path.Ext(f.Name), ".")
		page += "\n`" + f.Name + "`\n\n```" + language + "\n" + files[f.Name] + "```\n"
		if language == "yaml" {
			if err := e.read(files[f.Name]); err != nil {
				return e, err
			}
		}
	}
	e.page = page + "\n```console\n" + console.String() + "```\n"
	return e, nil
}

// read notes which kinds and modules the entries of a file use.
func (e *example) read(text string) error {
	var file struct {
		Entries []struct {
			Kind    string   `yaml:"kind"`
			Modules []string `yaml:"modules"`
		} `yaml:"entries"`
	}
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		return err
	}
	for _, entry := range file.Entries {
		e.uses[entry.Kind] = true
		for _, m := range entry.Modules {
			e.uses["module "+m] = true
		}
	}
	return nil
}

var forTests = regexp.MustCompile(` (-o \S+\$\S+|--set \S+\$\S+|&\w+&)`)

// typed is the command of a line as a reader would type it.
func typed(line string) string {
	background := strings.HasSuffix(line, "&")
	line = forTests.ReplaceAllString(strings.TrimPrefix(line, "exec "), "")
	if background {
		line += " &"
	}
	return strings.ReplaceAll(line, "$PORT", "8080")
}

// exampleOf is the section of a page that shows the example for a kind or module,
// empty if there is none.
func exampleOf(all []example, name string) string {
	for _, e := range all {
		if e.uses[name] {
			return "\n## Example\n\n" + e.page
		}
	}
	return ""
}

// usedNames are the kinds and modules that the examples show, in order.
func usedNames(all []example) []string {
	names := map[string]bool{}
	for _, e := range all {
		maps.Copy(names, e.uses)
	}
	return slices.Sorted(maps.Keys(names))
}
