package standard_test

import (
	"fmt"
	"io"
	"maps"
	nethttp "net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

// Clients notice nothing while everything that serves them is changed: the library
// and the function, the endpoint and its router with its middleware; and nothing of
// a change that is refused half-way.
func TestChangesUnderLoad(t *testing.T) {
	rt := start(t, web+`
  - {name: lib, kind: library.lua, source: "return { v = function() return 'lib 0' end }"}
`+handler("hello", "/hello", "GET", `return "hello " .. require("lib").v()`))
	version := int64(0)
	change := func(fails bool, ids ...string) {
		t.Helper()
		var ops []messages.EntryOp
		for _, id := range ids {
			e, err := rt.Get(t.Context(), "app:"+id)
			if err != nil {
				t.Fatal(err)
			}
			e = &messages.EntryData{ID: e.ID, Kind: e.Kind, Meta: maps.Clone(e.Meta), Data: maps.Clone(e.Data.(map[string]any))}
			data := e.Data.(map[string]any)
			switch id {
			case "lib":
				data["source"] = fmt.Sprintf("return { v = function() return 'lib %d' end }", version+1)
			case "hello":
				data["source"] = data["source"].(string) + fmt.Sprintf("\n-- %d", version+1)
				data["imports"] = map[string]any{"lib": "app:lib"}
			case "hello.at":
				e.Meta["comment"], data["timeout"] = version, fmt.Sprintf("%ds", 20+version)
			case "api":
				data["middleware"] = [][]any{{"cors"}, {"cors", "compress"}, {"real_ip", "cors"}}[version%3]
			}
			ops = append(ops, messages.EntryOp{Kind: "entry.update", Entry: e})
		}
		if fails { // the last of them is refused once the others have been carried out
			ops = append(ops, messages.EntryOp{Kind: "entry.create", Entry: &messages.EntryData{ID: "app:zz", Kind: "http.endpoint", Meta: map[string]any{"router": "api"}, Data: map[string]any{"method": "GET", "path": "/hello", "func": "hello"}}})
		}
		_, err := rt.Ask(t.Context(), &messages.RegistryApply{Base: version, Ops: ops})
		switch {
		case fails && err == nil:
			t.Fatal("a change that cannot be carried out is accepted")
		case !fails && err != nil:
			t.Fatal(err)
		case !fails:
			version++
		}
	}
	change(false, "hello") // it imports the library from now on
	url := webAddr(t, rt) + "/hello"
	var stop atomic.Bool
	var served, wrong atomic.Int64
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			c := &nethttp.Client{Transport: &nethttp.Transport{}}
			defer c.CloseIdleConnections()
			for !stop.Load() {
				res, err := c.Get(url)
				if err != nil {
					t.Error(err)
					return
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || res.StatusCode != 200 || !strings.HasPrefix(string(body), "hello lib ") {
					t.Errorf("%d %q %v", res.StatusCode, body, err)
					if wrong.Add(1) > 3 {
						return
					}
				}
				served.Add(1)
			}
		})
	}
	more := func() {
		t.Helper()
		before := served.Load()
		until(t, "clients are served", func() bool { return served.Load() > before+8 || wrong.Load() > 0 })
	}
	sets := [][]string{{"lib"}, {"hello"}, {"hello.at"}, {"api"}, {"lib", "hello", "hello.at", "api"}, {"hello.at", "hello"}}
	for i := range 48 {
		change(i%4 == 3, sets[i%len(sets)]...)
		more()
		if wrong.Load() > 0 {
			t.Errorf("after change %d of %v", i, sets[i%len(sets)])
			break
		}
	}
	stop.Store(true)
	clients.Wait()
	v, err := rt.Ask(t.Context(), &messages.RegistryVersion{})
	if err != nil || v.(*messages.VersionData).ID != version {
		t.Errorf("at %v, %v; want version %d", v, err, version)
	}
}
