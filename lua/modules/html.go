package modules

import (
	"regexp"

	"github.com/microcosm-cc/bluemonday"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// htmlPolicy is a policy of one process, so that no lock is needed.
type htmlPolicy struct{ rules *bluemonday.Policy }

// htmlAttrs are attributes that wait to be allowed somewhere.
type htmlAttrs struct {
	policy  *htmlPolicy
	names   []string
	pattern *regexp.Regexp
}

func (a *htmlAttrs) rule() interface {
	OnElements(...string) *bluemonday.Policy
	Globally() *bluemonday.Policy
} {
	b := a.policy.rules.AllowAttrs(a.names...)
	if a.pattern != nil {
		return b.Matching(a.pattern)
	}
	return b
}

var htmlModule = lua.Module{
	Name:  "html",
	Doc:   "Makes HTML from anywhere safe to show.",
	Class: []lua.Class{lua.Security, lua.Deterministic},
	Tables: []lua.Table{{Name: "sanitize", Doc: "Policies to begin with.", Funcs: []lua.Func{
		newPolicy("new_policy", "A policy that allows nothing.", bluemonday.NewPolicy, "x"),
		newPolicy("ugc_policy", "A policy for usual content of users.", bluemonday.UGCPolicy, "<b>x</b>"),
		newPolicy("strict_policy", "A policy that leaves only text.", bluemonday.StrictPolicy, "x"),
	}}},
	Types: []lua.Type{
		{Name: "Policy", Doc: "What HTML may consist of. Methods that change it return it.", Of: (*htmlPolicy)(nil), Methods: policyMethods},
		{Name: "AttrBuilder", Doc: "Attributes that are about to be allowed.", Of: (*htmlAttrs)(nil), Methods: attrMethods},
	},
}

func newPolicy(name, doc string, make func() *bluemonday.Policy, gives string) lua.Func {
	return lua.Func{
		Sig: name + "(): Policy, error?", Doc: doc,
		Do:  func(c *lua.Call) error { return c.Return(&htmlPolicy{make()}) },
		Try: `return html.sanitize.` + name + `():sanitize("<b onclick='y()'>x</b><script>z()</script>")`, Gives: gives,
	}
}

var policyMethods = []lua.Func{
	{
		Sig: "sanitize(html: string): string", Doc: "Returns the HTML without what the policy does not allow.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			p, s := c.Self().(*htmlPolicy).rules, c.String(0)
			// Policies are changed by the process that has them, which may go on in
			// another coroutine: no work outside of it.
			v, err := guarded(func() (any, error) { return p.Sanitize(s), nil })
			if err != nil {
				return nil, lua.Raise(err)
			}
			return nil, c.Return(v)
		},
	},
	{
		Sig: "allow_elements(...: string): Policy", Doc: "Allows elements.",
		Do:  withNames(func(p *bluemonday.Policy, names []string) { p.AllowElements(names...) }),
		Try: `return html.sanitize.new_policy():allow_elements("b", "i"):sanitize("<b>x</b><u>y</u>")`, Gives: "<b>x</b>y",
	},
	{
		Sig: "allow_attrs(...: string): AttrBuilder", Doc: "Begins to allow attributes; say next where.",
		Do: func(c *lua.Call) error {
			names, err := restText(c, 0, 1)
			if err != nil {
				return err
			}
			return c.Return(&htmlAttrs{policy: c.Self().(*htmlPolicy), names: names})
		},
		Try: `return html.sanitize.new_policy():allow_attrs("title"):on_elements("p"):sanitize("<p title='t' id='i'>x</p>")`, Gives: `<p title="t">x</p>`,
	},
	policyDo("allow_standard_urls", "Allows links of the schemes mailto, http and https, and relative ones, with rel=nofollow.", (*bluemonday.Policy).AllowStandardURLs),
	policyFlag("allow_relative_urls", "Whether URLs may be relative.", (*bluemonday.Policy).AllowRelativeURLs),
	{
		Sig: "allow_url_schemes(...: string): Policy", Doc: "Allows URLs of these schemes.",
		Do: withNames(func(p *bluemonday.Policy, names []string) { p.AllowURLSchemes(names...) }),
	},
	policyFlag("require_parseable_urls", "Whether URLs that cannot be parsed are removed.", (*bluemonday.Policy).RequireParseableURLs),
	policyFlag("require_nofollow_on_links", "Whether links get rel=nofollow.", (*bluemonday.Policy).RequireNoFollowOnLinks),
	policyFlag("require_noreferrer_on_links", "Whether links get rel=noreferrer.", (*bluemonday.Policy).RequireNoReferrerOnLinks),
	policyFlag("add_target_blank_to_fully_qualified_links", "Whether links to other sites open in a new window.", (*bluemonday.Policy).AddTargetBlankToFullyQualifiedLinks),
	policyDo("allow_images", "Allows images.", (*bluemonday.Policy).AllowImages),
	policyDo("allow_data_uri_images", "Allows images inside of URLs.", (*bluemonday.Policy).AllowDataURIImages),
	policyDo("allow_lists", "Allows lists.", (*bluemonday.Policy).AllowLists),
	policyDo("allow_tables", "Allows tables.", (*bluemonday.Policy).AllowTables),
	policyDo("allow_standard_attributes", "Allows the attributes dir, id, lang and title.", (*bluemonday.Policy).AllowStandardAttributes),
}

var attrMethods = []lua.Func{
	{
		Sig: "on_elements(...: string): Policy", Doc: "Allows the attributes on these elements.",
		Do: func(c *lua.Call) error {
			names, err := restText(c, 0, 1)
			if err != nil {
				return err
			}
			a := c.Self().(*htmlAttrs)
			a.rule().OnElements(names...)
			return c.Return(a.policy)
		},
	},
	{
		Sig: "globally(): Policy", Doc: "Allows the attributes on all elements.",
		Do: func(c *lua.Call) error {
			a := c.Self().(*htmlAttrs)
			a.rule().Globally()
			return c.Return(a.policy)
		},
	},
	{
		Sig: "matching(pattern: string): AttrBuilder, error?", Doc: "Allows only values that match a regular expression (RE2). A bad pattern is an Invalid error.",
		Do: func(c *lua.Call) error {
			re, err := regexp.Compile(c.String(0))
			if err != nil {
				return messages.Errorf(messages.Invalid, "bad pattern: %s", err)
			}
			c.Self().(*htmlAttrs).pattern = re
			return c.Return(c.SelfValue())
		},
		Try: `local p = html.sanitize.new_policy():allow_attrs("id"):matching("^[a-z]+$"):on_elements("p"); return p:sanitize("<p id='ok'>x</p>"), p:sanitize("<p id='1'>x</p>")`, Gives: `<p id="ok">x</p>, <p>x</p>`,
	},
}

func withNames(do func(*bluemonday.Policy, []string)) func(*lua.Call) error {
	return func(c *lua.Call) error {
		names, err := restText(c, 0, 1)
		if err != nil {
			return err
		}
		do(c.Self().(*htmlPolicy).rules, names)
		return c.Return(c.SelfValue())
	}
}

func policyDo(name, doc string, do func(*bluemonday.Policy)) lua.Func {
	return lua.Func{Sig: name + "(): Policy", Doc: doc, Do: func(c *lua.Call) error {
		do(c.Self().(*htmlPolicy).rules)
		return c.Return(c.SelfValue())
	}}
}

func policyFlag(name, doc string, set func(*bluemonday.Policy, bool) *bluemonday.Policy) lua.Func {
	return lua.Func{Sig: name + "(on: boolean): Policy", Doc: doc, Do: func(c *lua.Call) error {
		set(c.Self().(*htmlPolicy).rules, c.Bool(0))
		return c.Return(c.SelfValue())
	}}
}
