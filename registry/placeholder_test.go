package registry

import (
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestPlaceholders(t *testing.T) {
	for text, want := range map[string][]string{
		"plain":                       nil,
		"${env:PORT}":                 {"PORT"},
		"${env:app:db.url}":           {"app:db.url"},
		"${env:PORT|80}":              {"PORT=80"},
		"${PORT|80}":                  {"PORT=80"},
		"${PORT|}":                    {"PORT="},
		"${PORT}":                     nil,
		"${port|80}":                  nil,
		"${name}":                     nil,
		"$${env:PORT}":                nil,
		"$$${env:PORT}":               nil,
		"a ${env:A} b ${B|c|d} c":     {"A", "B=c|d"},
		"${env:OPEN":                  nil,
		"${env:}":                     nil,
		"${env:A B}":                  nil,
		"$":                           nil,
		"${":                          nil,
		"${x ${env:A}":                {"A"},
		"cost: $5 and ${env:A|$}":     {"A=$"},
		"${env:A|${env:B}}":           {"A=${env:B"},
		strings.Repeat("${A|", 1<<18): nil,
	} {
		var got []string
		for _, p := range Placeholders(text) {
			s := p.Name
			if p.HasDefault {
				s += "=" + p.Default
			}
			got = append(got, s)
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%.40q: got %q, want %q", text, got, want)
		}
	}
}

type filled struct {
	Addr   string            `yaml:"addr" required:"true"`
	Port   int               `yaml:"port" default:"80"`
	Wait   time.Duration     `yaml:"wait" default:"1s"`
	On     bool              `yaml:"on"`
	Tags   []string          `yaml:"tags"`
	Any    any               `yaml:"any"`
	Labels map[string]string `yaml:"labels"`
	TLS    *filledTLS        `yaml:"tls"`
	List   []filledTLS       `yaml:"list"`
	Server string            `yaml:"meta.server"`
}

type filledTLS struct {
	Cert string `yaml:"cert" required:"true"`
	Min  int    `yaml:"min"`
}

func TestFillEnv(t *testing.T) {
	values := map[string]string{"HOST": "example", "PORT": " 8080", "YES": "true", "TAGS": "a, b", "CERT": "pem", "NUMBER": "12", "app:id": "x"}
	e := Entry{ID: ID{"app", "e"}, Kind: "k", Meta: map[string]any{"server": "${env:HOST}", "comment": "${env:NONE}"}, Data: map[string]any{
		"addr": "http://${env:HOST}:${env:PORT_NAME|90}/$${env:HOST}", "port": "${env:PORT}", "wait_env": "NONE", "on": "${env:YES}",
		"tags_env": "TAGS", "any": "${env:NUMBER}", "labels": map[string]any{"a": "${env:NUMBER}", "b": "${env:app:id}"},
		"tls": map[string]any{"cert_env": "CERT", "min": "${MIN|2}"}, "list": []any{map[string]any{"cert": "${env:CERT}"}},
		"other": "${env:NUMBER}",
	}}
	s := SchemaOf[filled]()
	if got, want := s.EnvNames(e), map[string]bool{
		"CERT": true, "HOST": true, "MIN": false, "NONE": true, "NUMBER": true, "PORT": true, "PORT_NAME": false, "TAGS": true, "YES": true, "app:id": true,
	}; !reflect.DeepEqual(got, want) {
		t.Errorf("names: got %v, want %v", got, want)
	}
	before := e.Clone()
	full, problems := s.FillEnv(e, values)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	if !e.Equal(before) {
		t.Errorf("the entry was changed: %v", e)
	}
	if full.Meta["comment"] != "${env:NONE}" || full.Fields()["other"] != int64(12) {
		t.Errorf("meta %v, other %v", full.Meta, full.Fields()["other"])
	}
	v, _, problems := s.Decode(full)
	if err := problems.Err(); err != nil {
		t.Fatal(err)
	}
	want := filled{
		Addr: "http://example:90/${env:HOST}", Port: 8080, Wait: time.Second, On: true, Tags: []string{"a", "b"}, Any: int64(12),
		Labels: map[string]string{"a": "12", "b": "x"}, TLS: &filledTLS{"pem", 2}, List: []filledTLS{{"pem", 0}}, Server: "example",
	}
	if !reflect.DeepEqual(v, want) {
		t.Errorf("got  %+v\nwant %+v", v, want)
	}
}

func TestFillEnvProblems(t *testing.T) {
	s := SchemaOf[filled]()
	for text, data := range map[string]map[string]any{
		`field "addr": environment variable "NONE" has no value`:              {"addr": "${env:NONE}"},
		`field "addr_env": environment variable "NONE" has no value`:          {"addr_env": "NONE"},
		`field "tls.cert_env": environment variable "NONE" has no value`:      {"addr": "x", "tls": map[string]any{"cert_env": "NONE"}},
		`field "list[1].cert": environment variable "NONE" has no value`:      {"addr": "x", "list": []any{"", map[string]any{"cert": "${env:NONE}"}}},
		`write a default: ${env:NONE|…}`:                                      {"addr": "${env:NONE}"},
		`app:e: field "port": environment variable "app:none" has no value; `: {"addr": "x", "port": "${env:app:none}"},
	} {
		_, problems := s.FillEnv(Entry{ID: ID{"app", "e"}, Data: data}, nil)
		if err := problems.Err(); err == nil || !strings.Contains(err.Error(), text) {
			t.Errorf("%v: got %v, want %s", data, err, text)
		}
	}
	for _, data := range []any{nil, "text", []any{"${env:A|b}"}} {
		if _, problems := s.FillEnv(Entry{Data: data}, nil); problems.Err() != nil {
			t.Errorf("%v: %v", data, problems)
		}
	}
	if e, problems := (Schema{}).FillEnv(Entry{Data: map[string]any{"a": "${env:A|1}"}}, nil); problems.Err() != nil || e.Fields()["a"] != int64(1) {
		t.Errorf("without schema: %v, %v", e.Data, problems)
	}
}

func FuzzPlaceholders(f *testing.F) {
	f.Add("a ${env:A|b} $${c} ${D|e}")
	f.Fuzz(func(t *testing.T, s string) {
		end := 0
		for _, p := range Placeholders(s) {
			if p.Start < end || p.End > len(s) || !strings.HasPrefix(s[p.Start:p.End], "${") || !strings.HasSuffix(s[p.Start:p.End], "}") || p.Name == "" {
				t.Fatalf("%q: %+v", s, p)
			}
			end = p.End
		}
		SchemaOf[filled]().FillEnv(Entry{Data: map[string]any{"addr": s, "any": s}}, map[string]string{"A": s})
	})
}
