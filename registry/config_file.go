package registry

import "gopkg.in/yaml.v3"

// DecodeFile reads a configuration file, YAML or JSON by its ending, into a struct
// with the tags SchemaOf describes: with defaults, unknown keys as warnings, and
// file and line in every problem. A file that cannot be parsed is an error. An
// empty file is an empty map.
func DecodeFile[C any](name string, content []byte) (C, Problems) {
	var zero C
	data, places, problems := readConfig(name, content)
	if problems.Err() != nil {
		return zero, problems
	}
	e := Entry{Data: data, Pos: Pos{File: name, Line: 1, Column: 1}, places: places}
	v, _, found := SchemaOf[C]().Decode(e)
	found.Sort()
	return v.(C), found
}

func readConfig(name string, content []byte) (any, *place, Problems) {
	docs, err := parseNodes(name, content)
	if err != nil {
		return nil, nil, Problems{{Pos: errorPos(name, content, err), Text: "cannot be parsed: " + parseError(err), Hint: "correct the syntax"}}
	}
	at := place{key: "data", line: 1, column: 1}
	if len(docs) == 0 || isNull(docs[0]) {
		return map[string]any{}, &place{kids: []place{at}}, nil
	}
	f := fileReader{src: Source{FS: noFiles{}}, path: name, display: name, budget: len(content) + 100_000}
	if docs[0].Kind != yaml.MappingNode {
		f.fail(docs[0], ID{}, nil, "the file is not a map", "write its settings by name")
		return nil, nil, f.problems
	}
	v, _ := f.value(docs[0], &at, ID{}, nil, false)
	return v, &place{kids: []place{at}}, f.problems
}
