package modules

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/sergi/go-diff/diffmatchpatch"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// differ holds the settings of comparisons. It is never changed.
type differ struct{ *diffmatchpatch.DiffMatchPatch }

var diffNew = lua.Func{
	Sig: "new(options?: table): Differ, error?",
	Doc: "Makes a differ. Options: diff_timeout in seconds (default 1; 0 for none), diff_edit_cost (4), match_threshold (0.5), match_distance (1000), patch_delete_threshold (0.5), patch_margin (4).",
	Do: func(c *lua.Call) error {
		o := options{table: c.Table(0)}
		d := diffmatchpatch.New()
		d.DiffTimeout = time.Duration(o.number("diff_timeout", 1, 0, 3600) * float64(time.Second))
		d.DiffEditCost = o.integer("diff_edit_cost", 4, 0, 1<<20)
		d.MatchThreshold = o.number("match_threshold", 0.5, 0, 1)
		d.MatchDistance = o.integer("match_distance", 1000, 0, 1<<30)
		d.PatchDeleteThreshold = o.number("patch_delete_threshold", 0.5, 0, 1)
		d.PatchMargin = o.integer("patch_margin", 4, 0, 1<<10)
		if o.err != nil {
			return o.err
		}
		return c.Return(&differ{d})
	},
}

var differMethods = []lua.Func{
	{
		Sig: "compare(a: string, b: string): list, error?",
		Doc: `What leads from a to b: a list of {operation = "equal", "insert" or "delete", text = …}.`,
		Ask: func(c *lua.Call) (*lua.Command, error) {
			d, a, b := c.Self().(*differ), c.String(0), c.String(1)
			return offload(c, len(a)+len(b), func() (any, error) {
				return diffTable(d.DiffMain(a, b, false)), nil
			})
		},
		Try: `local d = text.diff.new(); local out = {}; for _, x in ipairs(d:compare("the cat", "the hat")) do out[#out + 1] = x.operation .. ":" .. x.text end; return table.concat(out, "|")`, Gives: "equal:the |delete:c|insert:h|equal:at",
	},
	{
		Sig: "summarize(diffs: list): table", Doc: "Counts characters: {equals, insertions, deletions}.",
		Do: func(c *lua.Call) error {
			diffs, err := diffArg(c.Table(0))
			if err != nil {
				return lua.ArgError(2, err.Error())
			}
			var count [3]int
			for _, x := range diffs {
				count[x.Type+1] += utf8.RuneCountInString(x.Text)
			}
			return c.Return(map[string]any{"deletions": count[0], "equals": count[1], "insertions": count[2]})
		},
		Try: `local d = text.diff.new(); local s = d:summarize(d:compare("the cat", "the hats")); return s.equals, s.insertions, s.deletions`, Gives: "6, 2, 1",
	},
	prettyDiff("pretty_text", "The differences as text with the colours of a terminal.", (*diffmatchpatch.DiffMatchPatch).DiffPrettyText),
	prettyDiff("pretty_html", "The differences as HTML with ins and del.", (*diffmatchpatch.DiffMatchPatch).DiffPrettyHtml),
	{
		Sig: "patch_make(a: string, b: string): list, error?", Doc: "Patches that lead from a to b, for patch_apply: a list of texts.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			d, a, b := c.Self().(*differ), c.String(0), c.String(1)
			return offload(c, len(a)+len(b), func() (any, error) {
				out := []any{}
				for _, p := range d.PatchMake(a, b) {
					out = append(out, p.String())
				}
				return out, nil
			})
		},
	},
	{
		Sig: "patch_apply(patches: list, text: string): string, boolean", Doc: "Applies patches to a text that may have changed a little. The second result says whether all of them found their place.",
		Do: func(c *lua.Call) error {
			var patches strings.Builder
			for i, item := range c.Items(0) {
				p, ok := item.(string)
				if !ok {
					return lua.ArgError(2, fmt.Sprintf("patch %d is not one of patch_make", i+1))
				}
				patches.WriteString(p)
			}
			d, s := c.Self().(*differ), c.String(1)
			all := true
			v, err := guarded(func() (any, error) {
				list, err := d.PatchFromText(patches.String())
				if err != nil {
					return nil, err
				}
				out, done := d.PatchApply(list, s)
				for _, ok := range done {
					all = all && ok
				}
				return out, nil
			})
			if err != nil {
				return lua.ArgError(2, "these are not patches of patch_make: "+err.Error())
			}
			return c.Return(v, all)
		},
		Try: `local d = text.diff.new(); return d:patch_apply(d:patch_make("the cat sat", "the hat sat"), "so the cat sat down")`, Gives: "so the hat sat down, true",
	},
}

func prettyDiff(name, doc string, write func(*diffmatchpatch.DiffMatchPatch, []diffmatchpatch.Diff) string) lua.Func {
	return lua.Func{Sig: name + "(diffs: list): string, error?", Doc: doc, Do: func(c *lua.Call) error {
		diffs, err := diffArg(c.Table(0))
		if err != nil {
			return err
		}
		return c.Return(write(c.Self().(*differ).DiffMatchPatch, diffs))
	}}
}

func diffTable(diffs []diffmatchpatch.Diff) []any {
	out := make([]any, len(diffs))
	for i, x := range diffs {
		op := "equal"
		switch x.Type {
		case diffmatchpatch.DiffInsert:
			op = "insert"
		case diffmatchpatch.DiffDelete:
			op = "delete"
		}
		out[i] = map[string]any{"operation": op, "text": x.Text}
	}
	return out
}

func diffArg(t *messages.Table) ([]diffmatchpatch.Diff, error) {
	if t == nil {
		return nil, messages.Errorf(messages.Invalid, "a list of differences is expected")
	}
	out := make([]diffmatchpatch.Diff, len(t.Array))
	for i, item := range t.Array {
		var op, s string
		if x, ok := item.(*messages.Table); ok {
			op, _ = x.Get("operation").(string)
			s, _ = x.Get("text").(string)
		}
		out[i].Text = s
		switch op {
		case "equal":
		case "insert":
			out[i].Type = diffmatchpatch.DiffInsert
		case "delete":
			out[i].Type = diffmatchpatch.DiffDelete
		default:
			return nil, messages.Errorf(messages.Invalid, "difference %d has no operation equal, insert or delete", i+1)
		}
	}
	return out, nil
}
