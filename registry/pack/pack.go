// Package pack reads and writes application archives: one zip file with all
// entries of an application and the files of its fs.embed entries.
//
// It holds a manifest (troupe.json), the entries of each namespace in the form of
// an entry file (entries/, those of modules below modules/), texts that JSON cannot
// carry (inline/) and the embedded files (files/).
package pack

import (
	"net/url"
	"path"

	"github.com/troupe-go/troupe/registry"
)

// Format is the version of archives that this package writes, and the highest it
// reads.
const Format = 1

// manifestName is the file that tells an archive of ours from any other zip file.
const manifestName = "troupe.json"

// mark is the first field of every manifest.
const mark = "application archive"

// Manifest describes an archive.
type Manifest struct {
	Troupe      string            `json:"troupe"` // always mark
	Format      int               `json:"format"`
	Description string            `json:"description,omitempty"`
	Tags        []string          `json:"tags,omitempty"`
	Meta        map[string]string `json:"meta,omitempty"`
	Modules     []Module          `json:"modules,omitempty"`
}

// Module is a module whose entries are in the archive.
type Module struct {
	Name    string `json:"name"` // organisation/name
	Version string `json:"version,omitempty"`
}

// The folders of an archive.
const (
	entriesDir = "entries"
	modulesDir = "modules"
	inlineDir  = "inline"
	filesDir   = "files"
)

// root is the folder that holds the entries of a module, or of the application.
func root(module string) string {
	if module == "" {
		return entriesDir
	}
	return path.Join(modulesDir, url.QueryEscape(module))
}

// filesOf is the folder of the files of an fs.embed entry.
func filesOf(id registry.ID) string { return path.Join(filesDir, url.QueryEscape(id.String())) }
