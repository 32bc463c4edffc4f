package actors

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func addProc(ps *Procs, host string) *Proc {
	pid, _ := ps.Next(host)
	p := &Proc{PID: pid}
	ps.Add(p)
	return p
}

func TestPIDs(t *testing.T) {
	for _, tc := range []struct {
		pid, node, host string
		uniq            uint64
		ok              bool
	}{
		{"{app:host|0x00001}", "", "app:host", 1, true},
		{"{n@app:host|0xabcdef}", "n", "app:host", 0xabcdef, true},
		{"{n@app:host|ns:name|0x0000a}", "n", "app:host", 10, true},
		{"{app:f#lua.3|0x00002}", "", "app:f#lua.3", 2, true},
		{"{|0x1}", "", "", 1, true},
		{"", "", "", 0, false},
		{"{}", "", "", 0, false},
		{"{a|1}", "", "", 0, false},
		{"{a|0x}", "", "", 0, false},
		{"{a|0xg}", "", "", 0, false},
		{"{a|0x11111111111111111}", "", "", 0, false},
		{"a|0x1", "", "", 0, false},
		{"{a0x1}", "", "", 0, false},
	} {
		node, host, uniq, ok := ParsePID(tc.pid)
		if ok != tc.ok || ok && (node != tc.node || host != tc.host || uniq != tc.uniq) {
			t.Errorf("%s: got %q %q %d %v", tc.pid, node, host, uniq, ok)
		}
	}
}

// away is a PID as other nodes know it.
func away(node, pid string) string { return strings.Replace(pid, "{", "{"+node+"@", 1) }

func FuzzParsePID(f *testing.F) {
	for _, s := range []string{"{app:host|0x00001}", "{n@h|a:b|0xf}", "{|0x}", "{@|0x1}", "{||0x1}"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		node, host, uniq, ok := ParsePID(s)
		if !ok || strings.ContainsAny(host, "@|") { // no host is called so
			return
		}
		whole := fmt.Sprintf("{%s|0x%05x}", host, uniq)
		if node != "" {
			whole = away(node, whole)
		}
		if n, h, u, ok := ParsePID(whole); !ok || n != node || h != host || u != uniq {
			t.Errorf("%q became %q: %q %q %d %v", s, whole, n, h, u, ok)
		}
	})
}

func TestFind(t *testing.T) {
	ps := NewProcs("here")
	a, b := addProc(ps, "app:host"), addProc(ps, "app:host")
	if a.PID != "{app:host|0x00001}" || b.PID == a.PID {
		t.Errorf("made %s and %s", a.PID, b.PID)
	}
	if ps.Find(a.PID) != a || ps.Find(away("here", a.PID)) != a || ps.Find(away("there", a.PID)) != nil {
		t.Error("found the wrong one")
	}
	if ps.Len() != 2 || len(ps.All()) != 2 {
		t.Errorf("%d processes", ps.Len())
	}
	ps.Remove(a)
	ps.Remove(a)
	if ps.Find(a.PID) != nil || a.Alive() || !b.Alive() || ps.Len() != 1 {
		t.Error("it is still there")
	}
	for _, dest := range []string{a.PID, "nobody", "", "{", "{x}"} {
		if _, err := ps.Resolve(dest); err == nil || err.Kind != messages.NotFound || !strings.Contains(err.Error(), "not found") {
			t.Errorf("%q: got %v", dest, err)
		}
	}
}

func TestNamesGoWithTheProcess(t *testing.T) {
	ps := NewProcs("here")
	a, b := addProc(ps, "h"), addProc(ps, "h")
	for range 2 { // again is a success
		if owner, ok := ps.Name("n", a.PID); !ok || owner != a.PID {
			t.Errorf("got %s %v", owner, ok)
		}
	}
	if owner, ok := ps.Name("n", b.PID); ok || owner != a.PID {
		t.Errorf("got %s %v", owner, ok)
	}
	if ps.Unname("n", b.PID) || !ps.Unname("n", a.PID) || ps.Unname("n", "") {
		t.Error("taken away by the wrong one")
	}
	ps.Name("n", a.PID)
	ps.Name("m", a.PID)
	if p, err := ps.Resolve("m"); err != nil || p != a {
		t.Errorf("got %v %v", p, err)
	}
	ps.Remove(a)
	if ps.Named("n") != "" || ps.Named("m") != "" {
		t.Error("names are left")
	}
	if _, ok := ps.Name("n", a.PID); ok {
		t.Error("a dead process got a name")
	}
	if _, ok := ps.Name("n", b.PID); !ok {
		t.Error("the name is not free")
	}
}

func TestLocksGoWithTheProcess(t *testing.T) {
	ps := NewProcs("here")
	a, b := addProc(ps, "h"), addProc(ps, "h")
	if !ps.Lock("l", a) || ps.Lock("l", a) || ps.Lock("l", b) {
		t.Error("one lock, one holder")
	}
	if ps.Unlock("l", b.PID) || !ps.Unlock("l", a.PID) || ps.Unlock("l", a.PID) {
		t.Error("released by the wrong one")
	}
	if !ps.Lock("l", b) {
		t.Error("it is not free")
	}
	ps.Remove(b)
	if !ps.Lock("l", a) || ps.Lock("k", b) {
		t.Error("the dead hold locks")
	}
}

// Names and locks of processes that come and go from many goroutines: in the end
// nothing is left.
func TestProcsAreSafe(t *testing.T) {
	ps := NewProcs("here")
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := range 500 {
				p := addProc(ps, "h")
				name := fmt.Sprint("n", i%3)
				ps.Name(name, p.PID)
				ps.Unname(name, p.PID)
				ps.Name(name, p.PID)
				ps.Lock(name, p)
				ps.Find(p.PID)
				ps.Remove(p)
			}
		})
	}
	wg.Wait()
	for i := range 3 {
		if got := ps.Named(fmt.Sprint("n", i)); got != "" {
			t.Errorf("a name is left with %s", got)
		}
	}
	if ps.Len() != 0 {
		t.Errorf("%d are left", ps.Len())
	}
	for range ps.locks.Range {
		t.Error("a lock is left")
	}
}

func TestAtEnd(t *testing.T) {
	ps := NewProcs("n")
	p := addProc(ps, "app:host")
	var got []string
	for _, f := range []struct{ key, says string }{{"b", "replaced"}, {"b", "b"}, {"a", "a"}} {
		if !p.AtEnd(f.key, func() { got = append(got, f.says) }) {
			t.Error("a living process is taken for dead")
		}
	}
	ps.Remove(p)
	ps.Remove(p)
	if fmt.Sprint(got) != "[a b]" {
		t.Errorf("got %v", got)
	}
	if p.AtEnd("a", func() { t.Error("called for a dead process") }) {
		t.Error("a dead process is taken for living")
	}
}
