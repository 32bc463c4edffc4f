package modules

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// poolWait gives the shared connections when they are there. It is called outside of
// the process, by many goroutines.
type poolWait func(done <-chan struct{}) (messages.HTTPPool, error)

// connections asks for the shared connections through a network.
func connections(c *lua.Call, network string) poolWait {
	var pool messages.HTTPPool
	var failed error
	there := make(chan struct{})
	c.Start(&lua.Command{Body: &messages.HTTPPoolGet{Network: network}}, func(answer any, err *messages.Error) {
		defer close(there)
		ok := false
		switch pool, ok = answer.(messages.HTTPPool); {
		case err != nil:
			failed = err
		case !ok:
			failed = messages.Errorf(messages.Internal, "the component http_client answered with %T", answer)
		}
	})
	return func(done <-chan struct{}) (messages.HTTPPool, error) {
		select {
		case <-there:
			return pool, failed
		case <-done:
			return nil, errDone
		}
	}
}

// send carries the request out and reads the body of the response; it ends early
// when done is closed.
func (out *outgoing) send(pool messages.HTTPPool, done <-chan struct{}) (any, error) {
	res, end, err := out.begin(pool, done)
	if err != nil {
		return nil, err
	}
	defer end()
	defer res.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(io.LimitReader(res.Body, out.limit+1))
	if err != nil {
		return nil, sendFailed(err)
	}
	if int64(len(body)) > out.limit {
		return nil, out.tooLarge()
	}
	return response(res).set(body), nil
}

func (out *outgoing) tooLarge() error {
	return messages.Errorf(messages.Internal, "the response of %s is larger than %d bytes; raise max_response_body if that is right", out.to, out.limit).WithRetry(false)
}

// stream carries the request out to the end of the headers of its response. The
// time limit counts until then: how long a body flows is its reader's affair.
func (out *outgoing) stream(pool messages.HTTPPool, done <-chan struct{}) (io.Closer, error) {
	res, end, err := out.begin(pool, done)
	if err != nil {
		return nil, err
	}
	return &incoming{out: out, res: res, end: end, left: out.limit}, nil
}

// begin sends the request, again where it may be tried again, and waits for the
// headers of its response. Whoever is through with the response calls end.
func (out *outgoing) begin(pool messages.HTTPPool, done <-chan struct{}) (res *http.Response, end func(), err error) {
	for n := 0; ; n++ {
		res, end, err = out.attempt(pool, done)
		wait, again := out.again(n, res, err)
		if !again {
			return res, end, err
		}
		if err == nil {
			_ = res.Body.Close() // nobody wants it
			end()
		}
		t := time.NewTimer(wait)
		select {
		case <-t.C:
		case <-done:
			t.Stop()
			return nil, nil, errDone
		}
	}
}

// again reports whether a request is tried again after attempt n, counting from 0,
// and after which wait. What the server says in Retry-After (RFC 9110, 10.2.3)
// counts where it is longer than the policy's own delay, up to its largest.
func (out *outgoing) again(n int, res *http.Response, err error) (time.Duration, bool) {
	p := out.retry
	if p == nil || n+1 >= p.MaxAttempts || !out.repeatable() {
		return 0, false
	}
	wait := p.Delay(n, rand.Float64())
	if err != nil {
		e := messages.AsError(err)
		return wait, e.Retry == messages.RetryYes
	}
	switch res.StatusCode {
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
	default:
		return 0, false
	}
	after := res.Header.Get("Retry-After")
	if s, err := strconv.Atoi(after); err == nil {
		wait = max(wait, time.Duration(s)*time.Second)
	} else if t, err := http.ParseTime(after); err == nil {
		wait = max(wait, time.Until(t))
	}
	return min(wait, max(p.Max, p.Initial)), true
}

// repeatable reports whether sending the request twice does no more than sending it
// once (RFC 9110, 9.2.2), as its method or its key says, and is possible.
func (out *outgoing) repeatable() bool {
	if len(out.body.streams()) > 0 {
		return false
	}
	switch out.method {
	case http.MethodGet, http.MethodHead, http.MethodPut, http.MethodDelete, http.MethodOptions, http.MethodTrace:
		return true
	}
	return out.header.Get("Idempotency-Key") != ""
}

// attempt sends the request once.
func (out *outgoing) attempt(pool messages.HTTPPool, done <-chan struct{}) (res *http.Response, end func(), err error) {
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := func() {}
	if d := out.patience(pool); d > 0 {
		t := time.AfterFunc(d, func() { cancel(context.DeadlineExceeded) })
		stop = func() { t.Stop() }
	}
	settled := make(chan struct{})
	go func() {
		select {
		case <-done:
			select {
			case <-settled: // done also ends with the call, when a streamed response has begun
			default:
				cancel(context.Canceled)
			}
		case <-settled:
		}
	}()
	body, release := out.body.open()
	sent := sync.OnceFunc(func() { // what the process lent and watches is its own again
		stop()
		close(settled)
		release()
	})
	end = func() {
		cancel(context.Canceled)
		sent()
	}
	res, err = out.do(ctx, pool, body)
	if out.streamed {
		sent() // from now on the stream is closed with its process
	}
	if err == nil && ctx.Err() != nil { // the time was over a moment before
		_ = res.Body.Close()
		err = context.Cause(ctx)
	}
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		end()
		return nil, nil, sendFailed(err)
	}
	return res, end, nil
}

// patience is how long the request may take, 0 for no limit.
func (out *outgoing) patience(pool messages.HTTPPool) time.Duration {
	most := pool.Longest()
	if most > 0 && (most < out.timeout || out.timeout == 0) {
		return most
	}
	return out.timeout
}

func (out *outgoing) do(ctx context.Context, pool messages.HTTPPool, body io.Reader) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, out.method, out.to, body)
	if err != nil {
		return nil, messages.Errorf(messages.Invalid, "making a request: %s", err)
	}
	req.Header, req.Host = out.header, out.host
	if out.auth {
		req.SetBasicAuth(out.user, out.pass)
	}
	if pool.Traced() {
		for name, v := range out.trace {
			if req.Header.Get(name) == "" {
				req.Header.Set(name, v)
			}
		}
	}
	for k, v := range out.cookies {
		req.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	client := &http.Client{Transport: out.transport(pool), CheckRedirect: func(next *http.Request, via []*http.Request) error {
		if len(via) >= 10 {
			return errors.New("more than 10 redirects")
		}
		to := next.URL.String()
		switch {
		case !out.may("http_client.request", to):
			return denied("not allowed: %s", to)
		case out.insecure && !out.may("http_client.insecure_tls", to):
			return denied("not allowed: insecure TLS for %s", to)
		}
		return nil
	}}
	return client.Do(req)
}

// sendFailed keeps refusals; everything else can be different next time.
func sendFailed(err error) error {
	var refused *messages.Error
	switch {
	case errors.As(err, &refused):
		return refused
	case errors.Is(err, context.DeadlineExceeded):
		err = errors.New("timeout")
	}
	return messages.Errorf(messages.Internal, "request failed: %s", err).WithRetry(true)
}

// incoming is the body of a streamed response.
type incoming struct {
	out  *outgoing
	res  *http.Response
	end  func()
	left int64
}

// Read implements io.Reader.
func (in *incoming) Read(p []byte) (int, error) {
	n, err := in.res.Body.Read(p)
	if in.out.limited {
		if in.left -= int64(n); in.left < 0 {
			return 0, in.out.tooLarge()
		}
	}
	return n, err
}

// Close implements io.Closer. A body that was not read to its end takes its
// connection with it.
func (in *incoming) Close() error {
	in.end()
	return in.res.Body.Close()
}

// clientResponse is a response on its way to Lua.
type clientResponse struct{ *messages.Table }

func response(res *http.Response) clientResponse {
	headers, cookies := map[string]any{}, map[string]any{}
	for k, v := range res.Header {
		headers[k] = v[0]
	}
	for _, k := range res.Cookies() {
		cookies[k.Name] = k.Value
	}
	return clientResponse{(&messages.Table{}).Set("status_code", float64(res.StatusCode)).Set("url", res.Request.URL.String()).
		Set("headers", messages.ValueOf(headers)).Set("cookies", messages.ValueOf(cookies))}
}

func (a clientResponse) set(body []byte) *messages.Table {
	if len(body) > 0 {
		a.Set("body", string(body))
	}
	return a.Set("body_size", float64(len(body)))
}
