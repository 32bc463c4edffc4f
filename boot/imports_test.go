package boot

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module  = "github.com/troupe-go/troupe/"
	proto   = "github.com/asynkron/protoactor-go"
	luaCore = "github.com/yuin/gopher-lua"
)

// Who may import whom, by the longest prefix. The layers of the architecture
// stay apart only as long as nobody reaches around them.
var mayImport = map[string][]string{
	"messages":         {"messages"},
	"registry":         {"messages", "registry"},
	"registry/history": {"messages", "registry", "registry/history"},
	"lua":              {"messages", "lua"},
	"lua/syntax":       {"lua/syntax"},
	"lua/stdlib":       {"lua/stdlib", "lua/syntax"},
	"lua/modules":      {"messages", "lua", "lua/modules"},
	"actors":           {"messages", "registry"},
	"actors/*":         {"messages", "registry", "lua", "actors"},
	"boot":             {"messages", "registry", "actors"},
	"boot/standard":    {"messages", "registry", "lua", "actors", "boot"},
	"cmd":              {"messages", "registry", "lua", "boot"},
	"examples":         {"messages", "registry", "lua", "actors", "boot", "cmd", "examples"},
	"bench":            {"messages", "registry", "lua", "actors", "boot"},
}

// Packages of other people that only some of us may touch.
var reserved = map[string][]string{
	proto:   {"actors", "boot", "bench", "examples"},
	luaCore: {"lua", "bench"},
}

func TestImports(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	files := 0
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata") && path != root {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		src, err := os.ReadFile(path)
		if err != nil {
			return nil // gone meanwhile
		}
		rel, _ := filepath.Rel(root, path)
		f, err := parser.ParseFile(token.NewFileSet(), rel, src, parser.ImportsOnly)
		if err != nil {
			return nil // the compiler says so
		}
		files++
		dir := filepath.ToSlash(filepath.Dir(rel))
		for _, spec := range f.Imports {
			target, _ := strconv.Unquote(spec.Path.Value)
			if why := forbidden(dir, target, strings.HasSuffix(path, "_test.go")); why != "" {
				t.Errorf("%s imports %s: %s", rel, target, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("only %d files were looked at", files)
	}
}

// forbidden says why a file in dir may not import target, or "".
func forbidden(dir, target string, test bool) string {
	for pkg, users := range reserved {
		if target != pkg && !strings.HasPrefix(target, pkg+"/") {
			continue
		}
		if dir == "lua/modules" || strings.HasPrefix(dir, "lua/modules/") {
			return "modules never see the libraries below the engine"
		}
		if !oneOf(dir, users) && !(test && strings.HasPrefix(dir, "lua/")) {
			return "only " + strings.Join(users, ", ") + " may use it"
		}
	}
	to, ours := strings.CutPrefix(target, module)
	if !ours || to == dir || strings.HasPrefix(dir, to+"/testdata") {
		return ""
	}
	if test {
		// Tests may use what is above them, as long as no package of the program does.
		return ""
	}
	rule := ruleOf(dir)
	if rule == "" {
		return "the folder " + dir + " is not in the plan of the tree"
	}
	if strings.HasPrefix(to, "actors/") && strings.HasPrefix(dir, "actors/") {
		if to == "actors/actorstest" || strings.HasPrefix(to, dir+"/") || strings.HasPrefix(dir, to+"/") || strings.HasPrefix(dir, "actors/actorstest") {
			return ""
		}
		return "components know each other by message and name only"
	}
	if rule == "boot" && to != "messages" && to != "registry" && to != "actors" {
		return "the loader gets its parts as data, so that an embedder can leave them out"
	}
	if !oneOf(to, mayImport[rule]) {
		return "a package may use only the layers below it: " + strings.Join(mayImport[rule], ", ")
	}
	return ""
}

// ruleOf is the key of mayImport that a folder falls under.
func ruleOf(dir string) string {
	if strings.HasPrefix(dir, "actors/") {
		return "actors/*"
	}
	for d := dir; d != "."; d = filepath.ToSlash(filepath.Dir(d)) {
		if _, ok := mayImport[d]; ok {
			return d
		}
	}
	return ""
}

func oneOf(dir string, list []string) bool {
	for _, d := range list {
		if dir == d || strings.HasPrefix(dir, d+"/") {
			return true
		}
	}
	return false
}

func TestForbidden(t *testing.T) {
	for _, tc := range []struct {
		dir, target string
		allowed     bool
	}{
		{"messages", module + "registry", false},
		{"messages/wire", module + "messages", true},
		{"actors/bus", module + "actors", true},
		{"actors/bus", module + "actors/factory", false},
		{"actors", module + "lua", false},
		{"boot", module + "lua", false},
		{"boot", module + "actors/bus", false},
		{"boot/standard", module + "actors/bus", true},
		{"cmd/troupe", module + "actors/bus", false},
		{"cmd/troupe", module + "boot/standard", true},
		{"lua/modules", luaCore, false},
		{"lua/stdlib", luaCore, true},
		{"lua/modules", module + "lua", true},
		{"lua/syntax", module + "messages", false},
		{"registry", proto + "/actor", false},
		{"cmd/troupe", proto + "/actor", false},
		{"boot", proto + "/actor", true},
		{"somewhere", module + "lua", false},
	} {
		if got := forbidden(tc.dir, tc.target, false) == ""; got != tc.allowed {
			t.Errorf("%s imports %s: allowed is %v", tc.dir, tc.target, got)
		}
	}
}
