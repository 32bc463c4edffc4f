package examples

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/troupe-go/troupe/actors/actorstest"
)

// browse opens a page in a browser of its own.
func browse(t *testing.T, program, url string) context.Context {
	t.Helper()
	options := []chromedp.ExecAllocatorOption{
		chromedp.ExecPath(program), chromedp.UserDataDir(t.TempDir()), chromedp.Headless, chromedp.NoSandbox,
		chromedp.NoFirstRun, chromedp.DisableGPU, chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true), chromedp.Flag("disable-dev-shm-usage", true),
		chromedp.WSURLReadTimeout(time.Minute),
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	t.Cleanup(cancel)
	ctx, end := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(end) // which waits for its end
	ctx, closeTab := chromedp.NewContext(ctx)
	t.Cleanup(closeTab)
	if _, err := chromedp.Run(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatalf("opening %s in %s: %v", url, program, err)
	}
	return ctx
}

// shown waits until a page shows these results.
func shown(t *testing.T, page context.Context, want string) {
	t.Helper()
	const results = `document.getElementById("state").textContent + ": " + [...document.querySelectorAll("#options button")].map(b => b.textContent).join(" ")`
	if _, err := chromedp.Run(page, chromedp.Poll[bool](results+` === "`+want+`"`, chromedp.WithPollingTimeout(time.Minute))); err != nil {
		got, _ := chromedp.Run(page, chromedp.Evaluate[string](results)) // for people
		t.Fatalf("the page shows %q, not %q: %v", got, want, err)
	}
}

// vote clicks on an option; the first is 1.
func vote(t *testing.T, page context.Context, option int) {
	t.Helper()
	if _, err := chromedp.Run(page, chromedp.Click(chromedp.CSS(fmt.Sprintf("#options button:nth-child(%d)", option)))); err != nil {
		t.Fatalf("voting for option %d: %v", option, err)
	}
}

// Two people with browsers see each other's votes at once.
func TestLivePollInBrowsers(t *testing.T) {
	program := actorstest.Server(t, "TROUPE_CHROMIUM")
	url := "http://" + startPoll(t) + "/"
	first, second := browse(t, program, url), browse(t, program, url)
	shown(t, first, "live: Lua0 Go0 Erlang0")
	shown(t, second, "live: Lua0 Go0 Erlang0")
	vote(t, first, 1)
	shown(t, second, "live: Lua1 Go0 Erlang0")
	vote(t, second, 2)
	for _, page := range []context.Context{first, second} {
		shown(t, page, "live: Lua1 Go1 Erlang0")
	}
	vote(t, second, 1)
	shown(t, first, "live: Lua2 Go0 Erlang0")
}
