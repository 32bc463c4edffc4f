package boot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/messages"
)

// defaultShutdown is how long a stop may take where the configuration was never
// read.
const defaultShutdown = 30 * time.Second

// exit is Node.Exit: the first code counts.
func (rt *Runtime) exit(code int) {
	rt.mu.Lock()
	first := !rt.leaving && !rt.stopping
	if first {
		rt.leaving = true
		rt.code = code
	}
	rt.mu.Unlock()
	if !first {
		return
	}
	if rt.opt.exit != nil {
		rt.opt.exit(code)
	}
	if actors.Pump(rt.base) == nil {
		go func() { _ = rt.Stop() }()
	}
}

// Done is closed once the runtime is stopped.
func (rt *Runtime) Done() <-chan struct{} { return rt.stopped }

// Wait blocks until the runtime is stopped, and returns the exit code that a
// program asked for, 0 without.
func (rt *Runtime) Wait() int {
	<-rt.stopped
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.code
}

// Stop stops the services, dependents first, then the components in the reverse
// of their order, then the infrastructure. It blocks until all of it is gone, but
// not longer than shutdown.timeout allows; the error says what went wrong on the
// way. Called again, it waits for the first call and returns the same.
func (rt *Runtime) Stop() error { return rt.StopContext(rt.base) }

// StopContext is Stop that gives up waiting when ctx ends.
func (rt *Runtime) StopContext(ctx context.Context) error {
	rt.mu.Lock()
	if rt.stopping {
		rt.mu.Unlock()
		<-rt.stopped
		return rt.stopErr
	}
	rt.stopping = true
	rt.mu.Unlock()
	if rt.node == nil { // it never came so far
		close(rt.stopped)
		return nil
	}
	if rt.ready {
		rt.node.Log.Info("shutting down", "logger", "boot")
	}
	limit := rt.opt.config.Duration("shutdown.timeout")
	if limit <= 0 {
		limit = defaultShutdown
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	errs := rt.stopServices(ctx, limit)
	for _, level := range slices.Backward(rt.levels) {
		errs = append(errs, rt.end(ctx, level))
	}
	if rt.stream != nil && slices.ContainsFunc(rt.infra, rt.lives) {
		rt.stream.Close()
	}
	for _, c := range slices.Backward(rt.infra) {
		errs = append(errs, rt.end(ctx, []actors.Component{c}))
	}
	if rt.root != nil {
		if _, err := actors.Call(ctx, rt.node.Sys, rt.root, &fell{}); err != nil {
			errs = append(errs, fmt.Errorf("stopping the root actor: %w", err))
		}
	}
	errs = append(errs, rt.release(ctx))
	rt.node.Sys.Shutdown()
	rt.stopErr = errors.Join(errs...)
	close(rt.stopped)
	return rt.stopErr
}

func (rt *Runtime) stopServices(ctx context.Context, limit time.Duration) []error {
	if !rt.services {
		return nil
	}
	// A quarter of the time is for the rest: a service that hangs must not keep
	// the components from their end.
	ctx, cancel := context.WithTimeout(ctx, limit*3/4)
	defer cancel()
	if _, err := actors.Call(ctx, rt.node.Sys, rt.node.PID("supervisor"), &actors.StopAll{Reason: actors.Shutdown}); err != nil {
		return []error{fmt.Errorf("stopping the services: %w", err)}
	}
	return nil
}

func (rt *Runtime) lives(c actors.Component) bool { return slices.Contains(rt.running, c.Name) }

// end stops the components of a level, as far as they were started, and then
// their actors.
func (rt *Runtime) end(ctx context.Context, level []actors.Component) error {
	level = slices.DeleteFunc(slices.Clone(level), func(c actors.Component) bool { return !rt.lives(c) })
	err := rt.each(ctx, level, "stopping", func(ctx context.Context, c actors.Component) error {
		if !rt.started[c.Name] {
			return nil
		}
		_, err := actors.Call(ctx, rt.node.Sys, rt.node.PID(c.Name), &actors.Stop{Reason: "shutdown"})
		return err
	})
	gone := rt.each(ctx, level, "ending", func(ctx context.Context, c actors.Component) error {
		_, err := actors.Call(ctx, rt.node.Sys, rt.root, &prune{name: c.Name})
		if messages.IsKind(err, messages.Timeout) {
			return errors.New("it did not end in time; look for an actor that blocks in Receive")
		}
		return err
	})
	return errors.Join(err, gone)
}

// release ends the scheduler and waits for goroutines that actors left to their
// libraries.
func (rt *Runtime) release(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		rt.node.Wait()
		if rt.scheduler != nil {
			rt.scheduler.Stop()
		}
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return errors.New("goroutines of actors are still at work; they go on until their library calls return")
	}
}
