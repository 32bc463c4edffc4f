package bench

import (
	_ "embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
)

//go:embed peers/workloads.erl
var erlangSource []byte

var erlangBeam = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "troupe-bench")
	if err != nil {
		return "", err
	}
	file := filepath.Join(dir, "workloads.erl")
	if err := os.WriteFile(file, erlangSource, 0o600); err != nil {
		return dir, err
	}
	if out, err := exec.Command("erlc", "-o", dir, file).CombinedOutput(); err != nil {
		return dir, fmt.Errorf("compiling the programs for Erlang: %w: %s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if _, err := exec.LookPath("erlc"); err == nil {
		if dir, _ := erlangBeam(); dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	os.Exit(code)
}

// erlang runs a workload as Erlang processes, where Erlang is installed.
func erlang(b *testing.B, unit, work string, args ...int) {
	b.Run("erlang", func(b *testing.B) {
		if _, err := exec.LookPath("erlc"); err != nil {
			b.Skip("Erlang is not installed")
		}
		dir, err := erlangBeam()
		if err != nil {
			b.Fatal(err)
		}
		words := []string{"-noshell", "-pa", dir, "-run", "workloads", "main", work}
		for _, n := range args {
			words = append(words, strconv.Itoa(n))
		}
		for b.Loop() {
			out, err := exec.Command("erl", words...).CombinedOutput()
			if err != nil {
				b.Fatalf("%s: %v: %s", work, err, out)
			}
			rate, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
			if err != nil {
				b.Fatalf("%s: %s", work, out)
			}
			b.ReportMetric(rate, unit)
		}
		b.ReportMetric(0, "ns/op")
	})
}
