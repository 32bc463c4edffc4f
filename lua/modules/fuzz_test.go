package modules

import (
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// No format makes strftime fail, and it writes a time no longer than its format
// asks for.
func FuzzStrftime(f *testing.F) {
	f.Add("%Y-%m-%d %H:%M:%S %Z", int64(0))
	f.Add("%", int64(-1))
	f.Add("%c%%%Q%\xff", int64(1)<<40)
	f.Fuzz(func(t *testing.T, format string, sec int64) {
		sec %= 1 << 40
		if got := strftime(format, time.Unix(sec, 0).UTC()); len(got) > 40*len(format) {
			t.Errorf("%q gives %d bytes", format, len(got))
		}
	})
}

// No schema and no value make validation fail in another way than with an error,
// and a schema that compiles does so again from the cache.
func FuzzValidate(f *testing.F) {
	f.Add(`{"type": "object", "required": ["a"]}`, `{"a": 1}`)
	f.Add(`{"enum": [1e999999999, 1]}`, `1`)
	f.Add(`{"$ref": "#"}`, `null`)
	f.Add(`{"$ref": "file:///x"}`, `null`)
	f.Add(`{"pattern": "("}`, `"x"`)
	f.Add(`{"uniqueItems": true, "contains": {"multipleOf": 1e-300}}`, `[1, 1.5, "x", [], {}]`)
	f.Add(`{"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "exclusiveMinimum": true}`, `1`)
	f.Add(`{"properties": [], "$defs": {"a/b": []}, "items": {"type": "object", "properties": {"~": []}}}`, `[[], {"~": []}, []]`)
	f.Fuzz(func(t *testing.T, schema, value string) {
		s := &schemas{known: map[[32]byte]*jsonschema.Schema{}}
		compiled, err := s.compile([]byte(schema))
		if err != nil {
			return
		}
		again, err := s.compile([]byte(schema))
		if err != nil || again != compiled {
			t.Errorf("compiled again: %v", err)
		}
		for _, table := range []bool{false, true} {
			_ = check(compiled, []byte(value), table)
		}
	})
}
