package modules

import (
	"testing"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// kindOf shows the first result and the kind of the second.
const kindOf = `local function kind(v, err) return show(v, err and err:kind()) end `

func TestSmallErrors(t *testing.T) {
	list := []example{
		{name: "base64 type", source: `return kind(base64.encode(1))`, want: "nil, Invalid"},
		{name: "base64 characters", source: `return kind(base64.decode("a*=="))`, want: "nil, Invalid"},
		{name: "base64 padding", source: `return kind(base64.decode("YQ"))`, want: "nil, Invalid"},
		{name: "base64 empty", source: `return base64.decode("") == ""`, want: "true"},
		{name: "base64 bytes", source: `return base64.decode(base64.encode("\0\255")) == "\0\255"`, want: "true"},
		{name: "hash type", source: `return kind(hash.sha256({}))`, want: "nil, Invalid"},
		{name: "hash number", source: `return kind(hash.md5(5))`, want: "nil, Invalid"},
		{name: "hash raw type", source: `return kind(hash.md5("a", "yes"))`, want: "nil, Invalid"},
		{name: "hash secret", source: `return kind(hash.hmac_md5("a"))`, want: "nil, Invalid"},
		{name: "hash raw", source: `return show(#hash.sha256("a", true), #hash.hmac_sha1("a", "b", true))`, want: "32, 20"},
		{name: "hash of much", source: `return hash.sha1(("a"):rep(1000000))`, want: "34aa973cd4c4daa4f61eeb2bdbad27316534016f"},
		{name: "random none", source: `return kind(crypto.random.bytes(0))`, want: "nil, Invalid"},
		{name: "random much", source: `return kind(crypto.random.string(1048577))`, want: "nil, Invalid"},
		{name: "random charset", source: `return kind(crypto.random.string(1, ""))`, want: "nil, Invalid"},
		{name: "random characters", source: `return show(crypto.random.string(64, "ab"):find("^[ab]+$"))`, want: "1, 64"},
		{name: "hmac key", source: `return kind(crypto.hmac.sha256("", "x"))`, want: "nil, Invalid"},
		{name: "aes key", source: `return kind(crypto.encrypt.aes("x", "short"))`, want: "nil, Invalid"},
		{name: "chacha key", source: `return kind(crypto.encrypt.chacha20("x", ("k"):rep(16)))`, want: "nil, Invalid"},
		{name: "other aad", source: `local k = ("k"):rep(16); return kind(crypto.decrypt.aes(crypto.encrypt.aes("x", k, "a"), k, "b"))`, want: "nil, Internal"},
		{name: "same aad", source: `local k = ("k"):rep(24); return crypto.decrypt.aes(crypto.encrypt.aes("x", k, "a"), k, "a")`, want: "x"},
		{name: "nonces differ", source: `local k = ("k"):rep(24); return crypto.encrypt.aes("x", k) == crypto.encrypt.aes("x", k)`, want: "false"},
		{name: "pbkdf2 iterations", source: `return kind(crypto.pbkdf2("p", "s", 10000001, 4))`, want: "nil, Invalid"},
		{name: "pbkdf2 length", source: `return kind(crypto.pbkdf2("p", "s", 1, 0))`, want: "nil, Invalid"},
		{name: "pbkdf2 hash", source: `return kind(crypto.pbkdf2("p", "s", 1, 4, "md5"))`, want: "nil, Invalid"},
		{name: "pbkdf2 sha512", source: `return hash.md5(crypto.pbkdf2("password", "salt", 20000, 64, "sha512"))`, want: "ad974a1e791dd5233c7fb3e0e1b1f511"},
		{name: "jwt needs exp", source: `return kind(crypto.jwt.verify(crypto.jwt.encode({a = 1}, "k"), "k"))`, want: "nil, Internal"},
		{name: "jwt without exp", source: `return crypto.jwt.verify(crypto.jwt.encode({a = 1}, "k", "HS384"), "k", "HS384", false).a`, want: "1"},
		{name: "jwt expired", source: `return kind(crypto.jwt.verify(crypto.jwt.encode({exp = 1600000000}, "k"), "k"))`, want: "nil, Internal"},
		{name: "jwt of another algorithm", source: `return kind(crypto.jwt.verify(crypto.jwt.encode({a = 1}, "k", "HS512"), "k", "HS256", false))`, want: "nil, Internal"},
		{name: "jwt none", source: `return kind(crypto.jwt.verify("eyJhbGciOiJub25lIn0.e30.", "k", "HS256", false))`, want: "nil, Internal"},
		{name: "jwt algorithm", source: `return kind(crypto.jwt.encode({}, "k", "none"))`, want: "nil, Invalid"},
		{name: "jwt key", source: `return kind(crypto.jwt.encode({}, ""))`, want: "nil, Invalid"},
		{name: "jwt pem", source: `return kind(crypto.jwt.encode({}, "k", "RS256"))`, want: "nil, Invalid"},
		{name: "jwt list", source: `return kind(crypto.jwt.encode({1}, "k"))`, want: "nil, Invalid"},
		{name: "jwt header", source: `local t = crypto.jwt.encode({_header = {kid = "7", alg = "none"}}, "k"); return base64.decode((t:match("^[^.]+")) .. "==") or base64.decode((t:match("^[^.]+"))) or base64.decode((t:match("^[^.]+")) .. "=")`, want: `{"alg":"HS256","kid":"7","typ":"JWT"}`},
		{name: "yaml type", source: `return kind(yaml.encode("x"))`, want: "nil, Invalid"},
		{name: "yaml decode type", source: `return kind(yaml.decode(1))`, want: "nil, Invalid"},
		{name: "yaml empty", source: `return kind(yaml.decode(""))`, want: "nil, Invalid"},
		{name: "yaml bad", source: `return kind(yaml.decode("a: [1"))`, want: "nil, Internal"},
		{name: "yaml order", source: `return yaml.encode({x = {b = 1, a = 2, z = 3}}, {field_order = {"z", "a"}})`, want: "x:\n  z: 3\n  a: 2\n  b: 1\n"},
		{name: "yaml cycle", source: `local t = {}; t.t = t; return kind(yaml.encode(t, {sort_unordered = true}))`, want: "nil, Internal"},
		{name: "yaml options", source: `return kind(yaml.encode({}, {field_order = "a"}))`, want: "nil, Invalid"},
		{name: "expr empty", source: `return kind(expr.eval(""))`, want: "nil, Invalid"},
		{name: "expr syntax", source: `return kind(expr.eval("1 +"))`, want: "nil, Internal"},
		{name: "expr evaluation", source: `return kind(expr.eval("a + 1"))`, want: "nil, Internal"},
		{name: "expr checked names", source: `return kind(expr.compile("b", {a = 1}))`, want: "nil, Internal"},
		{name: "expr values", source: `return show(expr.eval("7 / 2"), expr.eval("[1, 'a', nil]")[2], expr.eval("{'a': {'b': true}}").a.b, expr.eval("filter(l, # > 1)", {l = {1, 2, 3}}))`, want: "3.5, a, true, {2 3}"},
		{name: "expr too much", source: `return kind(expr.eval("map(1..100000, map(1..100000, 1))"))`, want: "nil, Internal"},
		{name: "expr cached", source: `return show(expr.eval("a", {a = 1}), expr.eval("a", {a = "x"}))`, want: "1, x"},
		{name: "html pattern", source: `return kind(html.sanitize.new_policy():allow_attrs("id"):matching("("))`, want: "nil, Invalid"},
		{name: "html globally", source: `return html.sanitize.new_policy():allow_elements("p"):allow_attrs("id"):globally():sanitize("<p id='a'>x</p>")`, want: `<p id="a">x</p>`},
		{name: "html links", source: `local p = html.sanitize.new_policy():allow_standard_urls():allow_url_schemes("ftp"):require_nofollow_on_links(true):allow_attrs("href"):on_elements("a"); return p:sanitize('<a href="javascript:x()">a</a><a href="ftp://h/">b</a>')`, want: `a<a href="ftp://h/" rel="nofollow">b</a>`},
		{name: "html argument", source: `local p = html.sanitize.new_policy(); return (raises(p.allow_elements, p, "a", {}):gsub("^.*bad", "bad"))`, want: "bad argument #3 to 'allow_elements' (string expected, got table)"},
		{name: "text split", source: `return show(text.regexp.compile("x"):split("axbxc", 0))`, want: "{}"},
		{name: "text empty match", source: `return show(text.regexp.compile("z*"):find_string_index("a"))`, want: "{1 0}"},
		{name: "diff options", source: `return kind(text.diff.new({match_threshold = 2}))`, want: "nil, Invalid"},
		{name: "diff pretty", source: `local d = text.diff.new(); return d:pretty_html(d:compare("a", "ab"))`, want: `<span>a</span><ins style="background:#e6ffe6;">b</ins>`},
		{name: "diff of nonsense", source: `return kind(text.diff.new():pretty_text({{operation = "x"}}))`, want: "nil, Invalid"},
		{name: "patch of nonsense", source: `local d = text.diff.new(); return (raises(d.patch_apply, d, {"@@ x"}, "a"):find("patch_make") ~= nil)`, want: "true"},
		{name: "patch without a place", source: `local d = text.diff.new(); return show(d:patch_apply(d:patch_make("the cat sat", "the hat sat"), "0123456789"))`, want: "0123456789, false"},
		{name: "splitter overlap", source: `return kind(text.splitter.recursive({chunk_size = 5, chunk_overlap = 5}))`, want: "nil, Invalid"},
		{name: "splitter type", source: `return kind(text.splitter.recursive({chunk_size = "5"}))`, want: "nil, Invalid"},
		{name: "splitter batch", source: `return kind(text.splitter.recursive():split_batch({{}}))`, want: "nil, Invalid"},
		{name: "splitter characters", source: `return show(text.splitter.recursive({chunk_size = 2, chunk_overlap = 1}):split_text("äöü"))`, want: "{äö öü}"},
		{name: "splitter keeps", source: `return show(text.splitter.recursive({chunk_size = 4, chunk_overlap = 0, keep_separator = true, separators = {","}}):split_text("ab,cd,ef"))`, want: "{ab ,cd ,ef}"},
		{name: "splitter nothing", source: `return show(text.splitter.recursive():split_text(" \n\n "))`, want: "{}"},
		{name: "metrics", source: `return show(metrics.counter_add("a", 2, {x = "y"}))`, want: "true", answer: done, check: asks(&messages.MetricUpdate{Name: "a", Value: 2, Labels: map[string]string{"x": "y"}})},
		{name: "metrics down", source: `return show(metrics.gauge_dec("a"))`, want: "true", answer: done, check: asks(&messages.MetricUpdate{Op: messages.GaugeAdd, Name: "a", Value: -1})},
		{name: "metrics negative", source: `return kind(metrics.counter_add("a", -1))`, want: "nil, Invalid"},
		{name: "metrics zero", source: `return show(metrics.counter_add("a", 0))`, want: "true", answer: done},
		{name: "metrics labels", source: `return kind(metrics.counter_inc("a", {x = 1}))`, want: "nil, Invalid"},
		{name: "no collector", source: `return kind(metrics.gauge_set("a", 1))`, want: "nil, Internal", answer: runtimeAnswer},
	}
	for _, c := range codecs {
		on := "compress." + c.name
		list = append(list,
			example{name: c.name + " empty", source: `return kind(` + on + `.encode(""))`, want: "nil, Invalid"},
			example{name: c.name + " decode empty", source: `return kind(` + on + `.decode(""))`, want: "nil, Invalid"},
			example{name: c.name + " level", source: `return kind(` + on + `.encode("a", {level = 23}))`, want: "nil, Invalid"},
			example{name: c.name + " corrupt", source: `return kind(` + on + `.decode("\255\255 corrupt data"))`, want: "nil, Invalid"},
			example{name: c.name + " cut off", source: `local z = ` + on + `.encode(("abcdefg"):rep(1000)); return kind(` + on + `.decode(z:sub(1, #z - 3)))`, want: "nil, Invalid"},
			example{name: c.name + " bomb", source: `local z = ` + on + `.encode(("a"):rep(100000)); return kind(` + on + `.decode(z, {max_size = 99999}))`, want: "nil, Internal"},
			example{name: c.name + " exact", source: `local z = ` + on + `.encode(("a"):rep(100000)); return #` + on + `.decode(z, {max_size = 100000})`, want: "100000"},
			example{name: c.name + " limit", source: `return kind(` + on + `.decode("a", {max_size = 2^31}))`, want: "nil, Invalid"},
		)
	}
	list = append(list,
		example{name: "dict of gzip", source: `return kind(compress.gzip.encode("a", {dict = "x"}))`, want: "nil, Invalid"},
		example{name: "dict of nonsense", source: `return kind(compress.zstd.encode("a", {dict = "x"}))`, want: "nil, Invalid"},
		example{name: "decode with nonsense", source: `return kind(compress.zstd.decode("a", {dict = "x"}))`, want: "nil, Invalid"},
		example{name: "inspect nonsense", source: `return kind(compress.zstd.inspect_dict("x"))`, want: "nil, Invalid"},
		example{name: "train nothing", source: `return kind(compress.zstd.train_dict({"short"}))`, want: "nil, Invalid"},
		example{name: "train size", source: `return kind(compress.zstd.train_dict({"long enough"}, {size = 1}))`, want: "nil, Invalid"},
	)
	for i := range list {
		list[i].source = kindOf + list[i].source
	}
	small(t, list)
}

func done(*lua.Command) any { return &messages.Done{} }

func TestMarkdownSplitter(t *testing.T) {
	doc := "intro [a][1]\n\n# One\n\ntext\n\n## Two\n\n```go\nx := 1 // long enough to be cut\n\ny\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n\n# Three\n\n[1]: http://x/\n"
	with := func(options string) string {
		return `local s = text.splitter.markdown(` + options + `); local out = s:split_text(` + "[==[" + doc + "]==]" + `); return table.concat(out, "\n--\n")`
	}
	small(t, []example{
		{name: "rows", source: with(`{chunk_size = 60, chunk_overlap = 0, code_blocks = true, reference_links = true}`), want: "intro [a](http://x/)\n--\n# One\ntext\n--\n## Two\n```go\nx := 1 // long enough to be cut\n\ny\n```\n--\n## Two\n| a | b |\n|---|---|\n| 1 | 2 |\n--\n## Two\n| a | b |\n|---|---|\n| 3 | 4 |\n--\n# Three"},
		{name: "joined", source: with(`{chunk_size = 200, chunk_overlap = 0, heading_hierarchy = true, join_table_rows = true}`), want: "intro [a][1]\n--\n# One\ntext\n--\n# One\n## Two\n```go\nx := 1 // long enough to be cut\n\ny\n```\n\n| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n--\n# Three\n[1]: http://x/"},
	})
}

// FuzzSplitters: no text makes a splitter panic, and chunks fit where they can.
func FuzzSplitters(f *testing.F) {
	f.Add("a b\n\nc", uint8(3), uint8(1))
	f.Add("# x\n|a|\n|-|\n|b|\n```\nz", uint8(9), uint8(2))
	f.Fuzz(func(t *testing.T, text string, size, overlap uint8) {
		c := chunks{int(size) + 1, min(int(overlap), int(size))}
		for _, s := range (recursive{chunks: c}).split(text, defaultSeparators) {
			if n := len([]rune(s)); n > c.size {
				t.Errorf("a chunk of %d characters, not %d: %q", n, c.size, s)
			}
		}
		for _, on := range []bool{false, true} {
			markdown{chunks: c, code: on, links: on, hierarchy: on, join: on}.split(text)
		}
	})
}
