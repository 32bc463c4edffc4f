package modules

import (
	"slices"
	"unicode/utf8"

	"github.com/coder/websocket"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// The names of the types of messages.
const (
	wsText   = "text"
	wsBinary = "binary"
)

var websocketModule = lua.Module{
	Name:  "websocket",
	Doc:   "WebSocket connections to servers. A connection ends with its process. Private and loopback addresses need the permission http_client.private_ip.",
	Class: []lua.Class{lua.Network, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{{
		Sig: "connect(url: string, options?: table): Client, error?",
		Doc: "Connects to a ws:// or wss:// URL. Options: headers (a table of strings), protocols (a list), dial_timeout (default 30s), read_timeout (between two messages), write_timeout (milliseconds or a duration; none where left out), " +
			"compression (one of COMPRESSION, or disabled, context_takeover, no_context_takeover; default disabled), compression_threshold (bytes from which a message is compressed), " +
			"read_limit (bytes of the longest message, up to 128 MB; default 32 MB; a longer one ends the connection), channel_capacity (1 to 10000; default 100).",
		Permission: "websocket.connect",
		Ask:        wsConnect,
	}},
	Consts: []lua.Const{
		{Name: "TEXT", Value: 1.0, Doc: "A text message, for send."},
		{Name: "BINARY", Value: 2.0, Doc: "A binary message, for send."},
		{Name: "TYPE_TEXT", Value: wsText},
		{Name: "TYPE_BINARY", Value: wsBinary},
		{Name: "TYPE_PING", Value: "ping"},
		{Name: "TYPE_PONG", Value: "pong"},
		{Name: "TYPE_CLOSE", Value: "close"},
	},
	Tables: []lua.Table{
		{Name: "COMPRESSION", Doc: "Whether messages are compressed.", Consts: []lua.Const{
			{Name: "DISABLED", Value: float64(websocket.CompressionDisabled)},
			{Name: "CONTEXT_TAKEOVER", Value: float64(websocket.CompressionContextTakeover)},
			{Name: "NO_CONTEXT", Value: float64(websocket.CompressionNoContextTakeover)},
		}},
		{Name: "CLOSE_CODES", Doc: "The statuses of a close (RFC 6455).", Consts: []lua.Const{
			{Name: "NORMAL", Value: 1000.0},
			{Name: "GOING_AWAY", Value: 1001.0},
			{Name: "PROTOCOL_ERROR", Value: 1002.0},
			{Name: "UNSUPPORTED_DATA", Value: 1003.0},
			{Name: "RESERVED", Value: 1004.0},
			{Name: "NO_STATUS", Value: 1005.0},
			{Name: "ABNORMAL_CLOSURE", Value: 1006.0},
			{Name: "INVALID_PAYLOAD", Value: 1007.0},
			{Name: "POLICY_VIOLATION", Value: 1008.0},
			{Name: "MESSAGE_TOO_BIG", Value: 1009.0},
			{Name: "MANDATORY_EXTENSION", Value: 1010.0},
			{Name: "INTERNAL_ERROR", Value: 1011.0},
			{Name: "SERVICE_RESTART", Value: 1012.0},
			{Name: "TRY_AGAIN_LATER", Value: 1013.0},
			{Name: "BAD_GATEWAY", Value: 1014.0},
			{Name: "TLS_HANDSHAKE", Value: 1015.0},
		}},
	},
	Types: []lua.Type{{
		Name: "Client", Doc: "A connection.", Of: (*wsClient)(nil),
		Methods: []lua.Func{
			{Sig: "send(data: string, type?: any): boolean, error?", Doc: "Sends a message, TEXT unless type is BINARY, and waits until it is on its way. Messages are sent in the order of the calls.", Ask: wsSend},
			{Sig: "channel(): Channel", Doc: "Delivers tables {type, data}, where type is text or binary: all messages in order. It is closed when the connection ends. As long as channel_capacity messages wait in it nothing is read from the server, which has to wait, for answers to pings too.", Do: wsChannel},
			{Sig: "receive(): Channel", Doc: "The same as channel.", Do: wsChannel},
			{Sig: "ping(): boolean, error?", Doc: "Sends a ping and waits for its answer, at most as long as write_timeout, or 30s.", Ask: func(c *lua.Call) (*lua.Command, error) {
				w := c.Self().(*wsClient)
				return &lua.Command{Go: func(<-chan struct{}) (any, error) { return true, w.ping() }, Then: okThen}, nil
			}},
			{Sig: "close(code?: integer, reason?: string): boolean, error?", Doc: "Ends the connection with a status (default 1000) and a reason of at most 123 bytes, and waits for the server to agree. Closing again does nothing.", Ask: wsClose},
		},
	}},
}

func okThen(c *lua.Call, answer any) error { return c.Return(answer, nil) }

func wsChannel(c *lua.Call) error { return c.Return(c.Self().(*wsClient).ch) }

func wsSend(c *lua.Call) (*lua.Command, error) {
	w, data := c.Self().(*wsClient), c.String(0)
	kind := websocket.MessageText
	switch v := c.Value(1); v {
	case nil, 1.0, wsText:
	case 2.0, wsBinary:
		kind = websocket.MessageBinary
	default:
		return nil, messages.Errorf(messages.Invalid, "%s is no type of a message: websocket.TEXT or websocket.BINARY is expected", messages.Text(v))
	}
	if kind == websocket.MessageText && !utf8.ValidString(data) {
		return nil, messages.Errorf(messages.Invalid, "a text message must be UTF-8; send it as websocket.BINARY")
	}
	send := w.send(kind, data)
	return &lua.Command{Go: func(<-chan struct{}) (any, error) { return true, send() }, Then: okThen}, nil
}

// reserved are statuses that stand for what was not in a close.
var reserved = []int{1004, 1006, 1015}

func wsClose(c *lua.Call) (*lua.Command, error) {
	w, code, reason := c.Self().(*wsClient), 1000, c.String(1)
	if c.Has(0) {
		code = c.Int(0)
	}
	switch {
	case code < 1000 || code > 4999:
		return nil, messages.Errorf(messages.Invalid, "the code of a close must be between 1000 and 4999, not %d", code)
	case slices.Contains(reserved, code), code > 1014 && code < 3000:
		return nil, messages.Errorf(messages.Invalid, "the code %d cannot be sent; use one from 3000 on for your own", code)
	case len(reason) > 123:
		return nil, messages.Errorf(messages.Invalid, "the reason of a close has at most 123 bytes, not %d", len(reason))
	}
	return &lua.Command{Go: func(<-chan struct{}) (any, error) {
		w.close(websocket.StatusCode(code), reason)
		return true, nil
	}, Then: okThen}, nil
}
