package modules

import (
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

func TestTemplates(t *testing.T) {
	answer := func(cmd *lua.Command) any {
		if cmd.Body.(*messages.TemplateOpen).Set != "app:views" {
			return messages.Errorf(messages.NotFound, "template set not found")
		}
		return &messages.TemplateSet{ID: "app:views", Render: func(_ <-chan struct{}, name string, data messages.Value) (string, error) {
			if name == "nope" {
				return "", messages.Errorf(messages.NotFound, "template not found: nope")
			}
			return name + " of " + messages.Text(data), nil
		}}
	}
	examples(t, []example{
		{name: "render", answer: answer, source: `return show(templates.get("app:views"):render("page", 7))`, want: "page of 7, nil"},
		{name: "without data", answer: answer, source: `return show(templates.get("app:views"):render("page"))`, want: "page of nil, nil"},
		{name: "unknown template", answer: answer, source: `return show(templates.get("app:views"):render("nope"))`, want: "nil, NotFound:template not found: nope"},
		{name: "empty name", answer: answer, source: `return show(templates.get("app:views"):render(""))`, want: "nil, Invalid:template name required"},
		{name: "release", answer: answer, source: `local s = templates.get("app:views"); return show(s:release(), s:release(), s:render("page"))`, want: "true, true, nil, Internal:template set is released"},
		{name: "unknown set", answer: answer, source: `return show(templates.get("app:nope"))`, want: "nil, NotFound:template set not found"},
		{name: "empty id", answer: answer, source: `return show(templates.get(""))`, want: "nil, Invalid:template set ID required"},
		{name: "refused", answer: answer, ctx: may("template.get app:other"), source: `return show(templates.get("app:views"))`, want: "nil, PermissionDenied:not allowed to get template set: app:views"},
		{name: "allowed", answer: answer, ctx: may("template.get app:views"), source: `return show(templates.get("app:views"):render("page", 1))`, want: "page of 1, nil"},
	})
}
