package actors

import (
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

// Permissions reads the permissions of files that an entry gives: an octal string,
// or the number that the file format has already made of one.
func Permissions(v any) (fs.FileMode, error) {
	var n int64
	switch v := v.(type) {
	case int64:
		n = v
	case string:
		var err error
		if n, err = strconv.ParseInt(strings.TrimPrefix(v, "0o"), 8, 64); err != nil {
			return 0, fmt.Errorf("%q is no octal number", v)
		}
	default:
		return 0, fmt.Errorf("%v is no octal number", v)
	}
	if n <= 0 || n > 0o777 {
		return 0, fmt.Errorf("%#o is no set of permissions", n)
	}
	return fs.FileMode(n), nil
}

// EmbeddedKey finds the files of fs.embed entries, by id.
var EmbeddedKey = NewKey[map[string]fs.FS]("embedded files")

// ModuleDirsKey finds the root folders of modules that are folders on this
// machine, absolute, by name.
var ModuleDirsKey = NewKey[map[string]string]("module folders")
