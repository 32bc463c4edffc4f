package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
)

func (p *program) bootCommand() *cobra.Command {
	var plan bool
	var f runFlags
	c := &cobra.Command{
		Use:     "boot",
		Short:   "Start the application, show how that went, and stop it",
		Example: "  troupe boot --plan",
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			pr, err := p.open(f.lock, f.set)
			if err != nil {
				return err
			}
			if err := p.limitMemory(); err != nil {
				return err
			}
			sig := p.signals()
			defer sig.stop()
			begin := time.Now()
			rt, err := boot.Start(sig.ctx, nil, standard.Parts(), append(pr.options(), boot.WithLogger(p.logger(pr.config, true)))...)
			if err != nil {
				return err
			}
			took := time.Since(begin)
			defer rt.Stop()
			if plan {
				return p.plan(rt.Plan())
			}
			fmt.Fprintf(p.out, "started in %s\n", round(took))
			return nil
		},
	}
	c.Flags().BoolVar(&plan, "plan", false, "print components by level: dependencies, load and start times")
	c.Flags().StringArrayVar(&f.set, "set", nil, "change a configuration value: `section.path=value` (repeatable)")
	c.Flags().StringVarP(&f.lock, "lock-file", "l", "", "lock file (default wippy.lock)")
	return c
}

func (p *program) plan(plan boot.Plan) error {
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "LEVEL\tCOMPONENT\tDEPENDS ON\tLOAD\tSTART")
	row := func(level string, s boot.Step) {
		needs := strings.Join(s.DependsOn, ", ")
		if needs == "" {
			needs = "-"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", level, s.Name, needs, round(s.Load), round(s.Start))
	}
	for _, s := range plan.Infrastructure {
		row("infra", s)
	}
	for i, level := range plan.Levels {
		for _, s := range level {
			row(fmt.Sprint(i), s)
		}
	}
	for _, s := range plan.Entries {
		fmt.Fprintf(w, "entries\t%s\t-\t%s\t\n", s.Name, round(s.Load))
	}
	fmt.Fprintf(w, "total\t\t\t%s\t\n", round(plan.Total))
	return w.Flush()
}

func round(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
