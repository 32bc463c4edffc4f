package modules

import (
	"runtime/debug"
	"testing"

	"github.com/troupe-go/troupe/messages"
)

func TestSystem(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(before) })
	examples(t, []example{
		{name: "exit", source: `return show(system.exit(3))`, want: "true", check: asks(&messages.SystemExit{Code: 3})},
		{name: "exit refused", ctx: may(), source: `return show(system.exit())`, want: "nil, Invalid:permission denied: system.exit on exit"},
		{name: "modules", source: `for _, m in ipairs(system.modules()) do if m.name == "funcs" then return show(m.class, #m.description > 0) end end`, want: "{workflow nondeterministic}, true"},
		{name: "modules refused", ctx: may(), source: `return show(system.modules())`, want: "nil, Invalid:permission denied: system.read on modules"},
		{name: "memory", source: `local n, s = 0, system.memory.stats(); for _, k in ipairs{"alloc", "total_alloc", "sys", "heap_alloc", "heap_sys", "heap_idle", "heap_in_use", "heap_released", "heap_objects", "stack_in_use", "stack_sys", "mspan_in_use", "mspan_sys", "num_gc", "next_gc"} do assert(type(s[k]) == "number", k); n = n + 1 end; for _ in pairs(s) do n = n - 1 end; return show(n, system.memory.allocated() > 0, system.memory.heap_objects() > 0)`, want: "0, true, true"},
		{name: "memory refused", ctx: may(), source: `return show(system.memory.stats())`, want: "nil, Invalid:permission denied: system.read on memory"},
		{name: "limit", source: `system.memory.set_limit(2^40); return show(system.memory.get_limit() == 2^40, system.memory.set_limit(-1) == 2^40, system.memory.get_limit(), system.memory.set_limit(-1), system.memory.set_limit(-2))`, want: "true, true, -1, -1, nil, Invalid:memory limit must not be negative; -1 is no limit"},
		{name: "limit refused", ctx: may("system.read memory_limit"), source: `return show(system.memory.set_limit(-1))`, want: "nil, Invalid:permission denied: system.control on memory_limit"},
		{name: "gc", source: `local old = system.gc.get_percent(); local was = system.gc.set_percent(77); local now = system.gc.set_percent(old); return show(system.gc.collect(), was == old, now)`, want: "true, true, 77"},
		{name: "gc off", source: `local old = system.gc.set_percent(-1); local off = system.gc.get_percent(); system.gc.set_percent(old); return show(off, system.gc.get_percent() == old)`, want: "-1, true"},
		{name: "gc refused", ctx: may(), source: `return show(system.gc.collect())`, want: "nil, Invalid:permission denied: system.gc on gc"},
		{name: "runtime", source: `local n = system.runtime.max_procs(); return show(system.runtime.goroutines() > 0, system.runtime.cpu_count() > 0, system.runtime.max_procs(n) == n, system.runtime.max_procs(0))`, want: "true, true, true, nil, Invalid:max_procs: n must be from 1 to 1024"},
		{name: "runtime refused", ctx: may("system.read gomaxprocs"), source: `return show(system.runtime.max_procs() > 0, system.runtime.max_procs(1))`, want: "true, nil, Invalid:permission denied: system.control on gomaxprocs"},
		{name: "os process", source: `return show(system.process.pid() > 0, #system.process.hostname() > 0, #system.process.cwd() > 0)`, want: "true, true, true"},
		{name: "hosts", source: `return show(system.hosts.list())`, want: "{{executed=4 id=app:procs processes=3 queue_depth=6 stolen=5 workers=2}}, nil"},
		{name: "hosts refused", ctx: may(), source: `return show(system.hosts.processes("app:procs"))`, want: "nil, Invalid:permission denied: system.read on hosts"},
		{name: "processes", source: `return show(system.hosts.processes("app:procs"))`, want: "{{host=app:procs pid=" + worldPID + " source=app:test started_at=1000000000 state=running stats={instructions=7 mailbox=9 memory=8} steps=7}}, nil"},
		{name: "service", source: `return show(system.supervisor.state("app:svc"))`, want: "{desired=running details=oh id=app:svc last_update=2000000000 retry_count=2 started_at=0 status=failed}, nil"},
		{name: "no service", source: `return show(system.supervisor.state("app:x"))`, want: "nil, NotFound:service not found: app:x"},
		{name: "services", source: `return show(#system.supervisor.states())`, want: "1"},
		{name: "node alone", source: `return show(system.node.id() == system.process.hostname(), system.node.addr(), system.node.role())`, want: "true, , non-member, nil"},
		{name: "cluster alone", source: `local m = system.cluster.members(); return show(#m, m[1].is_local, system.cluster.leader(), system.cluster.size())`, want: "1, true, , 0, nil"},
		{name: "cluster refused", ctx: may(), source: `return show(system.cluster.size())`, want: "nil, Invalid:permission denied: system.read on cluster"},
		{name: "raft", source: `return show(system.raft.is_leader())`, want: "nil, Internal:raft not available"},
		{name: "raft stats refused", ctx: may("system.read raft"), source: `return show(system.raft.stats())`, want: "nil, Invalid:permission denied: system.read on raft_stats"},
		{name: "lock", source: `return show(system.lock.acquire("free"), system.lock.release("mine"), system.lock.release("other"))`, want: "true, true, false, nil"},
		{name: "lock asks", source: `return show(system.lock.acquire("free"))`, want: "true", check: asks(&messages.LockAcquire{Name: "free", By: worldPID})},
		{name: "lock held", source: `return show(system.lock.acquire("held"))`, want: "false, AlreadyExists:lock held: held"},
		{name: "lock refused", ctx: may(), source: `return show(system.lock.acquire("x"))`, want: "nil, PermissionDenied:permission denied: system.lock on x"},
	})
}
