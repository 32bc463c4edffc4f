package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

func (p *program) versionCommand() *cobra.Command {
	var short bool
	c := &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  troupe version\n  troupe version --short",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			version, revision := build()
			if short {
				fmt.Fprintln(p.out, version)
				return nil
			}
			fmt.Fprintf(p.out, "troupe %s%s %s %s/%s\n", version, revision, runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return nil
		},
	}
	c.Flags().BoolVar(&short, "short", false, "only the number")
	return c
}

// build is what the Go tools noted in the binary.
func build() (version, revision string) {
	version = "devel"
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return version, ""
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		version = v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			revision = " (" + s.Value[:12] + ")"
		}
	}
	return version, revision
}
