// Command troupe runs Troupe applications.
package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"
)

func main() { os.Exit(execute(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }

// program is one run of the command line.
type program struct {
	in       io.Reader
	out, err io.Writer
	flags    globalFlags
}

// globalFlags are those that every command has.
type globalFlags struct {
	dir         string
	config      []string
	profiles    []string
	verbose     bool
	veryVerbose bool
	console     bool
	silent      bool
	events      bool
	profiler    bool
	strict      bool
	memory      string
}

// exitCode ends the program with a code and without a message.
type exitCode int

func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// execute runs the command line and returns the exit code.
func execute(args []string, in io.Reader, out, errs io.Writer) int {
	p := &program{in: in, out: out, err: errs}
	root := p.command()
	root.SetArgs(args)
	root.SetIn(in)
	root.SetOut(out)
	root.SetErr(errs)
	err := root.Execute()
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	}
	p.complain(err)
	return 1
}

// complain prints an error, one line for each thing wrong.
func (p *program) complain(err error) {
	mark := "error: "
	if isTerminal(p.err) {
		mark = "\x1b[31merror:\x1b[0m "
	}
	text := strings.TrimRight(err.Error(), "\n")
	if head, list, ok := strings.Cut(text, "\n"); ok {
		text = head + "\n  " + strings.ReplaceAll(list, "\n", "\n  ")
	}
	fmt.Fprintln(p.err, mark+text)
}

func isTerminal(w any) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("NO_COLOR") == ""
}

func (p *program) command() *cobra.Command {
	root := &cobra.Command{
		Use:   "troupe",
		Short: "Troupe runs Lua backends made of actors",
		Long: `Troupe runs Lua backends made of actors.

An application is a folder of YAML files with entries: processes, functions,
hosts and services. Troupe reads them, checks them and runs them.`,
		Example: `  troupe init                  write wippy.lock and begin an application
  troupe run                   start the application in this folder
  troupe run hello Ada         start it, run its command hello, and end
  troupe lint                  look for mistakes without starting anything`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return fmt.Errorf("%w; see '%s --help'", err, c.CommandPath())
	})
	root.PersistentPreRunE = func(*cobra.Command, []string) error {
		if p.flags.dir == "" {
			return nil
		}
		return os.Chdir(p.flags.dir)
	}
	f := root.PersistentFlags()
	g := &p.flags
	f.StringVarP(&g.dir, "dir", "C", "", "run as if started in this `folder`")
	f.StringArrayVar(&g.config, "config", nil, "configuration `file` (repeatable; default troupe.yaml, else .wippy.yaml)")
	f.StringArrayVar(&g.profiles, "profile", nil, "`name` of an overlay in the configuration (repeatable)")
	f.BoolVarP(&g.verbose, "verbose", "v", false, "log from level debug")
	f.BoolVar(&g.veryVerbose, "very-verbose", false, "log from level debug, errors with stack traces")
	f.BoolVarP(&g.console, "console", "c", false, "colourful log lines on stdout")
	f.BoolVarP(&g.silent, "silent", "s", false, "no log lines")
	f.BoolVarP(&g.events, "event-streams", "e", false, "log lines to the event bus")
	f.BoolVarP(&g.profiler, "profiler", "p", false, "serve pprof on localhost:6060")
	f.BoolVar(&g.strict, "strict", false, "make warnings about configuration and entries errors")
	f.StringVarP(&g.memory, "memory-limit", "m", "", "memory limit such as 512M or 2G (default GOMEMLIMIT, else 1G)")
	root.AddCommand(p.runCommand(), p.testCommand(), p.initCommand(), p.lintCommand(), p.packCommand(), p.registryCommand(), p.bootCommand(), p.psCommand(), p.topCommand(), p.killCommand(), p.traceCommand(), p.docsCommand(), p.versionCommand())
	root.InitDefaultCompletionCmd()
	return root
}

// noArgs refuses arguments, and words that are no command, with a hint.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	hint := fmt.Sprintf("see '%s --help'", c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		hint = fmt.Sprintf("did you mean %q?", near[0])
	}
	return fmt.Errorf("unknown command %q for %q; %s", args[0], c.CommandPath(), hint)
}
