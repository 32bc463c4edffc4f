---@meta

--- Source that was found to compile.
---@class Program
local Program = {}

--- The function it would run, "" for the chunk itself.
---@return string
function Program:method() end

--- The list of modules it may use.
---@return table
function Program:modules() end

--- Runs Lua source in a process of its own, with the actor and scope of the caller. The code sees the modules, imports and values it is given, and a process module without starting, watching and ending others; it ends after 20 million instructions.
---@class eval_runnerlib
eval_runner = {}

--- Runs source and returns what it returns first. Fields: source; method, the function in the table that it returns, without it the chunk itself runs; args, a list; modules, those it may use, by default all that the classes admit; imports, alias → id of a library or {id, modules}; context, values for ctx.get; allow_classes, classes of modules that are else forbidden (process, storage, network); custom_modules, alias → table of plain data, which is copied: functions belong to the caller and cannot go along.
---@async
---@param config table
---@return any
---@return Error?
function eval_runner.run(config) end

--- Checks that source compiles with the modules, imports, allow_classes and custom_modules of the options.
---@async
---@param source string
---@param method? string
---@param options? table
---@return Program
---@return Error?
function eval_runner.compile(source, method, options) end

