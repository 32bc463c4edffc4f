package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/messages"
)

// errEnough ends a trace that has shown what was asked for.
var errEnough = errors.New("enough")

func (p *program) traceCommand() *cobra.Command {
	var count int
	var limit time.Duration
	var asJSON bool
	c := &cobra.Command{
		Use: "trace PID", Short: "Show the messages of a process of the running node, by PID or registered name, as they come and go",
		Long: `Shows each message that a process gets or sends, with its time, topic, size in
bytes and content, until the process ends or the command is interrupted. The
process never waits for that: what comes too fast to be shown is counted.`,
		Example: "  troupe trace worker\n  troupe trace '{app:host|0x00007}' --count 10 --json",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return errors.New("expected a PID or registered name; 'troupe ps' lists the processes")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if count < 0 || limit < 0 {
				return errors.New("--count and --for must not be negative")
			}
			n, err := p.node()
			if err != nil {
				return err
			}
			defer n.Close()
			ctx, cancel := context.WithCancel(c.Context())
			defer cancel()
			if limit > 0 {
				ctx, cancel = context.WithTimeout(ctx, limit)
				defer cancel()
			}
			begun := func() { fmt.Fprintf(p.err, "tracing %s; end with ctrl+c\n", args[0]) }
			show, shown := traceLines(p.out, asJSON), 0
			err = n.Trace(ctx, args[0], begun, func(e messages.TraceEvent) error {
				if err := show(e); err != nil {
					return err
				}
				if shown++; shown == count {
					return errEnough
				}
				return nil
			})
			if errors.Is(err, errEnough) || limit > 0 && errors.Is(err, context.DeadlineExceeded) {
				return nil
			}
			return err
		},
	}
	c.Flags().IntVar(&count, "count", 0, "end after this `number` of messages; 0 for no limit")
	c.Flags().DurationVar(&limit, "for", 0, "end after this `time`, such as 30s; 0 for no limit")
	c.Flags().BoolVar(&asJSON, "json", false, "print a JSON object on each line")
	return c
}

// traceLines prints events.
func traceLines(out io.Writer, asJSON bool) func(messages.TraceEvent) error {
	if asJSON {
		enc := json.NewEncoder(out)
		return func(e messages.TraceEvent) error { return enc.Encode(e) }
	}
	return func(e messages.TraceEvent) error {
		if e.Dropped > 0 {
			if _, err := fmt.Fprintf(out, "(%d messages came too fast to be shown)\n", e.Dropped); err != nil {
				return err
			}
		}
		e.Time = e.Time.Local()
		_, err := fmt.Fprintln(out, e)
		return err
	}
}
