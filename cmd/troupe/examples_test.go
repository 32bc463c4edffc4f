package main

import (
	"fmt"
	"net"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/troupe-go/troupe/actors/entries"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
)

// The examples of the reference, as their readers would run them.
func TestExamples(t *testing.T) {
	variables := map[string]string{"postgres": "TROUPE_POSTGRES", "mysql": "TROUPE_MYSQL", "amqp": "TROUPE_AMQP", "temporal": "TROUPE_TEMPORAL"}
	testscript.Run(t, testscript.Params{
		Dir:      "examples",
		Deadline: time.Now().Add(5 * time.Minute),
		Setup: func(e *testscript.Env) error {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				return err
			}
			_, port, _ := net.SplitHostPort(l.Addr().String())
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("PORT", port)
			e.Setenv("AMQP_URL", os.Getenv(variables["amqp"]))
			e.Setenv("TEMPORAL_ADDRESS", os.Getenv(variables["temporal"]))
			return l.Close()
		},
		Condition: func(cond string) (bool, error) {
			name := strings.TrimPrefix(cond, "server:")
			if os.Getenv(variables[name]) == "" && os.Getenv("TROUPE_SERVERS") == "required" {
				return false, fmt.Errorf("%s is not set, although TROUPE_SERVERS is required", variables[name])
			}
			return os.Getenv(variables[name]) != "", nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"until": until, "prints": prints, "database": database, "s3": s3},
	})
}

// prints compares what the last command printed with a file, but for how it ends:
// prints file.
func prints(ts *testscript.TestScript, _ bool, args []string) {
	got, want := strings.TrimSpace(ts.ReadFile("stdout")), strings.TrimSpace(ts.ReadFile(args[0]))
	if got != want {
		ts.Fatalf("printed:\n%s\nwant:\n%s", got, want)
	}
}

// database says where a database server of the tests is: database TROUPE_MYSQL.
func database(ts *testscript.TestScript, _ bool, args []string) {
	address := os.Getenv(args[0])
	set := func(user, password, host, name string) {
		_, port, err := net.SplitHostPort(host)
		ts.Check(err)
		ts.Setenv("DB_USER", user)
		ts.Setenv("DB_PASSWORD", password)
		ts.Setenv("DB_PORT", port)
		ts.Setenv("DB_NAME", name)
	}
	if args[0] == "TROUPE_MYSQL" {
		c, err := mysql.ParseDSN(address)
		ts.Check(err)
		set(c.User, c.Passwd, c.Addr, c.DBName)
		return
	}
	u, err := url.Parse(address)
	ts.Check(err)
	password, _ := u.User.Password()
	set(u.User.Username(), password, u.Host, strings.Trim(u.Path, "/"))
}

// s3 starts a server with a bucket for the session: s3 bucket.
func s3(ts *testscript.TestScript, _ bool, args []string) {
	backend := s3mem.New()
	ts.Check(backend.CreateBucket(args[0]))
	server := httptest.NewServer(gofakes3.New(backend).Server())
	ts.Defer(server.Close)
	ts.Setenv("S3_ENDPOINT", server.URL)
	ts.Setenv("AWS_ACCESS_KEY_ID", "key")
	ts.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
}

// Every kind that one can use is shown, and every module that has no examples of its
// own.
func TestEverythingIsShown(t *testing.T) {
	// compiled code is written by 'troupe pack'; a proxy is not for every reader to have
	hidden := []string{"function.lua.bc", "library.lua.bc", "process.lua.bc", "network.socks5", "ns.dependency"}
	for _, k := range entries.Refused() {
		hidden = append(hidden, k.Name)
	}
	all, err := examples()
	if err != nil {
		t.Fatal(err)
	}
	used := usedNames(all)
	parts, err := standard.Parts().Resolve()
	if err != nil {
		t.Fatal(err)
	}
	for name := range parts.KindsByName() {
		if !slices.Contains(hidden, name) && !slices.Contains(used, name) {
			t.Errorf("no example shows kind %s", name)
		}
	}
	for _, m := range append(lua.Builtins(), standard.Modules()...) {
		if !slices.Contains(used, "module "+m.Name) && !strings.Contains(m.Page(), "```") {
			t.Errorf("no example shows module %s", m.Name)
		}
	}
}
