package modules

import (
	"os"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// alone is what a node knows where nothing handles clusters.
func alone() *messages.ClusterData {
	name, _ := os.Hostname()
	return &messages.ClusterData{ID: name, Role: "non-member", Members: []messages.MemberData{{ID: name, Local: true}}}
}

// clusterAsk declares a function that tells something of the cluster.
func clusterAsk(sig, doc, resource string, show func(d *messages.ClusterData) any) lua.Func {
	return lua.Func{Sig: sig, Doc: doc, Permission: actRead, Ask: func(c *lua.Call) (*lua.Command, error) {
		if err := systemAllowed(c, actRead, resource); err != nil {
			return nil, err
		}
		cmd := lua.Ask("", &messages.ClusterState{}, func(c *lua.Call, d *messages.ClusterData) error { return c.Return(show(d), nil) })
		cmd.Catch = func(c *lua.Call, err *messages.Error) error {
			if err.Kind == messages.Unavailable {
				return c.Return(show(alone()), nil)
			}
			return err
		}
		return cmd, nil
	}}
}

var systemNode = lua.Table{Name: "node", Doc: "This node.", Funcs: []lua.Func{
	clusterAsk("id(): string, error?", "Its name.", "node", func(d *messages.ClusterData) any { return d.ID }),
	clusterAsk("addr(): string, error?", "Its address, \"\" without a cluster.", "node", func(d *messages.ClusterData) any { return d.Addr }),
	clusterAsk("role(): string, error?", "leader, voter, standby or non-member.", "node", func(d *messages.ClusterData) any { return d.Role }),
}}

var systemCluster = lua.Table{Name: "cluster", Doc: "The cluster of this node.", Funcs: []lua.Func{
	clusterAsk("members(): table, error?", "A list of {id, is_local, addr, meta}, this node first.", "cluster", func(d *messages.ClusterData) any {
		t := &messages.Table{}
		for _, m := range d.Members {
			var meta any
			if m.Meta != nil {
				meta = m.Meta
			}
			t.Array = append(t.Array, tableOf("id", m.ID, "is_local", m.Local, "addr", ifSet(m.Addr), "meta", meta))
		}
		return t
	}),
	clusterAsk("leader(): string, error?", "The leading node, \"\" if unknown.", "cluster", func(d *messages.ClusterData) any { return d.Leader }),
	clusterAsk("size(): integer, error?", "How many nodes there are, 0 without membership.", "cluster", func(d *messages.ClusterData) any { return d.Size }),
}}

// raftDo declares a function on Raft, which this runtime runs without.
func raftDo(sig, doc, resource string) lua.Func {
	return systemDo(sig, doc+" Internal \"raft not available\" without Raft.", actRead, resource, func(*lua.Call) (any, error) {
		return nil, messages.Errorf(messages.Internal, "raft not available")
	})
}

var systemRaft = lua.Table{Name: "raft", Doc: "The consensus of the cluster.", Funcs: []lua.Func{
	raftDo("is_leader(): boolean, error?", "Whether this node leads.", "raft"),
	raftDo("is_member(): boolean, error?", "Whether this node takes part.", "raft"),
	raftDo("role(): string, error?", "The role of this node.", "raft"),
	raftDo("term(): integer, error?", "The current term.", "raft"),
	raftDo("commit_index(): integer, error?", "The last committed index.", "raft"),
	raftDo("stats(): table, error?", "All figures, as text.", "raft_stats"),
}}

// lockName reads the name of a lock, and checks that the caller may use it.
func lockName(c *lua.Call) (string, error) {
	name := c.String(0)
	if name == "" {
		return "", messages.Errorf(messages.Invalid, "lock name cannot be empty")
	}
	if !c.Allowed(actLock, name) {
		return "", denied("permission denied: %s on %s", actLock, name)
	}
	return name, nil
}

var systemLock = lua.Table{Name: "lock", Doc: "Locks of the whole cluster. They are released when their holder ends.", Funcs: []lua.Func{
	{
		Sig: "acquire(name: string): boolean, error?", Doc: "Takes a lock; false and AlreadyExists if another process holds it. It does not wait.", Permission: actLock,
		Ask: func(c *lua.Call) (*lua.Command, error) {
			name, err := lockName(c)
			if err != nil {
				return nil, err
			}
			return &lua.Command{
				Body: &messages.LockAcquire{Name: name, By: c.Host().PID()},
				Catch: func(c *lua.Call, err *messages.Error) error {
					if err.Kind == messages.AlreadyExists {
						return c.Return(false, messages.Errorf(messages.AlreadyExists, "lock held: %s", name))
					}
					return err
				},
			}, nil
		},
	},
	{
		Sig: "release(name: string): boolean, error?", Doc: "Gives a lock back; false if the caller does not hold it.", Permission: actLock,
		Ask: func(c *lua.Call) (*lua.Command, error) {
			name, err := lockName(c)
			if err != nil {
				return nil, err
			}
			return lua.Ask("", &messages.LockRelease{Name: name, By: c.Host().PID()}, func(c *lua.Call, held bool) error { return c.Return(held, nil) }), nil
		},
	},
}}
