package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/registry"
)

func (p *program) initCommand() *cobra.Command {
	var src, modules, lock string
	c := &cobra.Command{
		Use:     "init",
		Short:   "Write wippy.lock and begin an application",
		Example: "  troupe init\n  troupe init -d ./app --modules-dir .vendor",
		Args:    noArgs,
		RunE:    func(*cobra.Command, []string) error { return p.init(src, modules, lock) },
	}
	c.Flags().StringVarP(&src, "src-dir", "d", "./src", "folder of the entries")
	c.Flags().StringVar(&modules, "modules-dir", ".wippy", "folder of vendored modules")
	c.Flags().StringVarP(&lock, "lock-file", "l", registry.LockName, "file to write")
	return c
}

func (p *program) init(src, modules, lock string) error {
	content := fmt.Sprintf("directories:\n  modules: %s\n  src: %s\n", yamlText(modules), yamlText(src))
	if _, problems := registry.ParseLock(lock, []byte(content)); problems.Err() != nil {
		return fmt.Errorf("a lock file like this cannot be used:\n%w", problems.Err())
	}
	f, err := os.OpenFile(lock, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("writing %s: it exists already; remove it, or name another one with --lock-file", lock)
	}
	if err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	_, err = f.WriteString(content)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing the lock file: %w", err)
	}
	dir := filepath.Join(filepath.Dir(lock), filepath.FromSlash(src))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the source folder: %w", err)
	}
	fmt.Fprintf(p.out, "wrote %s; entries go into %s\n", lock, src)
	return nil
}

// yamlText quotes a path where YAML would read it as something else.
func yamlText(s string) string {
	for _, r := range s {
		if r != '/' && r != '.' && r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') {
			return strconv.Quote(s)
		}
	}
	if s == "" {
		return `""`
	}
	return s
}
