package actors

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"github.com/troupe-go/troupe/messages"
)

func TestLogLines(t *testing.T) {
	at := time.Date(2024, 6, 15, 14, 30, 45, 0, time.UTC)
	for _, tc := range []struct {
		name string
		opt  LogOptions
		want string
	}{
		{"tabs", LogOptions{}, "2024-06-15 14:30:45\tWARN\tapp.http\tslow\\nanswer\t{\"ms\": 12, \"err\": \"no \\\"luck\\\"\", \"in\": {\"a\": [1,2]}}\n"},
		{"pretty", LogOptions{Pretty: true, Start: at.Add(-1500 * time.Millisecond)}, "    1.500  WARN   app.http      slow\\nanswer  {\"ms\": 12, \"err\": \"no \\\"luck\\\"\", \"in\": {\"a\": [1,2]}}\n"},
		{"json", LogOptions{JSON: true}, `{"ts":"2024-06-15T14:30:45Z","level":"warn","logger":"app.http","msg":"slow\nanswer","ms":12,"err":"no \"luck\"","in":{"a":[1,2]}}` + "\n"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var out bytes.Buffer
			r := slog.NewRecord(at, slog.LevelWarn, "slow\nanswer", 0)
			r.Add("logger", "app.http", "ms", 12, "err", errors.New(`no "luck"`), slog.Group("in", "a", []int{1, 2}))
			if err := NewLogHandler(&out, tc.opt).Handle(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			if out.String() != tc.want {
				t.Errorf("got  %q\nwant %q", out.String(), tc.want)
			}
		})
	}
}

func TestLogColoursOnlyWhenAsked(t *testing.T) {
	for _, color := range []bool{false, true} {
		var out bytes.Buffer
		slog.New(NewLogHandler(&out, LogOptions{Pretty: true, Color: color})).Info("hello", "a", 1)
		if strings.Contains(out.String(), "\x1b[") != color {
			t.Errorf("Color %v gives %q", color, out.String())
		}
	}
}

func TestLogLevel(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(NewLogHandler(&out, LogOptions{Level: slog.LevelWarn}))
	log.Info("quiet")
	log.Error("loud")
	if got := out.String(); strings.Contains(got, "quiet") || !strings.Contains(got, "loud") {
		t.Errorf("got %q", got)
	}
}

// The rules of slog about groups and empty attributes.
func TestLogHandlerFollowsSlog(t *testing.T) {
	var out bytes.Buffer
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out.Reset()
		return NewLogHandler(&out, LogOptions{JSON: true})
	}, func(t *testing.T) map[string]any {
		var m map[string]any
		if err := json.Unmarshal(out.Bytes(), &m); err != nil {
			t.Fatal(err)
		}
		if v, ok := m["ts"]; ok {
			m["time"] = v
		}
		return m
	})
}

func TestLogStream(t *testing.T) {
	s := NewLogStream(slog.DiscardHandler, slog.LevelInfo, 2)
	log := slog.New(s).With("logger", "app").WithGroup("g")
	log.Debug("too low")
	log.Info("one", "n", 1)
	log.Error("two", "err", errors.New("no"))
	log.Info("no room") // must not wait
	if s.Dropped() != 1 {
		t.Errorf("%d lines were dropped, want 1", s.Dropped())
	}
	var got []*messages.Event
	go s.Run(func(e *messages.Event) { got = append(got, e) })
	s.Close()
	s.Close()
	if len(got) != 2 || got[0].Topic() != "log.info" || got[1].Topic() != "log.error" || got[0].Path != "app" {
		t.Fatalf("got %v", got)
	}
	text, err := messages.EncodeJSON(got[1].Data)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"fields":{"g":{"err":"no"}}`; !strings.Contains(string(text), want) {
		t.Errorf("got %s, want %s in it", text, want)
	}
}

func TestFrameworkLogIsQuiet(t *testing.T) {
	var out bytes.Buffer
	log := FrameworkLog(slog.New(NewLogHandler(&out, LogOptions{Level: slog.LevelDebug})))(nil)
	log.Info("actor system started")
	log.Error("broken")
	if got := out.String(); strings.Contains(got, "started") || !strings.Contains(got, "proto.actor\tbroken") {
		t.Errorf("got %q", got)
	}
}
