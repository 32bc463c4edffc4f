package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/registry"
)

// hostWait is how long a command waits for its terminal host.
const hostWait = 5 * time.Second

type runFlags struct {
	override, set    []string
	exec, host, hub  string
	lock             string
	watch            bool
	tests            bool   // run the process of use case test
	wanted           string // process to run, "" for none
	args             []string
	hostID, targetID string
}

func (p *program) runCommand() *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:   "run [archive] [command [args...] | list]",
		Short: "Start the application, or one command of it",
		Long: `Start the application in this folder and wait for SIGINT or SIGTERM.

With a name the process whose meta.command.name it is runs on the terminal, and
its result becomes the exit code; with -x the process of that id. All arguments
after the name go to the process, so flags of troupe stand before it.
'troupe run list' lists the commands.

An archive that 'troupe pack' wrote, a name that ends in .pack or .wapp, takes
the place of the folder; the configuration is still that of the folder. Flags may
stand before and after it, but -x only after it.`,
		Example: `  troupe run
  troupe run list
  troupe run hello Ada
  troupe run -x app:hello Ada
  troupe run --watch
  troupe run app.pack hello Ada
  troupe run -o app:web:addr=:8081 --set shutdown.timeout=5s`,
		RunE: func(c *cobra.Command, args []string) error { return p.run(c, &f, args) },
	}
	f.common(c)
	fl := c.Flags()
	fl.StringVarP(&f.exec, "exec", "x", "", "`entry` (ns:name) or command to run")
	fl.BoolVar(&f.watch, "watch", false, "apply edits to the files as new versions while the application runs")
	fl.StringVar(&f.hub, "registry", "", "address of the module registry (not supported yet)")
	return c
}

// common adds the flags of every command that starts the application to run a
// process; what follows the first argument belongs to the process.
func (f *runFlags) common(c *cobra.Command) {
	fl := c.Flags()
	fl.SetInterspersed(false)
	fl.StringArrayVarP(&f.override, "override", "o", nil, "change a field of an entry: `ns:entry:path=value` (repeatable)")
	fl.StringArrayVar(&f.set, "set", nil, "change a configuration value: `section.path=value` (repeatable)")
	fl.StringVar(&f.host, "host", "", "terminal host of the process")
	fl.StringVarP(&f.lock, "lock-file", "l", "", "lock file (default wippy.lock)")
}

// testCommand runs the one process that the application declares as its tests.
func (p *program) testCommand() *cobra.Command {
	f := runFlags{tests: true}
	c := &cobra.Command{
		Use:   "test [args...]",
		Short: "Run the tests of the application",
		Long: `Start the application in this folder, run the process with
meta.command.use_case: test on the terminal, and end. All arguments go to the
process; its result becomes the exit code, as with 'troupe run'.`,
		Example: `  troupe test
  troupe test --set security.strict_mode=true users`,
		RunE: func(_ *cobra.Command, args []string) error {
			pr, err := p.open(f.lock, f.set)
			if err != nil {
				return err
			}
			overrides, err := f.overrides()
			if err != nil {
				return err
			}
			f.args = args
			return p.start(pr, &f, overrides)
		},
	}
	f.common(c)
	return c
}

func (f *runFlags) overrides() ([]registry.Overriding, error) {
	var out []registry.Overriding
	for _, text := range f.override {
		o, err := registry.ParseOverride(text)
		if err != nil {
			return nil, fmt.Errorf("-o %s: %w", text, err)
		}
		out = append(out, o)
	}
	return out, nil
}

func (p *program) run(c *cobra.Command, f *runFlags, args []string) error {
	if f.hub != "" {
		return errors.New("--registry: the module registry is not supported yet; vendor modules as folders")
	}
	open := func() (*project, error) { return p.open(f.lock, f.set) }
	if f.exec == "" && len(args) > 0 && isArchive(args[0]) {
		name := args[0]
		if err := c.ParseFlags(args[1:]); err != nil {
			return fmt.Errorf("%w; see 'troupe run --help'", err)
		}
		args = c.Flags().Args()
		if f.watch || f.lock != "" {
			return fmt.Errorf("running %s: --watch and --lock-file are for folders; leave them out", name)
		}
		open = func() (*project, error) { return p.openArchive(name, f.set) }
	}
	list := f.exec == "" && len(args) > 0 && args[0] == "list"
	if list {
		if err := c.ParseFlags(args[1:]); err != nil {
			return fmt.Errorf("%w; see 'troupe run --help'", err)
		}
	}
	pr, err := open()
	if err != nil {
		return err
	}
	overrides, err := f.overrides()
	if err != nil {
		return err
	}
	switch {
	case list:
		return p.list(pr, boot.WithOverrides(overrides...))
	case f.exec != "":
		f.wanted, f.args = f.exec, args
	case len(args) > 0:
		if strings.Contains(args[0], "/") {
			return fmt.Errorf("running %s: modules of the hub are not supported yet; run a command, an archive or the folder", args[0])
		}
		f.wanted, f.args = args[0], args[1:]
	case f.host != "":
		return errors.New("--host is only for a command; name one or use -x")
	}
	return p.start(pr, f, overrides)
}

func (p *program) list(pr *project, opts ...boot.Option) error {
	es, problems, err := pr.load(opts...)
	if err != nil {
		return err
	}
	if err := problems.Err(); err != nil {
		return fmt.Errorf("reading the entries:\n%w", err)
	}
	commands := commandsOf(es)
	if len(commands) == 0 {
		fmt.Fprintln(p.err, "no commands; give a process meta.command.name to make it one")
		return nil
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	for _, c := range commands {
		fmt.Fprintln(w, strings.TrimRight(c.Name+"\t"+c.Short, "\t"))
	}
	return w.Flush()
}

// start runs the application; what it was asked to do is checked before any
// service starts.
func (p *program) start(pr *project, f *runFlags, overrides []registry.Overriding) error {
	if err := p.limitMemory(); err != nil {
		return err
	}
	if !f.command() && !pr.config.Has("control.enabled") {
		pr.config, _ = pr.config.Set("control.enabled=true")
	}
	if p.flags.events {
		pr.config, _ = pr.config.Set("logmanager.stream_to_events=true")
	}
	stopProfiler, err := p.profiler(pr.config)
	if err != nil {
		return err
	}
	defer stopProfiler()
	log := p.logger(pr.config, f.command())
	for _, w := range pr.warnings {
		log.Warn(w.String(), "logger", "config")
	}
	sig := p.signals()
	defer sig.stop()
	opts := append(pr.options(), boot.WithOverrides(overrides...), boot.WithLogger(log), boot.WithCheck(f.check))
	var files *watcher
	if f.watch { // before the files are read: no edit goes unnoticed
		if files, err = newWatcher(pr.folders); err != nil {
			return err
		}
		defer files.Close() //nolint:errcheck // nothing is lost
	}
	rt, err := boot.Start(sig.ctx, nil, standard.Parts(), opts...)
	if err != nil {
		if sig.ctx.Err() != nil {
			return nil // a signal during the start: everything is stopped again
		}
		return err
	}
	if f.watch {
		fmt.Fprintf(p.err, "watching %s\n", strings.Join(pr.folders, ", "))
		go p.watch(sig.ctx, rt, files)
	}
	if !f.command() {
		return p.serve(rt, sig)
	}
	return p.onTerminal(rt, sig, f)
}

// command says whether one process is run rather than the services alone.
func (f *runFlags) command() bool { return f.tests || f.wanted != "" }

// check finds process and host for a command before anything starts.
func (f *runFlags) check(es registry.Entries) (err error) {
	if !f.command() {
		return nil
	}
	find := findCommand
	switch {
	case f.tests:
		find = findTests
	case f.exec != "":
		find = findEntry
	}
	if f.targetID, err = find(es, f.wanted); err != nil {
		if f.exec != "" && len(f.args) > 0 && isArchive(f.args[0]) {
			err = fmt.Errorf("%w; to run it from an archive, write 'troupe run %s -x %s'", err, f.args[0], f.exec)
		}
		return err
	}
	f.hostID, err = findHost(es, f.host)
	return err
}

// serve waits for a signal, or for a program that ends the application.
func (p *program) serve(rt *boot.Runtime, sig *signals) error {
	select {
	case <-sig.ctx.Done():
	case <-rt.Done():
	}
	err := rt.Stop()
	if code := rt.Wait(); code != 0 {
		return exitCode(code)
	}
	if err != nil {
		fmt.Fprintln(p.err, "warning: stopping the application:", err)
	}
	return nil
}

// onTerminal runs one process on the terminal; its result is the exit code.
func (p *program) onTerminal(rt *boot.Runtime, sig *signals, f *runFlags) error {
	defer rt.Stop()
	if err := rt.WaitService(sig.ctx, f.hostID, hostWait); err != nil {
		if sig.ctx.Err() != nil {
			return nil
		}
		return err
	}
	args := make([]any, len(f.args))
	for i, a := range f.args {
		args[i] = a
	}
	result := make(chan outcome, 1)
	go func() {
		v, err := rt.Exec(context.Background(), f.targetID, f.hostID, args...)
		result <- outcome{v, err}
	}()
	select {
	case out := <-result:
		return p.finish(rt, out)
	case <-sig.ctx.Done():
	case <-rt.Done():
	}
	_ = rt.Stop() // the process is asked to end, and may write its last lines
	if code := rt.Wait(); code != 0 {
		return exitCode(code)
	}
	out := <-result
	if out.err != nil {
		return nil // it was ended by the shutdown
	}
	return p.finish(rt, out)
}

type outcome struct {
	value any
	err   error
}

// finish stops the application and turns the result of the process into an
// exit code.
func (p *program) finish(rt *boot.Runtime, out outcome) error {
	_ = rt.Stop()
	if code := rt.Wait(); code != 0 {
		return exitCode(code)
	}
	if out.err != nil {
		fmt.Fprintln(p.err, out.err)
		return exitCode(1)
	}
	switch v := out.value.(type) {
	case string:
		fmt.Fprintln(p.out, v)
	case bool:
		if !v {
			return exitCode(1)
		}
	case int64:
		return code(v)
	case float64:
		return code(int64(v))
	}
	return nil
}

func code(n int64) error {
	if n == 0 {
		return nil
	}
	return exitCode(n & 0xff)
}

// signalEcho is how long signals count as one. timeout(1) and some shells send
// theirs twice: to the program, and to the group of processes it is in.
const signalEcho = 5 * time.Millisecond

// signals begin the shutdown; the second one ends the program at once.
type signals struct {
	ctx  context.Context
	stop func()
}

func (p *program) signals() *signals {
	ctx, cancel := context.WithCancel(context.Background())
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-ch:
				if n > 0 {
					os.Exit(1)
				}
				for echo := time.After(signalEcho); echo != nil; {
					select {
					case <-ch:
					case <-echo:
						echo = nil
					}
				}
				cancel()
			case <-done:
				return
			}
		}
	}()
	return &signals{ctx: ctx, stop: func() {
		// The program is at its end and keeps catching signals until then: one that
		// arrives now must not change its exit code.
		close(done)
		cancel()
	}}
}
