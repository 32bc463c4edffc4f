package actors

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// AppContext is the dictionary in which components leave what those that depend
// on them need. It is written while components load; once sealed it is read
// without a lock and a write panics, as a write of a key that is there does.
type AppContext struct {
	mu     sync.Mutex
	values map[any]any
	sealed atomic.Bool
}

// NewAppContext returns an empty, unsealed context.
func NewAppContext() *AppContext { return &AppContext{values: map[any]any{}} }

// Key names one value of an AppContext and gives it its type.
type Key[T any] struct{ name string }

// NewKey makes a key. Two keys are different even with the same name.
func NewKey[T any](name string) *Key[T] { return &Key[T]{name} }

// Set stores a value under a key. It panics after the seal and for a key that
// is already set: both are mistakes in the program.
func (k *Key[T]) Set(app *AppContext, v T) {
	app.mu.Lock()
	defer app.mu.Unlock()
	if app.sealed.Load() {
		panic(fmt.Sprintf("app context: %s is set after the context was sealed; set it in Load", k.name))
	}
	if _, had := app.values[k]; had {
		panic(fmt.Sprintf("app context: %s is set twice", k.name))
	}
	app.values[k] = v
}

// Lookup returns the value of a key, and whether there is one.
func (k *Key[T]) Lookup(app *AppContext) (T, bool) {
	if !app.sealed.Load() {
		app.mu.Lock()
		defer app.mu.Unlock()
	}
	v, ok := app.values[k].(T)
	return v, ok
}

// Get returns the value of a key. It panics if there is none: the component
// that sets it is missing from DependsOn.
func (k *Key[T]) Get(app *AppContext) T {
	v, ok := k.Lookup(app)
	if !ok {
		panic(fmt.Sprintf("app context: %s is not set; the component that sets it must be in DependsOn", k.name))
	}
	return v
}

// Seal ends all writing.
func (a *AppContext) Seal() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.sealed.Store(true)
}

// Len is how many values there are.
func (a *AppContext) Len() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.values)
}

type appKey struct{}

// WithApp returns a context that carries the AppContext.
func WithApp(ctx context.Context, app *AppContext) context.Context {
	return context.WithValue(ctx, appKey{}, app)
}

// App returns the AppContext that ctx carries, or nil.
func App(ctx context.Context) *AppContext {
	app, _ := ctx.Value(appKey{}).(*AppContext)
	return app
}
