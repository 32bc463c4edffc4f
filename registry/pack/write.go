package pack

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/troupe-go/troupe/registry"
)

// Write writes an archive of entries, and of the files of the fs.embed entries
// among them. The same input gives the same bytes. Format and mark of the
// manifest are set here.
func Write(w io.Writer, m Manifest, es registry.Entries, files map[registry.ID]fs.FS) error {
	p := packer{zip: zip.NewWriter(w)}
	m.Troupe, m.Format = mark, Format
	if err := p.json(manifestName, m); err != nil {
		return err
	}
	if err := p.entries(es); err != nil {
		return err
	}
	for _, id := range slices.SortedFunc(maps.Keys(files), registry.ID.Compare) {
		if err := p.folder(filesOf(id), files[id]); err != nil {
			return fmt.Errorf("packing the files of %s: %w", id, err)
		}
	}
	return p.zip.Close()
}

type packer struct {
	zip     *zip.Writer
	inlined int // files of inlineDir in the current root
}

func (p *packer) file(name string, content []byte) error {
	w, err := p.zip.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(content)
	return err
}

func (p *packer) json(name string, v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return p.file(name, b.Bytes())
}

// entryFile is an entry file as registry.Load reads it.
type entryFile struct {
	Version   string  `json:"version"`
	Namespace string  `json:"namespace"`
	Entries   []entry `json:"entries"`
}

type entry struct {
	Name string `json:"name"`
	Kind string `json:"kind"`
	Meta any    `json:"meta,omitempty"`
	Data any    `json:"data"`
}

// entries writes one file for each namespace of each module.
func (p *packer) entries(es registry.Entries) error {
	type place struct{ module, ns string }
	var order []place
	byPlace := map[place][]entry{}
	for _, e := range es.Sorted() {
		at := place{e.Module(), e.ID.NS}
		if byPlace[at] == nil {
			order = append(order, at)
		}
		out := entry{Name: e.ID.Name, Kind: e.Kind}
		var err error
		if e.Meta != nil {
			if out.Meta, err = p.plain(e.Meta, "", "meta"); err != nil {
				return fmt.Errorf("packing %s: %w", e.ID, err)
			}
		}
		if out.Data, err = p.plain(e.Data, root(at.module), "data"); err != nil {
			return fmt.Errorf("packing %s: %w", e.ID, err)
		}
		byPlace[at] = append(byPlace[at], out)
	}
	for _, at := range order {
		name := path.Join(root(at.module), url.QueryEscape(at.ns)+".json")
		if err := p.json(name, entryFile{"1.0", at.ns, byPlace[at]}); err != nil {
			return err
		}
	}
	return nil
}

// plain makes a value one that JSON keeps as it is. What JSON cannot carry, and
// what would be taken for the name of a file, goes into a file below root, from
// where loading takes it back; with an empty root there is no such way.
func (p *packer) plain(v any, root, at string) (any, error) {
	switch v := v.(type) {
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return nil, fmt.Errorf("field %s is %v, which an archive cannot hold; write it as text", at, v)
		}
		text := strconv.FormatFloat(v, 'g', -1, 64)
		if !strings.ContainsAny(text, ".e") { // or it would come back as an integer
			text += ".0"
		}
		return json.Number(text), nil
	case string:
		switch {
		case root == "" && !utf8.ValidString(v):
			return nil, fmt.Errorf("field %s is not text, which metadata in an archive must be; move it out of meta", at)
		case root == "" || utf8.ValidString(v) && !strings.HasPrefix(v, "file://"):
			return v, nil
		}
		p.inlined++
		name := path.Join(inlineDir, strconv.Itoa(p.inlined))
		return "file:///" + name, p.file(path.Join(root, name), []byte(v))
	case []any:
		out := make([]any, len(v))
		for i, item := range v {
			var err error
			if out[i], err = p.plain(item, root, at+"."+strconv.Itoa(i)); err != nil {
				return nil, err
			}
		}
		return out, nil
	case map[string]any:
		out := make(map[string]any, len(v))
		for _, key := range slices.Sorted(maps.Keys(v)) {
			if !utf8.ValidString(key) {
				return nil, fmt.Errorf("field %s has a key that is not text: %q", at, key)
			}
			var err error
			if out[key], err = p.plain(v[key], root, at+"."+key); err != nil {
				return nil, err
			}
		}
		return out, nil
	}
	return v, nil
}

// folder writes the files of an entry as they are, so that they can be read from
// any place in them. A symbolic link to a file becomes that file.
func (p *packer) folder(dir string, files fs.FS) error {
	return fs.WalkDir(files, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		at := path.Join(dir, name)
		if d.IsDir() {
			_, err := p.zip.CreateHeader(&zip.FileHeader{Name: at + "/"})
			return err
		}
		info, err := fs.Stat(files, name)
		if err != nil {
			return err
		}
		if !info.Mode().IsRegular() {
			return fmt.Errorf("%s is neither a file nor a folder; remove it, or do not embed the folder", name)
		}
		f, err := files.Open(name)
		if err != nil {
			return err
		}
		defer f.Close() //nolint:errcheck // it was only read
		h := &zip.FileHeader{Name: at, Method: zip.Store, Modified: info.ModTime().UTC()}
		h.SetMode(0o444)
		w, err := p.zip.CreateHeader(h)
		if err != nil {
			return err
		}
		_, err = io.Copy(w, f)
		return err
	})
}
