package lua

// builtins are the modules that belong to the engine.
var builtins = []Module{channelModule, coroutineModule}
