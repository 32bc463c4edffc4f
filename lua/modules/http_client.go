package modules

import (
	"net/url"
	"sync"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// batchWidth is how many requests of a batch run at the same time.
const batchWidth = 16

const clientOptions = " Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content}), auth {user, pass}, timeout (seconds or a duration; default 30), max_response_body (bytes; default 120 MB), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}."

var httpClientModule = lua.Module{
	Name:  "http_client",
	Doc:   "HTTP requests. A response is a table with status_code, url, body, body_size, headers and cookies. Private and loopback addresses need a permission of their own.",
	Class: []lua.Class{lua.Network, lua.IO, lua.Nondeterministic},
	Funcs: []lua.Func{
		verb("get", "GET"), verb("post", "POST"), verb("put", "PUT"), verb("patch", "PATCH"), verb("delete", "DELETE"), verb("head", "HEAD"),
		{
			Sig: "request(method: string, url: string, options?: table): table, error?", Doc: "Sends a request." + clientOptions,
			Permission: "http_client.request",
			Ask:        func(c *lua.Call) (*lua.Command, error) { return sendOne(c, c.String(0), c.String(1), c.Table(2)) },
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
		Ask:        func(c *lua.Call) (*lua.Command, error) { return sendOne(c, method, c.String(0), c.Table(1)) },
	}
}

func sendOne(c *lua.Call, method, to string, opts *messages.Table) (*lua.Command, error) {
	out, err := newOutgoing(c, method, to, opts)
	if err != nil {
		return nil, err
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) { return out.send(done) }}, nil
}

func sendBatch(c *lua.Call) (*lua.Command, error) {
	list := c.Table(0)
	outs := make([]*outgoing, len(list.Array))
	responses := &messages.Table{Array: make([]messages.Value, len(outs))}
	problems := &messages.Table{Array: make([]messages.Value, len(outs))}
	for i, item := range list.Array {
		t, ok := item.(*messages.Table)
		if !ok {
			return nil, messages.Errorf(messages.Invalid, "request %d of the batch is not of the form {method, url, options}", i+1)
		}
		part := func(at int, name string) messages.Value {
			if at < len(t.Array) {
				return t.Array[at]
			}
			return t.Get(name)
		}
		method, _ := part(0, "method").(string)
		to, _ := part(1, "url").(string)
		opts, _ := part(2, "options").(*messages.Table)
		if opts == nil {
			opts, _ = t.Get("opts").(*messages.Table)
		}
		out, err := newOutgoing(c, method, to, opts)
		if err != nil {
			problems.Array[i] = messages.AsError(err)
			continue
		}
		outs[i] = out
	}
	return &lua.Command{
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
					v, err := guarded(func() (any, error) { return out.send(done) })
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
	}, nil
}
