package lua

import (
	"fmt"
	"strings"

	"github.com/troupe-go/troupe/messages"
)

// Stub is the module for the Lua language server.
func (m Module) Stub() string {
	var b strings.Builder
	fmt.Fprintf(&b, "---@meta\n\n")
	for _, t := range m.Types {
		fmt.Fprintf(&b, "--- %s\n---@class %s\nlocal %s = {}\n\n", t.Doc, t.Name, t.Name)
		for _, f := range t.Methods {
			f.stub(&b, t.Name+":")
		}
	}
	if m.Value != nil {
		fmt.Fprintf(&b, "--- %s\n---@type %s\n%s = nil\n", m.Doc, m.valueType(), m.Name)
		return b.String()
	}
	fmt.Fprintf(&b, "--- %s\n---@class %slib\n", m.Doc, m.Name)
	for _, c := range m.Consts {
		fmt.Fprintf(&b, "---@field %s %s\n", c.Name, luaType(c.Value))
	}
	fmt.Fprintf(&b, "%s = {}\n\n", m.Name)
	for _, f := range m.Funcs {
		f.stub(&b, f.owner(m.Name))
	}
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "--- %s\n%s.%s = {}\n\n", t.Doc, m.Name, t.Name)
		for _, f := range t.Funcs {
			f.stub(&b, m.Name+"."+t.Name+".")
		}
	}
	return b.String()
}

func (m Module) valueType() string {
	for _, t := range m.Types {
		if fmt.Sprintf("%T", t.Of) == fmt.Sprintf("%T", m.Value) {
			return t.Name
		}
	}
	return "any"
}

func luaType(v any) string {
	switch messages.ValueOf(v).(type) {
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	}
	return "any"
}

func (f Func) stub(b *strings.Builder, owner string) {
	sig, err := ParseSig(f.Sig)
	if err != nil {
		return // NewEngine refuses it
	}
	fmt.Fprintf(b, "--- %s\n", f.Doc)
	if f.Ask != nil {
		b.WriteString("---@async\n")
	}
	var names []string
	for _, p := range sig.Params {
		opt := ""
		if p.Optional {
			opt = "?"
		}
		fmt.Fprintf(b, "---@param %s%s %s\n", p.Name, opt, stubType(p.Type))
		names = append(names, p.Name)
	}
	if sig.Rest != "" {
		fmt.Fprintf(b, "---@param ... %s\n", stubType(sig.Rest))
		names = append(names, "...")
	}
	for _, r := range sig.Returns {
		fmt.Fprintf(b, "---@return %s\n", stubType(r))
	}
	fmt.Fprintf(b, "function %s%s(%s) end\n\n", owner, sig.Name, strings.Join(names, ", "))
}

// stubType spells a type of a signature as the language server does.
func stubType(t string) string {
	t, opt := strings.CutSuffix(t, "?")
	alts := strings.Split(t, "|")
	for i, a := range alts {
		switch a {
		case "duration":
			alts[i] = "number|string|Duration"
		case "list":
			alts[i] = "any[]"
		case "error":
			alts[i] = "Error"
		}
	}
	t = strings.Join(alts, "|")
	if opt {
		t += "?"
	}
	return t
}

// Page is the module's page in the reference, in Markdown.
func (m Module) Page() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n\n", m.Name, m.Doc)
	if m.Global {
		b.WriteString("Always present; it need not be listed in `modules:`.\n")
	} else {
		fmt.Fprintf(&b, "List it in `modules: [%s]` of the entry that uses it.\n", m.Name)
	}
	if len(m.Class) > 0 {
		var cs []string
		for _, c := range m.Class {
			cs = append(cs, string(c))
		}
		fmt.Fprintf(&b, "\nClass: %s.\n", strings.Join(cs, ", "))
	}
	pageConsts(&b, m.Name+".", m.Consts)
	for _, f := range m.Funcs {
		f.page(&b, f.owner(m.Name))
	}
	for _, t := range m.Tables {
		fmt.Fprintf(&b, "\n## %s.%s\n\n%s\n", m.Name, t.Name, t.Doc)
		pageConsts(&b, m.Name+"."+t.Name+".", t.Consts)
		for _, f := range t.Funcs {
			f.page(&b, m.Name+"."+t.Name+".")
		}
	}
	for _, t := range m.Types {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n", t.Name, t.Doc)
		for _, f := range t.Methods {
			f.page(&b, strings.ToLower(t.Name)+":")
		}
	}
	return b.String()
}

func pageConsts(b *strings.Builder, owner string, consts []Const) {
	if len(consts) == 0 {
		return
	}
	b.WriteString("\n| Constant | Value | Meaning |\n|---|---|---|\n")
	for _, c := range consts {
		value := "object"
		switch v := messages.ValueOf(c.Value).(type) {
		case string:
			value = fmt.Sprintf("%q", v)
		case float64, bool:
			value = messages.Text(v)
		}
		fmt.Fprintf(b, "| `%s%s` | `%s` | %s |\n", owner, c.Name, value, c.Doc)
	}
}

// owner is what stands before the name of a module's function.
func (f Func) owner(module string) string {
	if f.Global {
		return ""
	}
	return module + "."
}

func (f Func) page(b *strings.Builder, owner string) {
	fmt.Fprintf(b, "\n### `%s%s`\n\n%s\n", owner, f.Sig, f.Doc)
	if f.Permission != "" {
		fmt.Fprintf(b, "\nPermission: `%s`.\n", f.Permission)
	}
	if f.Try != "" {
		fmt.Fprintf(b, "\n```lua\n%s\n--> %s\n```\n", f.Try, f.Gives)
	}
}
