package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// templateSet is a Set object.
type templateSet struct {
	set      *messages.TemplateSet
	released bool
}

var templatesModule = lua.Module{
	Name:  "templates",
	Doc:   "Templates in the language of Jet.",
	Class: []lua.Class{lua.Deterministic},
	Funcs: []lua.Func{{
		Sig:        "get(set_id: any): Set, error?",
		Doc:        "Gives the template.set with that entry id.",
		Permission: "template.get",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			id := c.String(0)
			if c.TypeOf(0) != "string" || id == "" {
				return nil, messages.Errorf(messages.Invalid, "template set ID required")
			}
			if !c.Allowed("template.get", id) {
				return nil, denied("not allowed to get template set: %s", id)
			}
			return lua.Ask("", &messages.TemplateOpen{Set: id}, func(c *lua.Call, s *messages.TemplateSet) error {
				return c.Return(&templateSet{set: s}, nil)
			}), nil
		},
	}},
	Types: []lua.Type{{
		Name: "Set", Doc: "A set of templates.", Of: (*templateSet)(nil),
		Methods: []lua.Func{
			{
				Sig: "render(name: any, data?: any): string, error?",
				Doc: "Renders a template of the set, as its entries are now. The data are \".\" in the template, and the keys of a table variables too.",
				Ask: func(c *lua.Call) (*lua.Command, error) {
					s, name := c.Self().(*templateSet), c.String(0)
					switch {
					case s.released:
						return nil, messages.Errorf(messages.Internal, "template set is released")
					case c.TypeOf(0) != "string" || name == "":
						return nil, messages.Errorf(messages.Invalid, "template name required")
					}
					data := c.Value(1)
					return &lua.Command{
						Go:   func(done <-chan struct{}) (any, error) { return s.set.Render(done, name, data) },
						Then: func(c *lua.Call, answer any) error { return c.Return(answer, nil) },
					}, nil
				},
			},
			{Sig: "release(): boolean", Doc: "Lets go of the set; calling it again is harmless.", Do: func(c *lua.Call) error {
				c.Self().(*templateSet).released = true
				return c.Return(true)
			}},
		},
	}},
}
