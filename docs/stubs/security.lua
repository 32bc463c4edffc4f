---@meta

--- On whose behalf something is done.
---@class Actor
local Actor = {}

--- The id.
---@return string
function Actor:id() end

--- The metadata, as a copy.
---@return table
function Actor:meta() end

--- Decides on one action.
---@class Policy
local Policy = {}

--- The id of its entry.
---@return string
function Policy:id() end

--- allow, deny, or undefined where it does not apply.
---@param actor Actor
---@param action string
---@param resource string
---@param meta? table
---@return string
function Policy:evaluate(actor, action, resource, meta) end

--- A set of policies: any deny wins, else one allow is enough, else undefined.
---@class Scope
local Scope = {}

--- A new scope with one policy more. Raises when it is not allowed.
---@param policy Policy
---@return Scope
function Scope:with(policy) end

--- A new scope without a policy, given as object, id or {ns, name}. Raises when it is not allowed.
---@param policy any
---@return Scope
function Scope:without(policy) end

--- allow, deny or undefined.
---@param actor Actor
---@param action string
---@param resource string
---@param meta? table
---@return string
function Scope:evaluate(actor, action, resource, meta) end

--- Whether the scope has a policy, given as object, id or {ns, name}.
---@param policy any
---@return boolean
function Scope:contains(policy) end

--- The list of its policies.
---@return table
function Scope:policies() end

--- Makes and checks tokens that stand for an actor with a scope.
---@class TokenStore
local TokenStore = {}

--- Makes a token. Options: expiration, a duration string or a number of milliseconds, and meta, a table that is kept with the token.
---@async
---@param actor Actor
---@param scope Scope
---@param options? table
---@return string
---@return Error?
function TokenStore:create(actor, scope, options) end

--- The actor and the scope of a token. Of a token that is not valid nil, nil and an Internal error; so too where one of its policies does not exist any more.
---@async
---@param token string
---@return Actor
---@return Scope
---@return Error?
function TokenStore:validate(token) end

--- Makes a token invalid; false if there was no such token.
---@async
---@param token string
---@return boolean
---@return Error?
function TokenStore:revoke(token) end

--- Lets go of the store; calling it again is harmless.
---@return boolean
function TokenStore:close() end

--- Actors, scopes and policies. Arguments are always action, then resource.
---@class securitylib
security = {}

--- The actor of the process, nil if it has none.
---@return Actor?
function security.actor() end

--- The scope of the process, nil if it has none.
---@return Scope?
function security.scope() end

--- Whether the process may do action with resource; false where actor or scope is missing, even without strict mode.
---@param action string
---@param resource string
---@param meta? table
---@return boolean
function security.can(action, resource, meta) end

--- Makes an actor. Raises when it is not allowed.
---@param id string
---@param meta? table
---@return Actor
function security.new_actor(id, meta) end

--- Makes a scope of a list of policies. Raises when it is not allowed.
---@param policies? table
---@return Scope
function security.new_scope(policies) end

--- The policy with that entry id.
---@async
---@param id string
---@return Policy
---@return Error?
function security.policy(id) end

--- A scope of all policies of a group.
---@async
---@param group string
---@return Scope
---@return Error?
function security.named_scope(group) end

--- The token store with that entry id. Raises when it is not allowed.
---@async
---@param id string
---@return TokenStore
---@return Error?
function security.token_store(id) end

