package lua

import "slices"

// builtins are the modules that belong to the engine.
var builtins = []Module{channelModule, coroutineModule}

// Builtins lists the modules that belong to the engine, for documentation.
func Builtins() []Module { return slices.Clone(builtins) }
