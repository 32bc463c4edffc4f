package modules

import (
	"regexp"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var textModule = lua.Module{
	Name:  "text",
	Doc:   "Regular expressions, differences of texts, splitting of texts.",
	Class: []lua.Class{lua.Deterministic},
	Tables: []lua.Table{
		{Name: "regexp", Doc: "Regular expressions in the syntax RE2, whose time is linear in the text.", Funcs: []lua.Func{{
			Sig: "compile(pattern: string): Regexp, error?", Doc: "Compiles a pattern. A bad one is an Invalid error.",
			Do: func(c *lua.Call) error {
				re, err := regexp.Compile(c.String(0))
				if err != nil {
					return messages.Errorf(messages.Invalid, "bad pattern: %s", err)
				}
				return c.Return(re)
			},
			Try: `local re, err = text.regexp.compile("("); return re, err:kind()`, Gives: "nil, Invalid",
		}}},
		{Name: "diff", Doc: "Differences of texts.", Funcs: []lua.Func{diffNew}},
		{Name: "splitter", Doc: "Cuts texts into chunks. Sizes are in characters.", Funcs: []lua.Func{recursiveNew, markdownNew}},
	},
	Types: []lua.Type{
		{
			Name: "Regexp", Doc: "A compiled regular expression. Positions count from 1, ends belong to the match.", Of: (*regexp.Regexp)(nil),
			Text: func(v any) string { return v.(*regexp.Regexp).String() }, Methods: regexpMethods,
		},
		{Name: "Differ", Doc: "Finds differences.", Of: (*differ)(nil), Methods: differMethods},
		{Name: "Splitter", Doc: "Cuts texts.", Of: (*splitter)(nil), Methods: splitterMethods},
	},
}

const dateRE = `local re = text.regexp.compile("(?P<y>[0-9]+)-([0-9]+)"); `

var regexpMethods = []lua.Func{
	{
		Sig: "match_string(text: string): boolean", Doc: "Reports whether a part of the text matches.",
		Do:  func(c *lua.Call) error { return c.Return(regexpOf(c).MatchString(c.String(0))) },
		Try: dateRE + `return re:match_string("on 2024-05"), re:match_string("never")`, Gives: "true, false",
	},
	{
		Sig: "find_string(text: string): string?", Doc: "The first match, nil without one.",
		Do: func(c *lua.Call) error {
			at := regexpOf(c).FindStringIndex(c.String(0))
			if at == nil {
				return c.Return(nil)
			}
			return c.Return(c.String(0)[at[0]:at[1]])
		},
		Try: dateRE + `return re:find_string("on 2024-05"), re:find_string("never")`, Gives: "2024-05, nil",
	},
	{
		Sig: "find_all_string(text: string): list", Doc: "All matches.",
		Do:  func(c *lua.Call) error { return c.Return(listOf(regexpOf(c).FindAllString(c.String(0), -1))) },
		Try: dateRE + `return table.concat(re:find_all_string("1-2, 3-4"), " "), #re:find_all_string("never")`, Gives: "1-2 3-4, 0",
	},
	{
		Sig: "find_string_submatch(text: string): list?", Doc: "The first match and its groups, nil without one. A group that took no part is empty.",
		Do: func(c *lua.Call) error {
			m := regexpOf(c).FindStringSubmatch(c.String(0))
			if m == nil {
				return c.Return(nil)
			}
			return c.Return(listOf(m))
		},
		Try: dateRE + `return table.concat(re:find_string_submatch("on 2024-05"), " ")`, Gives: "2024-05 2024 05",
	},
	{
		Sig: "find_all_string_submatch(text: string): list", Doc: "All matches, each with its groups.",
		Do: func(c *lua.Call) error {
			out := []any{}
			for _, m := range regexpOf(c).FindAllStringSubmatch(c.String(0), -1) {
				out = append(out, listOf(m))
			}
			return c.Return(out)
		},
		Try: dateRE + `local all = re:find_all_string_submatch("1-2, 3-4"); return #all, all[2][3]`, Gives: "2, 4",
	},
	{
		Sig: "find_string_index(text: string): list?", Doc: "The first and last byte of the first match, nil without one.",
		Do: func(c *lua.Call) error {
			at := regexpOf(c).FindStringIndex(c.String(0))
			if at == nil {
				return c.Return(nil)
			}
			return c.Return(matchBounds(at))
		},
		Try: dateRE + `local at = re:find_string_index("on 2024-05"); return at[1], at[2]`, Gives: "4, 10",
	},
	{
		Sig: "find_all_string_index(text: string): list?", Doc: "The first and last byte of all matches, nil without one.",
		Do: func(c *lua.Call) error {
			all := regexpOf(c).FindAllStringIndex(c.String(0), -1)
			if all == nil {
				return c.Return(nil)
			}
			out := make([]any, len(all))
			for i, at := range all {
				out[i] = matchBounds(at)
			}
			return c.Return(out)
		},
		Try: dateRE + `local all = re:find_all_string_index("1-2, 3-4"); return all[2][1], all[2][2], re:find_all_string_index("")`, Gives: "6, 8, nil",
	},
	{
		Sig: "replace_all_string(text: string, replacement: string): string", Doc: "Replaces all matches; $1 or ${name} in the replacement is a group.",
		Do:  func(c *lua.Call) error { return c.Return(regexpOf(c).ReplaceAllString(c.String(0), c.String(1))) },
		Try: dateRE + `return re:replace_all_string("2024-05", "$2/${y}")`, Gives: "05/2024",
	},
	{
		Sig: "split(text: string, n?: integer): list", Doc: "The parts between matches, at most n of them unless n is negative (default -1).",
		Do: func(c *lua.Call) error {
			n := -1
			if c.Has(1) {
				n = c.Int(1)
			}
			return c.Return(listOf(regexpOf(c).Split(c.String(0), n)))
		},
		Try: `local re = text.regexp.compile(", *"); return table.concat(re:split("a, b,c"), "|"), #re:split("a,b,c", 2)`, Gives: "a|b|c, 2",
	},
	{
		Sig: "num_subexp(): integer", Doc: "How many groups there are.",
		Do: func(c *lua.Call) error { return c.Return(regexpOf(c).NumSubexp()) }, Try: dateRE + "return re:num_subexp()", Gives: "2",
	},
	{
		Sig: "subexp_names(): list", Doc: "The names of the whole match and the groups, empty where there is none.",
		Do: func(c *lua.Call) error { return c.Return(listOf(regexpOf(c).SubexpNames())) }, Try: dateRE + `return table.concat(re:subexp_names(), ",")`, Gives: ",y,",
	},
	{
		Sig: "string(): string", Doc: "The pattern.",
		Do: func(c *lua.Call) error { return c.Return(regexpOf(c).String()) }, Try: `return text.regexp.compile("a+"):string()`, Gives: "a+",
	},
}

func regexpOf(c *lua.Call) *regexp.Regexp { return c.Self().(*regexp.Regexp) }

func matchBounds(at []int) []any { return []any{at[0] + 1, at[1]} }

func listOf(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}
