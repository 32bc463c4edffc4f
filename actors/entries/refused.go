package entries

import (
	"errors"

	"github.com/troupe-go/troupe/actors"
)

// Refused are the kinds that are known and refused.
func Refused() []actors.Kind {
	return []actors.Kind{
		refuse[moduleLua]("module.lua", "The node of a built-in module; made by the runtime."),

		refuse[precompiled]("workflow.lua.bc", "A precompiled Lua workflow."),

		refuse[wasm]("function.wasm", "A WebAssembly function."),
		refuse[wasm]("function.wat", "A WebAssembly function in text form."),
		refuse[wasm]("process.wasm", "A WebAssembly process."),

		refuse[sqs]("queue.driver.sqs", "The queue service of AWS."),
		refuse[kvRaft]("store.kv.raft", "A replicated key-value store with one order of writes."),
		refuse[kvCRDT]("store.kv.crdt", "A replicated key-value store that merges writes."),
		refuse[cdcPostgres]("db.cdc.postgres", "Change data capture of a PostgreSQL database."),
		refuse[execDocker]("exec.docker", "Commands in containers."),
		refuse[network]("network", "The base of the outbound networks."),
		refuse[i2p]("network.i2p", "The I2P overlay network."),
		refuse[tailscale]("network.tailscale", "The Tailscale overlay network."),
	}
}

type moduleLua struct{}

func (moduleLua) refusal() error {
	return errors.New("kind module.lua is made by the runtime for its built-in modules; remove the entry and list the module in the field modules")
}

type precompiled struct{}

func (precompiled) refusal() error {
	return errors.New("precompiled Lua cannot run: the byte format of *.lua.bc belongs to another Lua engine; use the source form, for example function.lua in place of function.lua.bc")
}

type wasm struct{}

func (wasm) refusal() error {
	return errors.New("WebAssembly is not supported yet by this runtime; write the function or process in Lua, or in Go as a module")
}

func notYet(kind, instead string) error {
	return errors.New("kind " + kind + " is not supported yet by this runtime; " + instead)
}

type (
	sqs         struct{}
	kvRaft      struct{}
	kvCRDT      struct{}
	cdcPostgres struct{}
	execDocker  struct{}
	network     struct{}
	i2p         struct{}
	tailscale   struct{}
)

func (sqs) refusal() error {
	return notYet("queue.driver.sqs", "use queue.driver.jetstream, queue.driver.amqp or queue.driver.memory")
}

func (kvRaft) refusal() error {
	return notYet("store.kv.raft", "use store.memory, store.badger or store.sql")
}

func (kvCRDT) refusal() error {
	return notYet("store.kv.crdt", "use store.memory, store.badger or store.sql")
}

func (cdcPostgres) refusal() error {
	return notYet("db.cdc.postgres", "read the tables with the module sql")
}

func (execDocker) refusal() error { return notYet("exec.docker", "use exec.native") }
func (network) refusal() error {
	return notYet("network", "use network.socks5, or leave it out: connections go out directly")
}

func (i2p) refusal() error {
	return notYet("network.i2p", "use network.socks5, or leave it out: connections go out directly")
}

func (tailscale) refusal() error {
	return notYet("network.tailscale", "use network.socks5, or leave it out: connections go out directly")
}
