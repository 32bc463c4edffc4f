package registry

import (
	"maps"
	"slices"
)

// KindInfo is what is known about one kind of entry.
type KindInfo struct {
	Schema Schema
	Doc    string // one sentence
	// DataOnly kinds are stored without being offered to a component.
	DataOnly bool
}

// Kinds says what entries of each kind look like. Nil stands for "not known": then
// nothing is checked.
type Kinds map[string]KindInfo

// Names returns all kinds in order.
func (ks Kinds) Names() []string { return slices.Sorted(maps.Keys(ks)) }

// Check decodes every entry and looks up what it refers to. It reports unknown
// kinds, what Schema.Decode finds, and references to entries that are not there or
// are of another kind, sorted by file and line.
func (ks Kinds) Check(es Entries) Problems {
	if ks == nil {
		return nil
	}
	var problems Problems
	for _, id := range es.IDs() {
		problems = append(problems, ks.CheckEntry(es[id], es)...)
	}
	problems.Sort()
	return problems
}

// CheckEntry checks one entry among all others, as Check does.
func (ks Kinds) CheckEntry(e Entry, all Entries) Problems {
	info, ok := ks[e.Kind]
	if !ok {
		p := problemAt(e, Error, []string{"kind"}, `unknown kind "`+e.Kind+`"`, DidYouMean(e.Kind, ks.Names()))
		if p.Hint == "" {
			p.Hint = "use one of the kinds this runtime has"
		}
		return Problems{p}
	}
	_, refs, problems := info.Schema.Decode(e)
	for _, ref := range refs {
		if !ref.Must {
			continue
		}
		target, ok := all[ref.ID]
		switch {
		case !ok:
			hint := "declare it or correct the reference"
			if near, ok := all.Nearest(ref.ID); ok {
				hint = `did you mean "` + near.String() + `"?`
			}
			p := problemAt(e, Error, ref.Path, FieldPath(ref.Path...)+` refers to "`+ref.ID.String()+`", which does not exist`, hint)
			p.missing = ref.ID
			problems = append(problems, p)
		case !ref.accepts(target.Kind):
			problems = append(problems, problemAt(e, Error, ref.Path,
				FieldPath(ref.Path...)+` refers to "`+ref.ID.String()+`", which is a `+target.Kind, "expected an entry of kind "+ref.Kinds))
		case ref.ID == e.ID:
			problems = append(problems, problemAt(e, Error, ref.Path, FieldPath(ref.Path...)+" refers to the entry itself", "name another one"))
		}
	}
	return problems
}

// checkOps checks the entries that operations create or update, and that nothing
// uses those that they delete.
func (ks Kinds) checkOps(ops []Op, after Entries) Problems {
	if ks == nil {
		return nil
	}
	var problems Problems
	touched, gone := map[ID]bool{}, map[ID]bool{}
	for _, op := range ops {
		if touched[op.Entry.ID] = true; op.Kind == Delete {
			gone[op.Entry.ID] = true
			continue
		}
		problems = append(problems, ks.CheckEntry(op.Entry, after)...)
	}
	if len(gone) > 0 {
		problems = append(problems, ks.users(gone, touched, after)...)
	}
	problems.Sort()
	return problems
}

// users reports what entries that stay as they are need of those that are gone.
func (ks Kinds) users(gone, touched map[ID]bool, after Entries) (problems Problems) {
	wanted := names{}
	for id := range gone {
		wanted[id.Name], wanted[id.String()] = true, true
	}
	for id, e := range after {
		// Reading all entries anew is slow: most do not even name what is gone.
		if touched[id] || !wanted.in(e.Data) && !wanted.in(e.Meta) {
			continue
		}
		info, ok := ks[e.Kind]
		if !ok {
			continue
		}
		_, refs, _ := info.Schema.Decode(e)
		for _, ref := range refs {
			if ref.Must && gone[ref.ID] {
				problems = append(problems, problemAt(e, Error, ref.Path,
					FieldPath(ref.Path...)+` uses "`+ref.ID.String()+`", which is to be deleted`, "delete or change "+id.String()+" in the same change"))
			}
		}
	}
	return problems
}

// names are texts to look for.
type names map[string]bool

// in reports whether plain data holds one of them.
func (n names) in(v any) bool {
	switch v := v.(type) {
	case string:
		return n[v]
	case []any:
		return slices.ContainsFunc(v, n.in)
	case map[string]any:
		for _, x := range v {
			if n.in(x) {
				return true
			}
		}
	}
	return false
}
