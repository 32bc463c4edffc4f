package modules

import (
	"bytes"
	"crypto/sha256"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// jsonModule makes the module; each has a cache of compiled schemas of its own.
func jsonModule() lua.Module {
	cache := &schemas{known: map[[32]byte]*jsonschema.Schema{}}
	return lua.Module{
		Name:  "json",
		Doc:   "JSON and JSON Schema.",
		Class: []lua.Class{lua.Encoding, lua.Deterministic},
		Funcs: []lua.Func{
			{
				Sig: "encode(value: any): string, error?",
				Doc: "Writes a value as JSON. Tables with keys 1…n are arrays, with string keys objects; an empty table is an array unless it once had string keys. nil, NaN and objects are null.",
				Do: func(c *lua.Call) error {
					b, err := messages.EncodeJSON(c.Value(0))
					if err != nil {
						return err
					}
					return c.Return(string(b))
				},
				Try: `return json.encode({1, 2.5, "a"}), json.encode({}), json.encode({a = true})`, Gives: `[1,2.5,"a"], [], {"a":true}`,
			},
			{
				Sig: "decode(text: any): any, error?",
				Doc: "Reads JSON. null is nil, so the key is absent.",
				Do: func(c *lua.Call) error {
					v, err := decodeJSON(c, 0)
					if err != nil {
						return err
					}
					return c.Return(v)
				},
				Try: `local t = json.decode('{"a": [1, null, 2], "b": null}'); return t.a[3], t.b; `, Gives: "2, nil",
			},
			{
				Sig: "validate(schema: any, value: any): boolean, error?",
				Doc: "Reports whether a value fits a JSON Schema, given as a table or as text; what does not fit is in the error.",
				Do: func(c *lua.Call) error {
					return cache.validate(c, messages.Native(c.Value(1)))
				},
				Try: `return json.validate({type = "object", required = {"a"}}, {a = 1})`, Gives: "true",
			},
			{
				Sig: "validate_string(schema: any, text: any): boolean, error?",
				Doc: "The same for a value that is JSON text.",
				Do: func(c *lua.Call) error {
					v, err := decodeJSON(c, 1)
					if err != nil {
						return c.Return(false, messages.Errorf(messages.Invalid, "%s", err))
					}
					return cache.validate(c, messages.Native(v))
				},
				Try: `local ok, err = json.validate_string('{"type": "number"}', '"x"'); return ok, err:kind()`, Gives: "false, Invalid",
			},
		},
	}
}

func decodeJSON(c *lua.Call, i int) (messages.Value, error) {
	if c.TypeOf(i) != "string" {
		return nil, messages.Errorf(messages.Invalid, "string expected, got %s", c.TypeOf(i))
	}
	s := c.String(i)
	if s == "" {
		return nil, messages.Errorf(messages.Invalid, "empty string is not valid JSON")
	}
	v, err := messages.DecodeJSON([]byte(s))
	if err != nil {
		return nil, messages.Because(messages.Internal, "decode failed", err)
	}
	return v, nil
}

// schemas keeps compiled schemas by the hash of their text.
type schemas struct {
	mu    sync.Mutex
	known map[[32]byte]*jsonschema.Schema
}

// schemaCache bounds the compiled schemas that are kept.
const schemaCache = 1000

func (s *schemas) validate(c *lua.Call, v any) error {
	schema, err := s.compile(c)
	if err != nil {
		return c.Return(false, messages.Errorf(messages.Invalid, "invalid schema: %s", err))
	}
	if err := schema.Validate(jsonNumbers(v)); err != nil {
		return c.Return(false, messages.Errorf(messages.Invalid, "%s", err))
	}
	return c.Return(true)
}

func (s *schemas) compile(c *lua.Call) (*jsonschema.Schema, error) {
	text := []byte(c.String(0))
	if t := c.Table(0); t != nil {
		var err error
		if text, err = messages.EncodeJSON(t); err != nil {
			return nil, err
		}
	}
	sum := sha256.Sum256(text)
	s.mu.Lock()
	schema := s.known[sum]
	s.mu.Unlock()
	if schema != nil {
		return schema, nil
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if list, ok := doc.([]any); ok && len(list) == 0 {
		doc = map[string]any{} // an empty table stands for the schema that allows all
	}
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource("schema.json", doc); err != nil {
		return nil, err
	}
	if schema, err = compiler.Compile("schema.json"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= schemaCache {
		clear(s.known)
	}
	s.known[sum] = schema
	return schema, nil
}

// noLoader keeps schemas from reading files and the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, messages.Errorf(messages.Invalid, "a schema cannot refer to %s: only to its own parts", url)
}

// jsonNumbers gives whole numbers the type the schema library knows.
func jsonNumbers(v any) any {
	switch v := v.(type) {
	case int64:
		return float64(v)
	case []any:
		for i := range v {
			v[i] = jsonNumbers(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = jsonNumbers(v[k])
		}
	case *messages.Error:
		return v.Error()
	}
	return v
}
