package modules

import (
	"strings"

	"github.com/troupe-go/troupe/lua"
)

var printModule = lua.Module{
	Name:   "print",
	Doc:    "Writes a log line.",
	Class:  []lua.Class{lua.IO},
	Global: true,
	Funcs: []lua.Func{{
		Sig:    "print(...: any)",
		Doc:    "Writes one log line of level info with the arguments, joined by spaces. io.print writes to the terminal.",
		Global: true,
		Do: func(c *lua.Call) error {
			parts := make([]string, c.Len())
			for i := range parts {
				parts[i] = c.Text(i)
			}
			c.Host().Log(lua.LevelInfo, "", c.Location(), strings.Join(parts, " "), nil)
			return nil
		},
	}},
}
