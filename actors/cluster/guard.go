package cluster

import (
	"context"
	"fmt"

	"github.com/asynkron/protoactor-go/remote"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/troupe-go/troupe/messages/wire"
)

// guard stands before Proto.Actor remote, which trusts what it reads: numbers out
// of range and unknown types end the whole program, and anybody could name any
// actor. Only batches for the one receiver pass.
type guard struct{ addr string }

var batchType = string((*wire.Batch)(nil).ProtoReflect().Descriptor().FullName())

// unary refuses the calls that only look at a node.
func (*guard) unary(context.Context, any, *grpc.UnaryServerInfo, grpc.UnaryHandler) (any, error) {
	return nil, status.Error(codes.PermissionDenied, "not offered")
}

// stream checks everything that is read from a stream, and outlives a panic of
// its reader.
func (g *guard) stream(srv any, s grpc.ServerStream, _ *grpc.StreamServerInfo, next grpc.StreamHandler) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = status.Error(codes.InvalidArgument, fmt.Sprint("refused: ", p))
		}
	}()
	return next(srv, &guarded{s, g})
}

type guarded struct {
	grpc.ServerStream
	guard *guard
}

// RecvMsg implements grpc.ServerStream.
func (s *guarded) RecvMsg(m any) error {
	if err := s.ServerStream.RecvMsg(m); err != nil {
		return err
	}
	msg, ok := m.(*remote.RemoteMessage)
	if !ok {
		return status.Error(codes.InvalidArgument, "refused: an unknown kind of message")
	}
	if err := s.guard.check(msg); err != nil {
		return status.Error(codes.InvalidArgument, "refused: "+err.Error())
	}
	return nil
}

// check says what is wrong with a message of another node.
func (g *guard) check(m *remote.RemoteMessage) error {
	switch body := m.GetMessageType().(type) {
	case *remote.RemoteMessage_ConnectRequest:
		if body.ConnectRequest.GetServerConnection() == nil {
			return fmt.Errorf("only nodes connect")
		}
		return nil
	case *remote.RemoteMessage_MessageBatch:
		b := body.MessageBatch
		for _, t := range b.GetTypeNames() {
			if t != batchType {
				return fmt.Errorf("a message of type %q", t)
			}
		}
		for _, pid := range b.GetTargets() {
			if pid.GetId() != receiver || pid.GetAddress() != g.addr {
				return fmt.Errorf("a message for %q at %q", pid.GetId(), pid.GetAddress())
			}
		}
		for _, e := range b.GetEnvelopes() {
			switch {
			case e.GetSerializerId() != 0:
				return fmt.Errorf("serializer %d", e.GetSerializerId())
			case e.GetTypeId() < 0 || int(e.GetTypeId()) >= len(b.GetTypeNames()):
				return fmt.Errorf("type %d of %d", e.GetTypeId(), len(b.GetTypeNames()))
			case e.GetTarget() < 0 || int(e.GetTarget()) >= len(b.GetTargets()):
				return fmt.Errorf("target %d of %d", e.GetTarget(), len(b.GetTargets()))
			case e.GetSender() != 0 || e.GetMessageHeader() != nil:
				return fmt.Errorf("a message with a sender or headers")
			}
		}
		return nil
	}
	return fmt.Errorf("%T", m.GetMessageType())
}
