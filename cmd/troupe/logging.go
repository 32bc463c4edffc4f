package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"os"
	"runtime/debug"
	"time"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/registry"
)

// logger makes the logger of the flags and the configuration. In command mode
// there are no lines unless one of the flags asks for them.
func (p *program) logger(c boot.Config, command bool) *slog.Logger {
	g := p.flags
	asked := g.console || g.verbose || g.veryVerbose
	if g.silent || command && !asked {
		return slog.New(slog.DiscardHandler)
	}
	level := slog.LevelInfo
	if g.verbose || g.veryVerbose {
		level = slog.LevelDebug
	}
	opt := boot.LogOptions{Level: max(level, boot.LogLevel(c.Int("logmanager.min_level"))), Stacks: g.veryVerbose}
	w := p.err
	switch {
	case c.String("logger.encoding") == "json" && !g.console:
		opt.JSON = true
	case g.console:
		w = p.out
		opt.Pretty, opt.Color, opt.Start = true, isTerminal(p.out), time.Now()
	}
	return boot.NewLogger(w, opt)
}

// defaultMemory is the memory limit where neither flag nor GOMEMLIMIT sets one.
const defaultMemory = 1 << 30

// limitMemory sets the memory limit: the flag wins over GOMEMLIMIT.
//
// With a limit in force the collector need not run at every doubling of a small
// heap: Lua makes much short-lived garbage, and collecting it less often saves
// work.
func (p *program) limitMemory() error {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(400)
	}
	switch {
	case p.flags.memory != "":
		n, err := registry.ParseBytes(p.flags.memory)
		if err != nil {
			return fmt.Errorf("--memory-limit: %w", err)
		}
		debug.SetMemoryLimit(n)
	case os.Getenv("GOMEMLIMIT") == "":
		debug.SetMemoryLimit(defaultMemory)
	}
	return nil
}

// profiler serves pprof; stop ends it.
func (p *program) profiler(c boot.Config) (stop func(), err error) {
	if !p.flags.profiler && !c.Bool("profiler.enabled") {
		return func() {}, nil
	}
	l, err := net.Listen("tcp", c.String("profiler.address"))
	if err != nil {
		return nil, fmt.Errorf("starting the profiler: %w; change profiler.address", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	s := &http.Server{
		Handler: mux, ReadTimeout: c.Duration("profiler.read_timeout"),
		WriteTimeout: c.Duration("profiler.write_timeout"), IdleTimeout: c.Duration("profiler.idle_timeout"),
	}
	go func() { _ = s.Serve(l) }()
	return func() { _ = s.Close() }, nil
}
