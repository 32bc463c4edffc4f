// Package boot starts a Troupe runtime from Go. The whole of embedding is
//
//	rt, err := boot.Start(ctx, os.DirFS("app"), standard.Parts())
//	if err != nil { … }
//	defer rt.Stop()
//	answer, err := rt.Call(ctx, "app:hello", "world")
//
// A runtime is made of Parts. Package boot/standard has the list of those that
// come with Troupe; an embedder adds components, kinds and Lua modules of its
// own, or leaves some out.
package boot
