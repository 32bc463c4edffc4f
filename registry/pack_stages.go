package registry

import "strings"

// EmbedFS is the stage that makes folders part of an application: every
// fs.directory that is chosen becomes an fs.embed, and found is told what it was.
func EmbedFS(chosen func(ID) bool, found func(Entry)) Stage {
	return StageFunc("embedfs", func(es Entries) (Entries, Problems) {
		es = es.Clone()
		for _, e := range es.Sorted() {
			if e.Kind != "fs.directory" || !chosen(e.ID) {
				continue
			}
			found(e)
			e.Kind, e.Data = "fs.embed", map[string]any{}
			es[e.ID] = e
		}
		return es, nil
	})
}

// Bytecode is the stage that compiles the Lua entries that are chosen: each gets
// the kind with ".bc" at its end and what compile makes of it as its source.
func Bytecode(chosen func(ID) bool, compile func(Entry) (string, error)) Stage {
	return StageFunc("bytecode", func(es Entries) (Entries, Problems) {
		var problems Problems
		es = es.Clone()
		for _, e := range es.Sorted() {
			if kind, ok := strings.CutSuffix(e.Kind, ".lua"); !ok || kind != "function" && kind != "process" && kind != "library" || !chosen(e.ID) {
				continue
			}
			code, err := compile(e)
			if err != nil {
				problems = append(problems, problemAt(e, Error, []string{"source"}, err.Error(), "correct the code"))
				continue
			}
			e = e.Clone()
			e.Kind += ".bc"
			if fields := e.Fields(); fields != nil {
				fields["source"] = code
			}
			es[e.ID] = e
		}
		return es, problems
	})
}
