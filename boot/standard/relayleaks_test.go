package standard_test

import (
	"fmt"
	"io"
	"runtime"
	"testing"
)

// A relayed connection leaves neither a process nor a goroutine behind, whoever ends
// it.
func TestRelaysComeBack(t *testing.T) {
	const clients = 10
	r := startRelays(t)
	procs := r.rt.Node().Procs
	terminate := func(pid string) { r.order("one", "terminate", map[string]any{"pid": pid}) }
	for kind, open := range map[string]func(r *relayTest, options string) io.Closer{
		"ws": func(r *relayTest, o string) io.Closer {
			c := r.dial(o)
			c.CloseRead(r.Context()) // it answers when the server closes
			return closeNow{c}
		},
		"sse": func(r *relayTest, o string) io.Closer { return r.stream(o).body },
	} {
		before, goroutines := procs.Len(), runtime.NumGoroutine()
		for way, end := range map[string]func(target string, pids []string, all []io.Closer){
			"client leaves": func(_ string, _ []string, all []io.Closer) {
				for _, c := range all {
					_ = c.Close()
				}
			},
			"relay is told to close": func(_ string, pids []string, _ []io.Closer) {
				for _, pid := range pids {
					r.send(pid, kind+".close")
				}
			},
			"relay is terminated": func(_ string, pids []string, _ []io.Closer) {
				for _, pid := range pids {
					terminate(pid)
				}
			},
			"target ends":          func(target string, _ []string, _ []io.Closer) { r.send(target, "exit") },
			"target fails":         func(target string, _ []string, _ []io.Closer) { r.send(target, "fail") },
			"target is terminated": func(target string, _ []string, _ []io.Closer) { terminate(target) },
		} {
			t.Run(kind+": "+way, func(t *testing.T) {
				r := &relayTest{T: t, rt: r.rt, base: r.base, told: r.told}
				target, err := r.rt.Spawn(t.Context(), "app:hub", "app:a_host", kind+way)
				if err != nil {
					t.Fatal(err)
				}
				var all []io.Closer
				var pids []string
				for range clients {
					all = append(all, open(r, fmt.Sprintf(`{"target_pid":%q}`, target)))
					pids = append(pids, r.joined(kind+way, kind+".join"))
				}
				if n := procs.Len(); n != before+1+clients {
					t.Fatalf("%d processes for %d clients", n-before, clients)
				}
				end(target, pids, all)
				until(t, "the relays end", func() bool {
					for _, pid := range pids {
						if procs.Find(pid) != nil {
							return false
						}
					}
					return true
				})
				if procs.Find(target) != nil {
					terminate(target)
				}
				for _, c := range all {
					_ = c.Close()
				}
				until(t, "the target ends", func() bool { return procs.Len() == before })
				until(t, "goroutines are back", func() bool { return runtime.NumGoroutine() <= goroutines+clients/2 })
			})
		}
	}
}

// closeNow is a WebSocket that is cut off.
type closeNow struct{ c interface{ CloseNow() error } }

func (c closeNow) Close() error { return c.c.CloseNow() }
