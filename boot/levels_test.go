package boot

import (
	"strings"
	"testing"

	"github.com/troupe-go/troupe/actors"
)

func components(text string) []actors.Component {
	var out []actors.Component
	for part := range strings.FieldsSeq(text) {
		name, needs, _ := strings.Cut(part, "<")
		c := actors.Component{Name: name}
		if needs != "" {
			c.DependsOn = strings.Split(needs, ",")
		}
		out = append(out, c)
	}
	return out
}

func TestLevels(t *testing.T) {
	for _, tc := range []struct{ name, in, want, err string }{
		{"none", "", "", ""},
		{"chain", "c<b b<a a", "a | b | c", ""},
		{"diamond", "d<b,c c<a b<a a", "a | b c | d", ""},
		{"as late as needed and no later", "a b<a c<a,b x y<x", "a x | b y | c", ""},
		{"what is there counts as started", "a<bus b<bus,a", "a | b", ""},
		{
			"the standard ones", "pidgen dispatcher<pidgen registry<dispatcher finder<registry supervisor<registry topology<supervisor lifecycle<topology factory<lifecycle functions<factory",
			"pidgen | dispatcher | registry | finder supervisor | topology | lifecycle | factory | functions", "",
		},
		{"circle", "a<c b<a c<b d", "", "a → c → b → a"},
		{"itself", "a<a", "", "a → a"},
		{"missing", "a registry<dispatchr dispatcher", "", `component registry depends on dispatchr, which is not among the parts; did you mean "dispatcher"?`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			levels, err := Levels(components(tc.in), "bus")
			if tc.err != "" {
				if err == nil || !strings.Contains(err.Error(), tc.err) {
					t.Fatalf("got error %v, want %q in it", err, tc.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, l := range levels {
				var names []string
				for _, c := range l {
					names = append(names, c.Name)
				}
				got = append(got, strings.Join(names, " "))
			}
			if s := strings.Join(got, " | "); s != tc.want {
				t.Errorf("got %q, want %q", s, tc.want)
			}
		})
	}
}
