// Embed runs a Troupe application inside a Go program, with a Lua module that is
// written in Go.
package main

import (
	"context"
	"embed"
	"fmt"
	"io"
	"log"
	"os"

	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/lua"
)

//go:embed all:app
var app embed.FS

// greeting is a module of our own: Lua sees require("greeting").
func greeting(hour int) lua.Module {
	return lua.Module{
		Name:  "greeting",
		Doc:   "Greets in the words of this program.",
		Class: []lua.Class{lua.Deterministic},
		Funcs: []lua.Func{
			{
				Sig: "of(name: string): string",
				Doc: "Returns a greeting for name.",
				Do:  func(c *lua.Call) error { return c.Return("Good day, " + c.String(0) + ".") },
			},
			{
				Sig: "hour(): integer",
				Doc: "Returns the hour of the day.",
				Do:  func(c *lua.Call) error { return c.Return(hour) },
			},
		},
	}
}

func run(ctx context.Context, out io.Writer) error {
	rt, err := boot.Start(ctx, app, standard.Parts(greeting(9)))
	if err != nil {
		return err
	}
	defer rt.Stop()
	text, err := rt.Call(ctx, "app:hello", "Ada")
	if err != nil {
		return err
	}
	fmt.Fprintln(out, text)
	return nil
}

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}
