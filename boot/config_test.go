package boot

import (
	"strings"
	"testing"
	"time"
)

func read(t *testing.T, text string, opt ConfigOptions) (Config, string) {
	t.Helper()
	c, problems := ReadConfig(opt, ConfigFile{".wippy.yaml", []byte(text)})
	return c, problems.Error()
}

func TestConfigValues(t *testing.T) {
	c, problems := read(t, `
version: "1.0"
shutdown: { timeout: 5s }
security:
  strict_mode: true
cluster:
  membership:
    join_addrs: a:1,b:2
otel: { propagators: [b3], sample_rate: 1 }
supervisor.host.worker_count: 4
logger: { level: info }
`, ConfigOptions{})
	if problems != "" {
		t.Fatal(problems)
	}
	if d := c.Duration("shutdown.timeout"); d != 5*time.Second {
		t.Errorf("shutdown.timeout is %s", d)
	}
	if !c.Bool("security.strict_mode") || c.String("cluster.membership.join_addrs") != "a:1,b:2" || c.Float("otel.sample_rate") != 1 || c.Int("supervisor.host.worker_count") != 4 {
		t.Errorf("got %v", c.values)
	}
	if c.String("logger.encoding") != "console" || !c.Bool("registry.enable_history") || c.Has("logger.encoding") {
		t.Error("defaults are not those of the specification")
	}
	flat := c.Flat()
	if flat["shutdown.timeout"] != 5*time.Second || flat["finder.regex_cache_size"] != int64(100) {
		t.Errorf("flat: %v", flat)
	}
}

func TestConfigProblems(t *testing.T) {
	for _, tc := range []struct{ name, in, want string }{
		{"no version", "logger: {encoding: json}", `.wippy.yaml:1: version is missing; add the line version: "1.0"`},
		{"empty", "", `version is missing`},
		{"version", "version: \"2.0\"", `unsupported version 2.0`},
		{"syntax", "version: \"1.0\"\na: [", `.wippy.yaml:`},
		{"no map", "- a", `the file is not a map`},
		{"unknown section", "version: \"1.0\"\nshutdwn: {timeout: 1s}", `warning: .wippy.yaml:2:1: unknown section "shutdwn"; did you mean "shutdown"?`},
		{"unknown key", "version: \"1.0\"\nshutdown:\n  timout: 1s", `warning: .wippy.yaml:3:3: unknown key "shutdown.timout"; did you mean "shutdown.timeout"?`},
		{"wrong type", "version: \"1.0\"\nshutdown:\n  timeout: soon", `.wippy.yaml:3:3: shutdown.timeout: expected a duration such as "30s", got "soon"`},
		{"wrong bool", "version: \"1.0\"\nsecurity: {strict_mode: 3}", `security.strict_mode: expected true or false, got 3`},
		{"section of the wrong type", "version: \"1.0\"\nlogger: json", `section logger is not a map`},
		{"not there", "version: \"1.0\"\nlsp:\n  enabled: true", `warning: .wippy.yaml:3:3: there is no language server`},
		{"plugins", "version: \"1.0\"\nextensions: {paths: [a.so]}", `Go plugins cannot be loaded`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, problems := read(t, tc.in, ConfigOptions{})
			if !strings.Contains(problems, tc.want) {
				t.Errorf("got %q\nwant %q in it", problems, tc.want)
			}
		})
	}
}

func TestConfigOverlays(t *testing.T) {
	text := `
version: "1.0"
vars: { name: blue, wait: 7s, tier: "${name}-1", self: "${self}" }
profiles:
  dev:
    relay: { node_name: "dev-${name}" }
    disable: { namespaces: { add: [lab], remove: [old] } }
  flat:
    disable: { namespaces.add: [lab], namespaces.remove: [old] }
relay: { node_name: "${env:NODE}" }
shutdown: { timeout: "${wait}" }
disable: { namespaces: [old, older] }
override:
  app:web:addr: ":80"
  app:web:note: "${name} ${tier} ${env:NODE} ${env:NONE} ${NAME|x} $${name}"
prometheus: { address: "${env:NONE|127.0.0.1}:${port|80}$${name}" }
`
	env := func(name string) (string, bool) { return "n1", name == "NODE" }
	c, problems := read(t, text, ConfigOptions{Env: env})
	if problems != "" {
		t.Fatal(problems)
	}
	if got := c.String("prometheus.address"); got != "127.0.0.1:80${name}" {
		t.Errorf("defaults: %q", got)
	}
	if c.String("relay.node_name") != "n1" || c.Duration("shutdown.timeout") != 7*time.Second {
		t.Errorf("got %v", c.values)
	}
	over, problems2 := c.Overrides()
	if len(problems2) > 0 || len(over) != 2 || over[1].Value != "blue blue-1 n1 ${env:NONE} ${NAME|x} $${name}" {
		t.Errorf("overrides: %v %v", over, problems2)
	}
	c, problems = read(t, text, ConfigOptions{Env: env, Profiles: []string{"dev"}})
	if problems != "" {
		t.Fatal(problems)
	}
	rules, _ := c.Disabled()
	if got := strings.Join(rules.Namespaces, " "); got != "older lab" || c.String("relay.node_name") != "dev-blue" {
		t.Errorf("with the profile: %q %q", got, c.String("relay.node_name"))
	}
	c, _ = read(t, text, ConfigOptions{Env: env, Profiles: []string{"flat"}})
	rules, _ = c.Disabled()
	if got := strings.Join(rules.Namespaces, " "); got != "older lab" {
		t.Errorf("with dotted keys: %q", got)
	}
	if _, problems = read(t, text, ConfigOptions{Profiles: []string{"def"}}); !strings.Contains(problems, `there is no profile "def"; did you mean "dev"?`) || !strings.Contains(problems, "${env:NODE} has no value") {
		t.Errorf("got %q", problems)
	}
	if _, problems = read(t, strings.Replace(text, "${wait}", "${self}", 1), ConfigOptions{Env: env}); !strings.Contains(problems, "${self} has no value") {
		t.Errorf("a variable made of itself: %q", problems)
	}
}

func TestConfigSeveralFiles(t *testing.T) {
	c, problems := ReadConfig(
		ConfigOptions{},
		ConfigFile{"a.yaml", []byte("version: \"1.0\"\nshutdown: {timeout: 1s}\nlogger: {encoding: json}")},
		ConfigFile{"b.yaml", []byte("version: \"1.0\"\nshutdown: {timeout: 2s}\nlogger: {encodng: json}")},
	)
	if c.Duration("shutdown.timeout") != 2*time.Second || c.String("logger.encoding") != "json" || !strings.Contains(problems.Error(), "b.yaml:3") {
		t.Errorf("got %v, %s", c.values, problems)
	}
}

func TestConfigSet(t *testing.T) {
	base, _ := NewConfig(nil)
	for _, tc := range []struct {
		in   string
		want any
		err  string
	}{
		{"shutdown.timeout=3s", 3 * time.Second, ""},
		{"security.strict_mode=true", true, ""},
		{"relay.node_name=7", "7", ""},
		{"cluster.internode.bind_port=7", int64(7), ""},
		{"otel.propagators=a, b", nil, ""},
		{"logger.level=warn", "warn", ""},
		{"security.strict_mode=maybe", nil, `expected true or false, got "maybe"`},
		{"shutdown.timout=3s", nil, `did you mean "shutdown.timeout"?`},
		{"shutdown.timeout", nil, "not of the form section.path=value"},
		{"override.x=1", nil, "--override"},
		{"zzzzzzzzz=1", nil, "setting zzzzzzzzz: there is no such key"},
	} {
		c, err := base.Set(tc.in)
		if tc.err != "" {
			if err == nil || !strings.Contains(err.Error(), tc.err) {
				t.Errorf("%s: got error %v, want %q in it", tc.in, err, tc.err)
			}
			continue
		}
		key, _, _ := strings.Cut(tc.in, "=")
		if err != nil || tc.want != nil && c.values[key] != tc.want {
			t.Errorf("%s: got %v, %v", tc.in, c.values[key], err)
		}
		if base.Has(key) {
			t.Errorf("%s changed the configuration it was called on", tc.in)
		}
	}
}

func TestNewConfig(t *testing.T) {
	c, problems := NewConfig(map[string]any{"shutdown": map[string]any{"timeout": time.Minute}, "logmanager.min_level": 1, "workspace": map[string]any{"replacements": map[string]any{"a/b": "../b", "c/d": nil}}})
	if len(problems) > 0 || c.Duration("shutdown.timeout") != time.Minute || c.Int("logmanager.min_level") != 1 {
		t.Errorf("got %v, %v", c.values, problems)
	}
	if r := c.Replacements(); r["a/b"] != "../b" || r["c/d"] != "" || len(r) != 2 {
		t.Errorf("replacements %v", r)
	}
	if _, problems = NewConfig(map[string]any{"shutdown": map[string]any{"timout": "1s"}}); !strings.Contains(problems.Error(), "shutdown.timeout") {
		t.Errorf("got %v", problems)
	}
}

// Every key has a section of its own and a default of a type that --set and
// files can give.
func TestSettings(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range Settings() {
		if seen[s.Key] || !strings.Contains(s.Key, ".") {
			t.Errorf("key %s", s.Key)
		}
		seen[s.Key] = true
		if _, free := s.Default.(none); free || s.Default == nil {
			continue
		}
		if _, err := typed(s.Default, s.Default); err != nil {
			t.Errorf("%s: %v", s.Key, err)
		}
	}
}

func FuzzReadConfig(f *testing.F) {
	f.Add("version: \"1.0\"\nshutdown: {timeout: 5s}\nvars: {a: 1}\nrelay: {node_name: \"${a}${env:B}\"}")
	f.Add("version: 1.0\nprofiles: {a: {disable: {namespaces: {add: [x]}}}}\n")
	f.Add("a: &x [*x]")
	f.Fuzz(func(t *testing.T, text string) {
		c, _ := ReadConfig(ConfigOptions{Profiles: []string{"a"}, Env: func(string) (string, bool) { return "1", true }}, ConfigFile{"f", []byte(text)})
		c.Flat()
		c.Overrides()
		c.Disabled()
		c.Replacements()
	})
}
