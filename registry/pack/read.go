package pack

import (
	"archive/zip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/troupe-go/troupe/registry"
)

// Archive is an open archive. It is an fs.FS of everything in it, whose files can be
// read from any place, and it is safe for use by several goroutines.
type Archive struct {
	Manifest Manifest

	zip   *zip.Reader
	raw   io.ReaderAt
	files map[string]*zip.File
}

// maxText bounds a file of an archive that is read as a whole.
const maxText = 256 << 20

// Open opens an archive and reads all of it once: one that is damaged, that
// somebody else made, or that this version cannot read, is an error here and not
// later.
func Open(r io.ReaderAt, size int64) (*Archive, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, fmt.Errorf("it is damaged, or no application archive: %w; pack the application again", err)
	}
	a := &Archive{zip: z, raw: r, files: make(map[string]*zip.File, len(z.File))}
	for _, f := range z.File {
		if a.files[f.Name] != nil || !fs.ValidPath(strings.TrimSuffix(f.Name, "/")) {
			return nil, damaged(f.Name, errors.New("the name is used twice, or leads out of the archive"))
		}
		a.files[f.Name] = f
	}
	if err := a.manifest(); err != nil {
		return nil, err
	}
	for _, f := range z.File {
		if err := check(f); err != nil {
			return nil, damaged(f.Name, err)
		}
	}
	return a, nil
}

func damaged(name string, err error) error {
	return fmt.Errorf("it is damaged: %s: %w; pack the application again", name, err)
}

func (a *Archive) manifest() error {
	foreign := errors.New("it is a zip file but no application archive of Troupe; make one with 'troupe pack'")
	f := a.files[manifestName]
	if f == nil {
		return foreign
	}
	content, err := read(f)
	if err != nil {
		return damaged(manifestName, err)
	}
	var head struct {
		Troupe string `json:"troupe"`
		Format int    `json:"format"`
	}
	if json.Unmarshal(content, &head) != nil || head.Troupe != mark || head.Format < 1 {
		return foreign
	}
	if head.Format > Format {
		return fmt.Errorf("it has format %d, and this version of troupe reads up to %d; use a newer troupe", head.Format, Format)
	}
	if err := json.Unmarshal(content, &a.Manifest); err != nil {
		return damaged(manifestName, err)
	}
	return nil
}

// check reads a file to the end, which compares its check sum.
func check(f *zip.File) error {
	if strings.HasPrefix(f.Name, filesDir+"/") {
		if f.Method != zip.Store || f.CompressedSize64 != f.UncompressedSize64 {
			return errors.New("an embedded file is compressed")
		}
	} else if f.UncompressedSize64 > maxText {
		return errors.New("it is too large")
	}
	r, err := f.Open()
	if err != nil {
		return err
	}
	defer r.Close() //nolint:errcheck // it was only read
	n, err := io.Copy(io.Discard, io.LimitReader(r, int64(f.UncompressedSize64)+1))
	if err == nil && uint64(n) != f.UncompressedSize64 {
		err = io.ErrUnexpectedEOF
	}
	return err
}

func read(f *zip.File) ([]byte, error) {
	r, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer r.Close() //nolint:errcheck // it was only read
	content, err := io.ReadAll(io.LimitReader(r, maxText+1))
	if err == nil && len(content) > maxText {
		err = errors.New("it is too large")
	}
	return content, err
}

// Sources are the entries of the archive, the application's own first, under the
// name that messages have for the archive.
func (a *Archive) Sources(name string) []registry.Source {
	modules := map[string]bool{}
	for file := range a.files {
		if rest, ok := strings.CutPrefix(file, modulesDir+"/"); ok {
			dir, _, _ := strings.Cut(rest, "/")
			if module, err := url.QueryUnescape(dir); err == nil && module != "" {
				modules[module] = true
			}
		}
	}
	sources := []registry.Source{{FS: a, Root: entriesDir, Name: name}}
	if _, err := fs.Stat(a.zip, entriesDir); err != nil {
		sources = nil // all of it are modules
	}
	for _, module := range slices.Sorted(maps.Keys(modules)) {
		sources = append(sources, registry.Source{FS: a, Root: root(module), Name: name, Module: module})
	}
	return sources
}

// Modules are the modules whose entries are in the archive.
func (a *Archive) Modules() []registry.Module {
	out := make([]registry.Module, len(a.Manifest.Modules))
	for i, m := range a.Manifest.Modules {
		out[i] = registry.Module{Name: m.Name, Version: m.Version}
	}
	return out
}

// Embedded are the files of the fs.embed entries, by id.
func (a *Archive) Embedded() (map[string]fs.FS, error) {
	out := map[string]fs.FS{}
	list, err := fs.ReadDir(a.zip, filesDir)
	if errors.Is(err, fs.ErrNotExist) {
		return out, nil
	}
	if err != nil {
		return nil, err
	}
	for _, d := range list {
		id, err := url.QueryUnescape(d.Name())
		if err != nil {
			return nil, damaged(filesDir+"/"+d.Name(), err)
		}
		if out[id], err = fs.Sub(a, filesDir+"/"+d.Name()); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Open implements fs.FS.
func (a *Archive) Open(name string) (fs.File, error) {
	f := a.files[name]
	if f == nil || f.Method != zip.Store {
		return a.zip.Open(name)
	}
	offset, err := f.DataOffset()
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: name, Err: err}
	}
	return &stored{io.NewSectionReader(a.raw, offset, int64(f.UncompressedSize64)), f}, nil
}

// stored is an open file that is in the archive as it is.
type stored struct {
	*io.SectionReader
	file *zip.File
}

// Stat implements fs.File.
func (s *stored) Stat() (fs.FileInfo, error) { return s.file.FileInfo(), nil }

// Close implements fs.File.
func (s *stored) Close() error { return nil }
