package modules

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

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
				Doc: "Writes a value as JSON. Tables with keys 1…n are arrays, with string keys objects; an empty table is an array unless it once had string keys. nil, NaN and objects are null, error objects their text.",
				Do: func(c *lua.Call) error {
					b, err := messages.EncodeJSON(c.Encodable(0))
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
					text, err := messages.EncodeJSON(c.Encodable(1))
					if err != nil {
						return invalid(c, "the value", err)
					}
					return cache.validate(c, text, true)
				},
				Try: `return json.validate({type = "object", required = {"a"}}, {a = 1})`, Gives: "true",
			},
			{
				Sig: "validate_string(schema: any, text: any): boolean, error?",
				Doc: "The same for a value that is JSON text.",
				Do: func(c *lua.Call) error {
					if _, err := decodeJSON(c, 1); err != nil {
						return invalid(c, "the value", err)
					}
					return cache.validate(c, []byte(c.String(1)), false)
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
	return messages.DecodeJSON([]byte(s))
}

// invalid answers false and an Invalid error that says what is wrong with what.
func invalid(c *lua.Call, what string, err error) error {
	return c.Return(false, messages.Because(messages.Invalid, what+" is not valid", err))
}

// schemas keeps compiled schemas by the hash of their text.
type schemas struct {
	mu    sync.Mutex
	known map[[32]byte]*jsonschema.Schema
}

// schemaCache bounds the compiled schemas that are kept.
const schemaCache = 1000

// maxValidated bounds the text of a schema or value: tables that share parts
// can describe far more than they hold.
const maxValidated = 64 << 20

// validate checks JSON text with the schema that is the first argument; table
// says that the text was made of a Lua value.
func (s *schemas) validate(c *lua.Call, text []byte, table bool) error {
	source := []byte(c.String(0))
	if c.TypeOf(0) == "table" {
		var err error
		if source, err = messages.EncodeJSON(c.Value(0)); err != nil {
			return invalid(c, "the schema", err)
		}
	}
	schema, err := s.compile(source)
	if err != nil {
		return invalid(c, "the schema", err)
	}
	if err := check(schema, text, table); err != nil {
		return invalid(c, "the value", err)
	}
	return c.Return(true)
}

func check(schema *jsonschema.Schema, text []byte, table bool) error {
	v, err := plainJSON(text)
	if err != nil {
		return err
	}
	err = schema.Validate(v)
	for table && err != nil && emptyObjects(&v, err) {
		err = schema.Validate(v)
	}
	if err != nil {
		return oneLine(err)
	}
	return nil
}

// emptyObjects makes objects of the empty arrays in v of which a schema says
// that they should be some, and reports whether there was one: an empty Lua table
// is both, and only the schema knows which is meant.
func emptyObjects(v *any, err error) bool {
	if broken := (*jsonschema.SchemaValidationError)(nil); errors.As(err, &broken) {
		err = broken.Err
	}
	e := (*jsonschema.ValidationError)(nil)
	if !errors.As(err, &e) {
		return false
	}
	changed := false
	for _, cause := range e.Causes {
		changed = emptyObjects(v, cause) || changed
	}
	if t, ok := e.ErrorKind.(*kind.Type); ok && slices.Contains(t.Want, "object") {
		changed = emptyObject(v, e.InstanceLocation) || changed
	}
	return changed
}

// emptyObject makes an object of the empty array at a location in v.
func emptyObject(v *any, at []string) bool {
	switch here := (*v).(type) {
	case map[string]any:
		if len(at) > 0 {
			inner := here[at[0]]
			defer func() { here[at[0]] = inner }()
			return emptyObject(&inner, at[1:])
		}
	case []any:
		if len(at) > 0 {
			i, err := strconv.Atoi(at[0])
			return err == nil && i >= 0 && i < len(here) && emptyObject(&here[i], at[1:])
		}
		if len(here) == 0 {
			*v = map[string]any{}
			return true
		}
	}
	return false
}

// compile compiles the text of a schema, unless it is known.
func (s *schemas) compile(text []byte) (*jsonschema.Schema, error) {
	sum := sha256.Sum256(text)
	s.mu.Lock()
	schema := s.known[sum]
	s.mu.Unlock()
	if schema != nil {
		return schema, nil
	}
	doc, err := plainJSON(text)
	if err != nil {
		return nil, err
	}
	if list, ok := doc.([]any); ok && len(list) == 0 {
		doc = map[string]any{} // an empty table stands for the schema that allows all
	}
	schema, err = compileDoc(doc)
	for err != nil && emptyObjects(&doc, err) {
		schema, err = compileDoc(doc)
	}
	if err != nil {
		return nil, oneLine(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= schemaCache {
		clear(s.known)
	}
	s.known[sum] = schema
	return schema, nil
}

func compileDoc(doc any) (*jsonschema.Schema, error) {
	compiler := jsonschema.NewCompiler()
	compiler.UseLoader(noLoader{})
	if err := compiler.AddResource(schemaURL, doc); err != nil {
		return nil, err
	}
	return compiler.Compile(schemaURL)
}

// schemaURL is what a schema is known as while it is compiled. It is absolute,
// because the library takes any other name for a file.
const schemaURL = "json:schema"

// oneLine makes an error of the schema library one line without schemaURL.
func oneLine(err error) error {
	text := strings.ReplaceAll(err.Error(), schemaURL, "schema")
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = strings.TrimPrefix(strings.TrimSpace(lines[i]), "- ")
	}
	return messages.Errorf(messages.Invalid, "%s", strings.Join(lines, "; "))
}

// noLoader keeps schemas from reading files and the network.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, messages.Errorf(messages.Invalid, "a schema cannot refer to %s: only to its own parts", url)
}

// plainJSON reads JSON as the schema library wants it: null counts there, and
// numbers out of range, which it cannot handle, are an error.
func plainJSON(text []byte) (v any, err error) {
	if len(text) > maxValidated {
		return nil, messages.Errorf(messages.Invalid, "more than %d MiB; validate the parts on their own", maxValidated>>20)
	}
	if err := json.Unmarshal(text, &v); err != nil {
		return nil, messages.Errorf(messages.Invalid, "%s", err)
	}
	return v, nil
}
