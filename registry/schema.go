package registry

import (
	"fmt"
	"reflect"
	"strings"
)

// Schema is what the config struct of a kind says about its entries: the one
// source for decoding, defaults, checks, references, documentation and JSON
// Schema. The zero Schema accepts any data and decodes it to itself.
type Schema struct {
	typ    reflect.Type
	fields []Field
	open   bool // unknown fields are fine
}

// Field is one field of a kind.
type Field struct {
	Name     string // as written, "meta.server" for one in the metadata
	Type     string // for readers: string, integer, number, boolean, duration, any, object, "list of …", "map of …"
	Doc      string
	Default  string // as written in a file; "" for none
	Min, Max string // bounds of a number, a duration, or the length of a string, list or map
	OneOf    []string
	Required bool
	Verbatim bool    // program text: placeholders in it are not ours
	Ref      string  // kinds of the entry it names, as in the tag; "" for no reference
	Fields   []Field // of an object, or of the elements of a list or map of objects

	typ    reflect.Type
	index  []int
	inline bool // a map that takes the fields nobody else does
	def    any  // Default as plain data
}

// Ref is a reference from one entry to another.
type Ref struct {
	Path  []string // of the field, as Entry.At takes it
	ID    ID
	Kinds string // patterns of the kinds it may have, "a|b.*"; "" for any
	Must  bool   // the target must exist; otherwise the reference only counts for the order
}

func (r Ref) accepts(kind string) bool {
	if r.Kinds == "" {
		return true
	}
	for p := range strings.SplitSeq(r.Kinds, "|") {
		p = strings.TrimSpace(p)
		if prefix, ok := strings.CutSuffix(p, "*"); p == kind || (ok && strings.HasPrefix(kind, prefix)) {
			return true
		}
	}
	return false
}

// Validator is implemented by configs, also nested ones, with rules of their own.
// It is called once the fields are filled in and only if they are all right. The
// error should say what is wrong with which field; a FieldError also says where.
type Validator interface{ Validate() error }

// FieldError is an error of a Validator about one field.
type FieldError struct {
	Path []string // below the struct that Validate was called on
	Text string
	Hint string
}

// Error returns path, text and hint.
func (e *FieldError) Error() string {
	s := e.Text
	if len(e.Path) > 0 {
		s = FieldPath(e.Path...) + ": " + s
	}
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	return s
}

// SchemaOf reads the schema off a config struct. Every exported field needs a
// yaml tag; the tags are
//
//	yaml:"name"        its name; "meta.x" for a metadata field; ",inline" for an
//	                   embedded struct, or a map that takes all other fields; "-" to leave it out
//	default:"…"        used where the field is absent; lists as "a, b"
//	required:"true"    absent, null and "" are errors
//	min:"…" max:"…"    bounds of a number, a duration, or the length of anything else
//	oneof:"a|b"        the only values of a string, or of the elements of a list
//	ref:"kind|kind.*"  a string, or list or map of strings, that names entries of these
//	                   kinds; "*" for any kind. With a leading "?", as in "?*", the
//	                   target need not exist
//	doc:"…"            a sentence for the reference pages
//
// Types are string, bool, integers, floats, time.Duration, structs, pointers,
// slices and string-keyed maps of these, any, and types whose pointer implements
// encoding.TextUnmarshaler. A struct that cannot be read is a mistake
// in the program and panics, naming the field.
func SchemaOf[C any]() Schema {
	t := reflect.TypeFor[C]()
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("registry.SchemaOf: %s is not a struct", t))
	}
	return Schema{typ: t, fields: fieldsOf(t, nil)}
}

// OpenSchemaOf is SchemaOf for kinds whose unknown fields are not a mistake.
func OpenSchemaOf[C any]() Schema {
	s := SchemaOf[C]()
	s.open = true
	return s
}

// Decode is Schema.Decode for a known type. The config is complete only if
// problems.Err() is nil.
func Decode[C any](e Entry) (c C, refs []Ref, problems Problems) {
	v, refs, problems := SchemaOf[C]().Decode(e)
	return v.(C), refs, problems
}

// Fields returns the fields in the order of the struct.
func (s Schema) Fields() []Field { return s.fields }

func fieldsOf(t reflect.Type, outer []reflect.Type) []Field {
	for _, o := range outer {
		if o == t {
			panic(fmt.Sprintf("registry.SchemaOf: %s contains itself; use any for recursive data", t))
		}
	}
	outer = append(outer[:len(outer):len(outer)], t)
	var fields []Field
	for i := range t.NumField() {
		sf := t.Field(i)
		name, opts, _ := strings.Cut(sf.Tag.Get("yaml"), ",")
		inline := opts == "inline"
		switch {
		case name == "-":
			continue
		case sf.Type.Kind() == reflect.Struct && (inline || (sf.Anonymous && name == "")):
			for _, f := range fieldsOf(sf.Type, outer) {
				f.index = append([]int{i}, f.index...)
				fields = append(fields, f)
			}
			continue
		case !sf.IsExported():
			continue
		case inline && sf.Type == reflect.TypeFor[map[string]any]():
		case name == "":
			panic(fmt.Sprintf("registry.SchemaOf: %s.%s needs a yaml tag", t, sf.Name))
		}
		f := Field{
			Name: name, Doc: sf.Tag.Get("doc"), Default: sf.Tag.Get("default"),
			Min: sf.Tag.Get("min"), Max: sf.Tag.Get("max"), Required: sf.Tag.Get("required") == "true",
			Ref: sf.Tag.Get("ref"), Verbatim: sf.Tag.Get("verbatim") == "true", typ: sf.Type, index: []int{i}, inline: inline,
		}
		if v := sf.Tag.Get("oneof"); v != "" {
			f.OneOf = strings.Split(v, "|")
		}
		f.Type = typeName(sf.Type)
		if st := elementStruct(sf.Type); st != nil {
			f.Fields = fieldsOf(st, outer)
		}
		f.prepare(t, sf.Name)
		fields = append(fields, f)
	}
	return fields
}

// prepare tries the tags of a field once, so that a mistake in them shows in the
// first test of the kind and not with the first user.
func (f *Field) prepare(t reflect.Type, goName string) {
	fail := func(what string, err error) {
		panic(fmt.Sprintf("registry.SchemaOf: %s.%s: %s: %v", t, goName, what, err))
	}
	if f.Type == "" {
		fail("type", fmt.Errorf("%s cannot be decoded", f.typ))
	}
	if f.Default != "" {
		def, err := parseDefault(f.typ, f.Default)
		if err != nil {
			fail("default", err)
		}
		f.def = def
		d := decoder{}
		d.value(reflect.New(f.typ).Elem(), *f, def, []string{f.Name})
		if err := d.problems.Err(); err != nil {
			fail("default", err)
		}
	}
	for _, bound := range []string{f.Min, f.Max} {
		if bound == "" {
			continue
		}
		if _, err := parseBound(f.typ, bound); err != nil {
			fail("min or max", err)
		}
	}
}
