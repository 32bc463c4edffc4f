package modules

import (
	"io"
	"net/url"
	"sync"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// batchWidth is how many requests of a batch run at the same time.
const batchWidth = 16

const clientOptions = " Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader."

var httpClientModule = lua.Module{
	Name:  "http_client",
	Doc:   "HTTP requests. A response is a table with status_code, url, body, body_size, headers, cookies and, where it was asked for, stream. Private and loopback addresses need a permission of their own.",
	Class: []lua.Class{lua.Network, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		verb("get", "GET"), verb("post", "POST"), verb("put", "PUT"), verb("patch", "PATCH"), verb("delete", "DELETE"), verb("head", "HEAD"),
		{
			Sig: "request(method: string, url: string, options?: table): table, error?", Doc: "Sends a request." + clientOptions,
			Permission: "http_client.request",
			Ask:        func(c *lua.Call) (*lua.Command, error) { return sendOne(c, c.String(0), 1) },
		},
		{
			Sig: "request_batch(requests: list): list, table?", Doc: "Sends a list of {method, url, options} in parallel. Both results are in the order of the requests; the second is nil if all succeeded.",
			Permission: "http_client.request", Ask: sendBatch,
		},
		{
			Sig: "encode_uri(text: string): string", Doc: "Escapes text for a query; a space becomes +.",
			Do:  func(c *lua.Call) error { return c.Return(url.QueryEscape(c.String(0))) },
			Try: `return http_client.encode_uri("a b&c")`, Gives: "a+b%26c",
		},
		{
			Sig: "decode_uri(text: string): string, error?", Doc: "The opposite of encode_uri. A bad escape is an Invalid error.",
			Do: func(c *lua.Call) error {
				s, err := url.QueryUnescape(c.String(0))
				if err != nil {
					return messages.Errorf(messages.Invalid, "decoding a URI: %s", err)
				}
				return c.Return(s)
			},
			Try: `return http_client.decode_uri("a+b%26c")`, Gives: "a b&c",
		},
	},
}

func verb(name, method string) lua.Func {
	return lua.Func{
		Sig: name + "(url: string, options?: table): table, error?", Doc: "Sends a " + method + " request." + clientOptions,
		Permission: "http_client.request",
		Ask:        func(c *lua.Call) (*lua.Command, error) { return sendOne(c, method, 0) },
	}
}

// sendOne sends the request whose URL is argument at, with its options behind.
func sendOne(c *lua.Call, method string, at int) (*lua.Command, error) {
	out, err := newOutgoing(c, clientArgs{method: method, url: c.String(at), options: c.Table(at + 1), object: func(path ...any) any { return c.Field(at+1, path...) }})
	if err != nil {
		return nil, err
	}
	giveBack, err := borrow(out)
	if err != nil {
		return nil, err
	}
	var cmd *lua.Command
	wait := connections(c, out.network)
	if out.streamed {
		cmd = opening(c, func(done <-chan struct{}) (io.Closer, error) {
			pool, err := wait(done)
			if err != nil {
				return nil, err
			}
			return out.stream(pool, done)
		}, func(opened io.Closer, forget func()) any {
			in := opened.(*incoming)
			s := &stream{source: opened, noun: "the stream", kind: messages.Internal, size: in.res.ContentLength, forget: forget}
			return response(in.res).Set("body_size", -1.0).Set("stream", s)
		})
	} else {
		cmd = &lua.Command{Go: func(done <-chan struct{}) (any, error) {
			pool, err := wait(done)
			if err != nil {
				return nil, err
			}
			return out.send(pool, done)
		}}
	}
	return giveBack(cmd), nil
}

func sendBatch(c *lua.Call) (*lua.Command, error) {
	list := c.Table(0)
	outs := make([]*outgoing, len(list.Array))
	responses := &messages.Table{Array: make([]messages.Value, len(outs))}
	problems := &messages.Table{Array: make([]messages.Value, len(outs))}
	var ready []*outgoing
	for i, item := range list.Array {
		t, ok := item.(*messages.Table)
		if !ok {
			return nil, messages.Errorf(messages.Invalid, "request %d of the batch is not of the form {method, url, options}", i+1)
		}
		out, err := newOutgoing(c, batchArgs(c, i+1, t))
		if err == nil && out.streamed {
			err = messages.Errorf(messages.Invalid, "a request of a batch cannot be streamed; send it with request")
		}
		if err != nil {
			problems.Array[i] = messages.AsError(err)
			continue
		}
		outs[i] = out
		ready = append(ready, out)
	}
	giveBack, err := borrow(ready...)
	if err != nil {
		return nil, err
	}
	ways := map[string]poolWait{}
	for _, out := range ready {
		if ways[out.network] == nil {
			ways[out.network] = connections(c, out.network)
		}
	}
	return giveBack(&lua.Command{
		Go: func(done <-chan struct{}) (any, error) {
			var wait sync.WaitGroup
			places := make(chan struct{}, batchWidth)
			for i, out := range outs {
				if out == nil {
					continue
				}
				wait.Go(func() {
					places <- struct{}{}
					defer func() { <-places }()
					v, err := guarded(func() (any, error) {
						pool, err := ways[out.network](done)
						if err != nil {
							return nil, err
						}
						return out.send(pool, done)
					})
					if err != nil {
						problems.Array[i] = messages.AsError(err)
						return
					}
					responses.Array[i] = v
				})
			}
			wait.Wait()
			return responses, nil
		},
		Then: func(c *lua.Call, _ any) error {
			for _, p := range problems.Array {
				if p != nil {
					return c.Return(responses, problems)
				}
			}
			return c.Return(responses, nil)
		},
	}), nil
}

// batchArgs are the arguments of request i of a batch, which may stand in order
// or under their names.
func batchArgs(c *lua.Call, i int, t *messages.Table) clientArgs {
	part := func(at int, names ...string) (messages.Value, any) {
		if at < len(t.Array) {
			return t.Array[at], at + 1
		}
		for _, name := range names {
			if v := t.Get(name); v != nil {
				return v, name
			}
		}
		return nil, at + 1
	}
	method, _ := part(0, "method")
	to, _ := part(1, "url")
	given, where := part(2, "options", "opts")
	args := clientArgs{object: func(path ...any) any { return c.Field(0, append([]any{i, where}, path...)...) }}
	args.method, _ = method.(string)
	args.url, _ = to.(string)
	args.options, _ = given.(*messages.Table)
	return args
}
