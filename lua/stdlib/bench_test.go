package stdlib

import "testing"

func BenchmarkLibrary(b *testing.B) {
	for name, body := range map[string]string{
		"find":   `("key = value"):find("^(%w+)%s*=%s*(%w+)$")`,
		"plain":  `("key = value"):find("value")`,
		"gsub":   `("key = value"):gsub("%w+", "<%0>")`,
		"format": `string.format("%s-%d-%.2f", "x", 5, 1.5)`,
		"next":   `next(string)`,
	} {
		b.Run(name, func(b *testing.B) {
			L := newState(b, Limits{}, Hooks{})
			if err := run(b, L, "setup", "function body() local _ = "+body+" end"); err != nil {
				b.Fatal(err)
			}
			f := L.GetGlobal("body")
			b.ReportAllocs()
			for b.Loop() {
				L.Push(f)
				L.Call(0, 0)
			}
		})
	}
}
