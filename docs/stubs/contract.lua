---@meta

--- A definition, and what its instances get. Every with_ method returns a new one; refused, nil and PermissionDenied.
---@class Contract
local Contract = {}

--- Its id.
---@return string
function Contract:id() end

--- A list of {name, description, input_schemas, output_schemas}.
---@return table
function Contract:methods() end

--- One of its methods.
---@param name string
---@return table
---@return Error?
function Contract:method(name) end

--- The ids of its bindings.
---@async
---@return table
---@return Error?
function Contract:implementations() end

--- An instance of a binding, by default of the default one.
---@async
---@param binding? string
---@param context? table
---@return Instance
---@return Error?
function Contract:open(binding, context) end

--- Adds context values.
---@param values table
---@return Contract
---@return Error?
function Contract:with_context(values) end

--- The actor of the functions.
---@param actor Actor
---@return Contract
---@return Error?
function Contract:with_actor(actor) end

--- The scope of the functions.
---@param scope Scope
---@return Contract
---@return Error?
function Contract:with_scope(scope) end

--- Replaces the options of calls, which are those of funcs.
---@param options table
---@return Contract
---@return Error?
function Contract:with_options(options) end

--- An opened binding. It has every method of its contracts: instance:method(…) waits for the result, instance:method_async(…) returns a Future.
---@class Instance
local Instance = {}

--- Interfaces and their implementations: a definition names methods, a binding says which functions carry them out.
---@class contractlib
contract = {}

--- A definition.
---@async
---@param id string
---@return Contract
---@return Error?
function contract.get(id) end

--- An instance of a binding. ns:name?key=value&… adds context values; those of the table win. Options are those of funcs.
---@async
---@param binding string
---@param context? table
---@param options? table
---@return Instance
---@return Error?
function contract.open(binding, context, options) end

--- The ids of all bindings of a definition.
---@async
---@param id string
---@return table
---@return Error?
function contract.find_implementations(id) end

--- Whether an instance implements a contract.
---@param instance Instance
---@param id string
---@return boolean
function contract.is(instance, id) end

