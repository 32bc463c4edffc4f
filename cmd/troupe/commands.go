package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/registry"
)

// listed is an entry that can be started from the command line.
type listed struct {
	Name  string `json:"name"`
	Short string `json:"short,omitempty"`
	ID    string `json:"id"`
}

// commandsOf lists the entries of kind process.* with meta.command, by name.
func commandsOf(es registry.Entries) []listed {
	var out []listed
	for _, e := range es.Sorted() {
		c, ok := e.Meta["command"].(map[string]any)
		name, _ := c["name"].(string)
		if !ok || name == "" || !strings.HasPrefix(e.Kind, "process.") {
			continue
		}
		short, _ := c["short"].(string)
		out = append(out, listed{name, short, e.ID.String()})
	}
	slices.SortStableFunc(out, func(a, b listed) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// findCommand finds the process that a name on the command line means: a
// command, else the only process of that name or id.
func findCommand(es registry.Entries, name string) (string, error) {
	commands := commandsOf(es)
	var ids, names []string
	for _, c := range commands {
		names = append(names, c.Name)
		if c.Name == name {
			ids = append(ids, c.ID)
		}
	}
	if len(ids) == 0 {
		for _, e := range es.Sorted() {
			if strings.HasPrefix(e.Kind, "process.lua") && (e.ID.Name == name || e.ID.String() == name) {
				ids = append(ids, e.ID.String())
			}
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		hint := ""
		if near, ok := registry.Nearest(name, names); ok {
			hint = fmt.Sprintf(" (did you mean %q?)", near)
		}
		return "", fmt.Errorf("command %q not found%s. Use 'troupe run list' to see available commands", name, hint)
	}
	return "", fmt.Errorf("command %q is ambiguous: %s; use -x with the id of one", name, strings.Join(ids, ", "))
}

// findEntry finds the process that -x means: an id, or a command.
func findEntry(es registry.Entries, name string) (string, error) {
	if !strings.Contains(name, ":") {
		return findCommand(es, name)
	}
	id, err := registry.ParseID(name)
	if err != nil {
		return "", fmt.Errorf("-x %s: %w", name, err)
	}
	e, ok := es[id]
	if !ok {
		hint := "use 'troupe registry list' to see all entries"
		if near, found := es.Nearest(id); found {
			hint = fmt.Sprintf("did you mean %q?", near)
		}
		return "", fmt.Errorf("-x %s: entry not found; %s", name, hint)
	}
	if !strings.HasPrefix(e.Kind, "process.lua") {
		return "", fmt.Errorf("-x %s: it is of kind %s; expected a process.lua", name, e.Kind)
	}
	return name, nil
}

// findTests finds the only process of use case test; its command needs no name.
func findTests(es registry.Entries, _ string) (string, error) {
	var ids []string
	for _, e := range es.Sorted() {
		c, _ := e.Meta["command"].(map[string]any)
		if c["use_case"] == "test" && strings.HasPrefix(e.Kind, "process.") {
			ids = append(ids, e.ID.String())
		}
	}
	switch len(ids) {
	case 1:
		return ids[0], nil
	case 0:
		return "", fmt.Errorf("no tests found; give the process that runs them meta.command.use_case: test")
	}
	return "", fmt.Errorf("more than one process has meta.command.use_case: test (%s); run one with 'troupe run -x'", strings.Join(ids, ", "))
}

// findHost finds the terminal host for a command.
func findHost(es registry.Entries, asked string) (string, error) {
	var hosts []string
	for _, e := range es.Sorted() {
		if e.Kind == "terminal.host" {
			hosts = append(hosts, e.ID.String())
		}
	}
	if asked != "" {
		if slices.Contains(hosts, asked) {
			return asked, nil
		}
		return "", fmt.Errorf("--host %s: there is no terminal.host of that id; there are: %s", asked, orNone(hosts))
	}
	switch len(hosts) {
	case 1:
		return hosts[0], nil
	case 0:
		return "", fmt.Errorf("no terminal.host found in registry; declare one with lifecycle.auto_start: true")
	}
	return "", fmt.Errorf("multiple terminal hosts found (%s), use --host to specify", strings.Join(hosts, ", "))
}

func orNone(list []string) string {
	if len(list) == 0 {
		return "none"
	}
	return strings.Join(list, ", ")
}
