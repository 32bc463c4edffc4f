---@meta

--- A message from the inbox.
---@class Message
local Message = {}

--- The topic.
---@return string
function Message:topic() end

--- PID of the sender, "" if unknown.
---@return string
function Message:from() end

--- nil if the message had no value, a Payload if it had one, a list of Payloads if it had several. payload():data() is the value.
---@return any
function Message:payload() end

--- Says how processes are started. Every with_ method returns a new builder and leaves the old one as it is.
---@class SpawnBuilder
local SpawnBuilder = {}

--- Adds context values that the child sees through module ctx.
---@param values table
---@return SpawnBuilder
function SpawnBuilder:with_context(values) end

--- Merges options into those there are.
---@param options table
---@return SpawnBuilder
function SpawnBuilder:with_options(options) end

--- The actor of the child.
---@param actor Actor
---@return SpawnBuilder
function SpawnBuilder:with_actor(actor) end

--- The scope of the child.
---@param scope Scope
---@return SpawnBuilder
function SpawnBuilder:with_scope(scope) end

--- Registers the child under a local name. If it is taken no process is started: the messages of with_message go to the one that has it, and its PID is returned.
---@param name string
---@return SpawnBuilder
function SpawnBuilder:with_name(name) end

--- A message that the child gets before any other.
---@param topic string
---@param ... any
---@return SpawnBuilder
function SpawnBuilder:with_message(topic, ...) end

--- Starts the process of entry id on a host, with these arguments, and returns its PID.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function SpawnBuilder:spawn(id, host, ...) end

--- Starts a process and monitors it before it runs: its end is an EXIT event.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function SpawnBuilder:spawn_monitored(id, host, ...) end

--- Starts a process linked to this one before it runs.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function SpawnBuilder:spawn_linked(id, host, ...) end

--- Starts a process that is linked and monitored before it runs.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function SpawnBuilder:spawn_linked_monitored(id, host, ...) end

--- Starts a process, waits for its end and returns its result.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return any
---@return Error?
function SpawnBuilder:exec(id, host, ...) end

--- Processes: messages, starting and watching others, names. A PID is a plain string; wherever a destination is expected, a registered name will do.
---@class processlib
process = {}

--- PID of the running process. A function call has one too.
---@return string
---@return Error?
function process.pid() end

--- Entry id of the running code.
---@return string
---@return Error?
function process.id() end

--- Sends one message with any number of values, which are copied. Never waits. An error that contains "not found" means that the process is dead.
---@param destination? string
---@param topic? string
---@param ... any
---@return boolean
---@return Error?
function process.send(destination, topic, ...) end

--- Channel of Message objects, of all topics without a listener.
---@return Channel
function process.inbox() end

--- Channel of lifecycle events, as tables: kind, at (unix seconds), from; EXIT and LINK_DOWN have result = {value, error}, CANCEL has reason.
---@return Channel
function process.events() end

--- Channel for exactly this topic, which no longer goes to the inbox. It delivers the values of messages (a list where a message has several), with {message = true} Message objects. The same topic gives the same channel.
---@param topic string
---@param options? table
---@return Channel
---@return Error?
function process.listen(topic, options) end

--- Ends a listen and closes the channel; what it had not delivered goes to the inbox.
---@param channel Channel
---@return boolean
---@return Error?
function process.unlisten(channel) end

--- The options of the process: {trap_links = boolean}.
---@return table
function process.get_options() end

--- Changes the options. With trap_links = true the failure of a linked process is delivered as LINK_DOWN; else it ends this process.
---@param options any
---@return boolean
---@return Error?
function process.set_options(options) end

--- Delivers a CANCEL event. What the process makes of it is its own affair.
---@async
---@param destination string
---@param reason? string
---@return boolean
---@return Error?
function process.cancel(destination, reason) end

--- Ends a process at once, without a CANCEL event.
---@async
---@param destination string
---@return boolean
---@return Error?
function process.terminate(destination) end

--- Has an EXIT event delivered when the process ends.
---@async
---@param destination string
---@return boolean
---@return Error?
function process.monitor(destination) end

--- Takes a monitor back. Without one it does nothing.
---@async
---@param destination string
---@return boolean
---@return Error?
function process.unmonitor(destination) end

--- Joins this process and another one: when either fails, the other gets LINK_DOWN. Linking twice is no error.
---@async
---@param destination string
---@return boolean
---@return Error?
function process.link(destination) end

--- Takes a link back. Without one it does nothing.
---@async
---@param destination string
---@return boolean
---@return Error?
function process.unlink(destination) end

--- Restarts this process with the code of another entry (nil: the same) and these arguments. PID, mailbox, names, monitors and links stay. It does not return. Functions cannot be upgraded.
---@async
---@param id? string
---@param ... any
function process.upgrade(id, ...) end

--- Starts the process of entry id on a host, with these arguments, and returns its PID.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function process.spawn(id, host, ...) end

--- Starts a process and monitors it before it runs: its end is an EXIT event.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function process.spawn_monitored(id, host, ...) end

--- Starts a process linked to this one before it runs.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function process.spawn_linked(id, host, ...) end

--- Starts a process that is linked and monitored before it runs.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return string
---@return Error?
function process.spawn_linked_monitored(id, host, ...) end

--- Starts a process, waits for its end and returns its result.
---@async
---@param id? string
---@param host? string
---@param ... any
---@return any
---@return Error?
function process.exec(id, host, ...) end

--- A builder for processes that see these context values. Raises when it is not allowed.
---@param values table
---@return SpawnBuilder
function process.with_context(values) end

--- A builder for processes with these options: network, the id of a network entry, and for workflows those of Temporal, such as ["temporal.workflow.id"]. Raises when it is not allowed.
---@param options table
---@return SpawnBuilder
function process.with_options(options) end

--- Names of processes. A name is gone when its process ends.
process.registry = {}

--- Gives a name to a process, by default to this one on this node. The same name and PID again is a success; a name that another process has is AlreadyExists, with its PID in details().existing_pid.
---@async
---@param name string
---@param pid? any
---@param scope? any
---@return boolean
---@return Error?
function process.registry.register(name, pid, scope) end

--- PID of a name; NotFound if nobody has it.
---@async
---@param name string
---@return string
---@return Error?
function process.registry.lookup(name) end

--- Takes a name away. It returns false if nobody has it or, in a cluster scope, if another process has.
---@async
---@param name string
---@param scope? any
---@return boolean
---@return Error?
function process.registry.unregister(name, scope) end

--- The kinds of lifecycle events.
process.event = {}

