---@meta

--- Information on the runtime, and control of it. A refused permission is Invalid "permission denied: …".
---@class systemlib
system = {}

--- Shuts the whole application down with this exit code, by default 0.
---@async
---@param code? integer
---@return boolean
---@return Error?
function system.exit(code) end

--- The modules of the runtime: a list of {name, description, class}.
---@return table
---@return Error?
function system.modules() end

--- Memory of the whole program, in bytes or counts.
system.memory = {}

--- All figures at once.
---@return table
---@return Error?
function system.memory.stats() end

--- Bytes of live and not yet collected objects.
---@return integer
---@return Error?
function system.memory.allocated() end

--- How many objects there are.
---@return integer
---@return Error?
function system.memory.heap_objects() end

--- Sets a soft limit, -1 for none, and returns the one before.
---@param bytes integer
---@return integer
---@return Error?
function system.memory.set_limit(bytes) end

--- The soft limit, -1 for none.
---@return integer
---@return Error?
function system.memory.get_limit() end

--- The garbage collector of the whole program.
system.gc = {}

--- Runs a collection and waits for it.
---@async
---@return boolean
---@return Error?
function system.gc.collect() end

--- Sets how much the heap grows before a collection, negative for never, and returns the value before.
---@param percent integer
---@return integer
---@return Error?
function system.gc.set_percent(percent) end

--- The value of set_percent.
---@return integer
---@return Error?
function system.gc.get_percent() end

--- Go's scheduler.
system.runtime = {}

--- How many goroutines there are.
---@return integer
---@return Error?
function system.runtime.goroutines() end

--- How many processors run Go code at once; with n it is changed and the value before returned.
---@param n? integer
---@return integer
---@return Error?
function system.runtime.max_procs(n) end

--- How many processors the machine has.
---@return integer
---@return Error?
function system.runtime.cpu_count() end

--- The process of the operating system.
system.process = {}

--- Its id.
---@return integer
---@return Error?
function system.process.pid() end

--- The name of the machine.
---@return string
---@return Error?
function system.process.hostname() end

--- The working directory.
---@return string
---@return Error?
function system.process.cwd() end

--- The process hosts.
system.hosts = {}

--- A list of {id, workers, processes, executed, stolen, queue_depth}.
---@async
---@return table
---@return Error?
function system.hosts.list() end

--- The processes of a host: a list of {pid, host, source, state, steps, started_at (ns), parent, actor_id, stats}.
---@async
---@param host string
---@return table
---@return Error?
function system.hosts.processes(host) end

--- The services.
system.supervisor = {}

--- One service: {id, status, desired, retry_count, last_update (ns), started_at (ns), details}.
---@async
---@param id string
---@return table
---@return Error?
function system.supervisor.state(id) end

--- All services, by id.
---@async
---@return table
---@return Error?
function system.supervisor.states() end

--- This node.
system.node = {}

--- Its name.
---@async
---@return string
---@return Error?
function system.node.id() end

--- Its address, "" without a cluster.
---@async
---@return string
---@return Error?
function system.node.addr() end

--- leader, voter, standby or non-member.
---@async
---@return string
---@return Error?
function system.node.role() end

--- The cluster of this node.
system.cluster = {}

--- A list of {id, is_local, addr, meta}, this node first.
---@async
---@return table
---@return Error?
function system.cluster.members() end

--- The leading node, "" if unknown.
---@async
---@return string
---@return Error?
function system.cluster.leader() end

--- How many nodes there are, 0 without membership.
---@async
---@return integer
---@return Error?
function system.cluster.size() end

--- The consensus of the cluster.
system.raft = {}

--- Whether this node leads. Internal "raft not available" without Raft.
---@return boolean
---@return Error?
function system.raft.is_leader() end

--- Whether this node takes part. Internal "raft not available" without Raft.
---@return boolean
---@return Error?
function system.raft.is_member() end

--- The role of this node. Internal "raft not available" without Raft.
---@return string
---@return Error?
function system.raft.role() end

--- The current term. Internal "raft not available" without Raft.
---@return integer
---@return Error?
function system.raft.term() end

--- The last committed index. Internal "raft not available" without Raft.
---@return integer
---@return Error?
function system.raft.commit_index() end

--- All figures, as text. Internal "raft not available" without Raft.
---@return table
---@return Error?
function system.raft.stats() end

--- Locks of the whole cluster. They are released when their holder ends.
system.lock = {}

--- Takes a lock; false and AlreadyExists if another process holds it. It does not wait.
---@async
---@param name string
---@return boolean
---@return Error?
function system.lock.acquire(name) end

--- Gives a lock back; false if the caller does not hold it.
---@async
---@param name string
---@return boolean
---@return Error?
function system.lock.release(name) end

