package actors

import (
	"strings"

	"github.com/troupe-go/troupe/messages"
)

// Signal brings a signal to the process it is for, by PID or name; that answers
// the request. Terminate is carried out here: from then on the process cannot be
// sent to.
func (n *Node) Signal(req *Request, s *messages.Signal) {
	target, err := n.Procs.Resolve(s.To)
	if err != nil {
		if off(s.Body) { // as Gone answers it
			req.Done()
			return
		}
		if strings.HasPrefix(s.To, "{") && err.Kind == messages.NotFound {
			err = messages.Errorf(messages.NotFound, "pid not found: %s", s.To)
		}
		req.Reply(err)
		return
	}
	if t, ok := s.Body.(*messages.Terminate); ok && target.Here() {
		reason := t.Reason
		if reason == nil {
			reason = messages.Errorf(messages.Canceled, Terminated)
		}
		n.Procs.Remove(target)
		target.Kill(reason)
		req.Done()
		return
	}
	if target.note != nil {
		target.note(req, s.Body)
		return
	}
	req.Body = s.Body
	n.Sys.Root.Send(target.Actor, req)
}

// Terminated is the text of the error of a process that was terminated: the
// supervisor takes it for a failure although its kind is Canceled.
const Terminated = "process was terminated"

// Termination ends a process; reason, unless it is "", stands before the error
// that it ends with.
func Termination(reason string) *messages.Terminate {
	if reason == "" {
		return &messages.Terminate{}
	}
	return &messages.Terminate{Reason: messages.Wrap(messages.Errorf(messages.Canceled, Terminated), reason)}
}

func off(body any) bool {
	switch b := body.(type) {
	case *messages.Monitor:
		return b.Off
	case *messages.Link:
		return b.Off
	}
	return false
}
