package jetstream

import (
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/troupe-go/troupe/actors/queue"
)

// Whatever somebody puts into the headers, a message comes of it.
func FuzzRead(f *testing.F) {
	f.Add("id", "json/plain", "gaFuAQ==", "other", []byte("{}"))
	f.Add("", "", "", "", []byte(nil))
	f.Add("", "", "!", "x", []byte("x"))
	f.Fuzz(func(t *testing.T, id, format, rest, other string, body []byte) {
		msg := nats.NewMsg("queue.x")
		msg.Header[headerID], msg.Header[headerFormat] = []string{id}, []string{format}
		if rest != "" {
			msg.Header[headerRest] = []string{rest}
		}
		msg.Header["Other"] = []string{other}
		msg.Data = body
		m := read(msg, &queue.Declare{Codec: "json/plain"}, 7)
		if m.ID == "" || m.Format == "" || m.Body != string(body) {
			t.Errorf("got %+v", m)
		}
		for k, v := range m.Headers {
			switch v.(type) {
			case string, float64, bool:
			default:
				t.Errorf("header %s is a %T", k, v)
			}
		}
	})
}

func TestStreamName(t *testing.T) {
	for name, want := range map[string]string{"jobs": "jobs", "a_b-C9": "a_b-C9", "a.b": "a=2Eb", "=": "=3D", "ä": "=C3=A4"} {
		if got := streamName(name); got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
}
