package registry

import (
	"reflect"
	"strconv"
	"strings"
)

// Markdown renders the fields as a table for the reference pages; the fields of
// objects follow them, with the path in front.
func (s Schema) Markdown() string {
	var b strings.Builder
	b.WriteString("| Field | Type | Default | Meaning |\n|---|---|---|---|\n")
	writeFields(&b, s.fields, "")
	return b.String()
}

func writeFields(b *strings.Builder, fields []Field, prefix string) {
	for _, f := range fields {
		if f.inline {
			b.WriteString("| *others* | " + cell(f.Type) + " | – | " + cell(f.Doc) + " |\n")
			continue
		}
		name := prefix + f.Name
		mark := ""
		if f.Required {
			mark = "\\*"
		}
		def := "–"
		if f.Default != "" {
			def = "`" + cell(f.Default) + "`"
		}
		b.WriteString("| `" + name + "`" + mark + " | " + cell(f.words()) + " | " + def + " | " + cell(f.Doc) + " |\n")
		switch {
		case strings.HasPrefix(f.Type, "list of "):
			name += "[]"
		case strings.HasPrefix(f.Type, "map of "):
			name += ".*"
		}
		writeFields(b, f.Fields, name+".")
	}
}

// words is the type with everything else that a value must satisfy.
func (f Field) words() string {
	s := f.Type
	if len(f.OneOf) > 0 {
		s += ": " + strings.Join(f.OneOf, ", ")
	}
	switch {
	case f.Min != "" && f.Max != "":
		s += ", " + f.Min + " to " + f.Max
	case f.Min != "":
		s += ", at least " + f.Min
	case f.Max != "":
		s += ", at most " + f.Max
	}
	if kinds := strings.TrimPrefix(f.Ref, "?"); kinds == "*" {
		s += ", names an entry"
	} else if kinds != "" {
		s += ", names " + strings.ReplaceAll(kinds, "|", " or ")
	}
	return s
}

func cell(s string) string {
	return strings.NewReplacer("|", "\\|", "\n", " ").Replace(s)
}

// JSONSchema returns the schema of an entry's data, with the fields of the metadata
// under "meta", as a JSON Schema (2020-12) document for editors.
func (s Schema) JSONSchema() map[string]any {
	if s.typ == nil {
		return map[string]any{}
	}
	doc := objectSchema(s.fields, s.open)
	doc["$schema"] = "https://json-schema.org/draft/2020-12/schema"
	return doc
}

func objectSchema(fields []Field, open bool) map[string]any {
	props, meta := map[string]any{}, []Field(nil)
	var required []any
	for _, f := range fields {
		if f.inline {
			open = true
			continue
		}
		if name, ok := strings.CutPrefix(f.Name, "meta."); ok {
			f.Name = name
			meta = append(meta, f)
			continue
		}
		props[f.Name] = f.schema()
		if f.Required {
			required = append(required, f.Name)
		}
	}
	if len(meta) > 0 {
		props["meta"] = objectSchema(meta, true)
		required = appendIfRequired(required, meta)
	}
	doc := map[string]any{"type": "object", "properties": props}
	if len(required) > 0 {
		doc["required"] = required
	}
	if !open {
		doc["additionalProperties"] = false
	}
	return doc
}

func appendIfRequired(required []any, meta []Field) []any {
	for _, f := range meta {
		if f.Required {
			return append(required, "meta")
		}
	}
	return required
}

func (f Field) schema() map[string]any {
	doc := typeSchema(f.typ, f)
	if f.Doc != "" {
		doc["description"] = f.Doc
	}
	if f.def != nil {
		doc["default"] = f.def
	}
	return doc
}

func typeSchema(t reflect.Type, f Field) map[string]any {
	doc := map[string]any{}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch name := typeName(t); {
	case name == "object":
		return objectSchema(f.Fields, false)
	case strings.HasPrefix(name, "list of "):
		doc["type"], doc["items"] = "array", typeSchema(t.Elem(), f.element())
		limits(doc, f, "minItems", "maxItems")
	case strings.HasPrefix(name, "map of "):
		doc["type"], doc["additionalProperties"] = "object", typeSchema(t.Elem(), f.element())
		limits(doc, f, "minProperties", "maxProperties")
	case name == "integer" || name == "number" || name == "boolean":
		doc["type"] = name
		limits(doc, f, "minimum", "maximum")
	case name == "duration":
		doc["type"], doc["pattern"] = []any{"string", "integer"}, `^(0|[-+]?([0-9]+(\.[0-9]*)?(ns|us|µs|ms|s|m|h))+)$`
		doc["maximum"], doc["minimum"] = int64(0), int64(0)
	case name != "any":
		doc["type"] = "string"
		limits(doc, f, "minLength", "maxLength")
		if len(f.OneOf) > 0 {
			var list []any
			for _, v := range f.OneOf {
				list = append(list, v)
			}
			doc["enum"] = list
		}
	}
	return doc
}

// element is the field as it counts for the elements of a list or map: bounds are
// for the list itself.
func (f Field) element() Field {
	f.Min, f.Max = "", ""
	return f
}

func limits(doc map[string]any, f Field, low, high string) {
	for key, text := range map[string]string{low: f.Min, high: f.Max} {
		if n, err := strconv.ParseInt(text, 10, 64); err == nil {
			doc[key] = n
		} else if x, err := strconv.ParseFloat(text, 64); err == nil {
			doc[key] = x
		}
	}
}
