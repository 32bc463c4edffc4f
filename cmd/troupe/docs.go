package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
)

func (p *program) docsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "docs DIR",
		Short:   "Write the reference of kinds and Lua modules, and editor stubs",
		Long:    "Writes a page for every entry kind and Lua module to DIR/reference, and a stub for every module, which the Lua language server reads, to DIR/stubs. All of it comes from the declarations the runtime itself uses.",
		Example: "  troupe docs docs",
		Args:    cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			pages, err := referencePages()
			if err != nil {
				return err
			}
			for _, name := range slices.Sorted(maps.Keys(pages)) {
				path := filepath.Join(args[0], filepath.FromSlash(name))
				if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
					return fmt.Errorf("writing the reference: %w", err)
				}
				if err := os.WriteFile(path, []byte(pages[name]), 0o644); err != nil {
					return fmt.Errorf("writing the reference: %w", err)
				}
			}
			fmt.Fprintf(p.out, "wrote %d pages to %s\n", len(pages), args[0])
			return nil
		},
	}
}

// referencePages makes every page by its path below the folder.
func referencePages() (map[string]string, error) {
	pages := map[string]string{}
	shown, err := examples()
	if err != nil {
		return nil, err
	}
	var index strings.Builder
	index.WriteString("# Reference\n\n## Lua modules\n\n| Module | Purpose |\n|---|---|\n")
	modules := append(lua.Builtins(), standard.Modules()...)
	slices.SortFunc(modules, func(a, b lua.Module) int { return strings.Compare(a.Name, b.Name) })
	for _, m := range modules {
		pages["reference/modules/"+m.Name+".md"] = m.Page() + exampleOf(shown, "module "+m.Name)
		pages["stubs/"+m.Name+".lua"] = m.Stub()
		fmt.Fprintf(&index, "| [%s](modules/%s.md) | %s |\n", m.Name, m.Name, firstSentence(m.Doc))
	}
	parts, err := standard.Parts().Resolve()
	if err != nil {
		return nil, err
	}
	index.WriteString("\n## Entry kinds\n\n| Kind | Purpose |\n|---|---|\n")
	kinds := parts.KindsByName()
	for _, name := range slices.Sorted(maps.Keys(kinds)) {
		k := kinds[name]
		if len(k.Schema.Fields()) == 0 && k.Doc == "" {
			continue
		}
		pages["reference/kinds/"+name+".md"] = "# " + name + "\n\n" + k.Doc + "\n\n" + k.Schema.Markdown() + exampleOf(shown, name)
		fmt.Fprintf(&index, "| [%s](kinds/%s.md) | %s |\n", name, name, firstSentence(k.Doc))
	}
	pages["reference/README.md"] = index.String()
	return pages, nil
}

func firstSentence(s string) string {
	if i := strings.Index(s, ". "); i > 0 {
		return s[:i+1]
	}
	return s
}
