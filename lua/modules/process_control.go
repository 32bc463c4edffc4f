package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// processStarting are the functions that start and control processes.
var processStarting = append([]lua.Func{
	{
		Sig:        "cancel(destination: string, reason?: string): boolean, error?",
		Doc:        "Delivers a CANCEL event. What the process makes of it is its own affair.",
		Permission: "process.cancel",
		Ask: signal("process.cancel", "cancel process", func(c *lua.Call, pid string) any {
			return &messages.Cancel{From: pid, Reason: c.String(1)}
		}),
	},
	{
		Sig:        "terminate(destination: string): boolean, error?",
		Doc:        "Ends a process at once, without a CANCEL event.",
		Permission: "process.terminate",
		Ask: signal("process.terminate", "terminate process", func(_ *lua.Call, pid string) any {
			return &messages.Terminate{From: pid}
		}),
	},
	{
		Sig:        "monitor(destination: string): boolean, error?",
		Doc:        "Has an EXIT event delivered when the process ends.",
		Permission: "process.monitor",
		Ask: signal("process.monitor", "monitor process", func(_ *lua.Call, pid string) any {
			return &messages.Monitor{By: pid}
		}),
	},
	{
		Sig:        "unmonitor(destination: string): boolean, error?",
		Doc:        "Takes a monitor back. Without one it does nothing.",
		Permission: "process.unmonitor",
		Ask: signal("process.unmonitor", "unmonitor process", func(_ *lua.Call, pid string) any {
			return &messages.Monitor{By: pid, Off: true}
		}),
	},
	{
		Sig:        "link(destination: string): boolean, error?",
		Doc:        "Joins this process and another one: when either fails, the other gets LINK_DOWN. Linking twice is no error.",
		Permission: "process.link",
		Ask: signal("process.link", "link process", func(_ *lua.Call, pid string) any {
			return &messages.Link{By: pid}
		}),
	},
	{
		Sig:        "unlink(destination: string): boolean, error?",
		Doc:        "Takes a link back. Without one it does nothing.",
		Permission: "process.unlink",
		Ask: signal("process.unlink", "unlink process", func(_ *lua.Call, pid string) any {
			return &messages.Link{By: pid, Off: true}
		}),
	},
	{
		Sig: "upgrade(id?: string, ...: any)",
		Doc: "Restarts this process with the code of another entry (nil: the same) and these arguments. PID, mailbox, names, monitors and links stay. It does not return. Functions cannot be upgraded.",
		Ask: func(c *lua.Call) (*lua.Command, error) {
			if c.Process().Function {
				return nil, messages.Errorf(messages.Invalid, "upgrade is not available in functions: call it in a process")
			}
			if c.Has(0) {
				if _, _, ok := splitID(c.String(0)); !ok {
					return nil, errProcessID
				}
			}
			return c.Quit(&lua.Upgrade{ID: c.String(0), Args: c.Values(1)}), nil
		},
	},
}, processSpawning...)

// signal makes the Ask of a function whose first argument is a destination.
func signal(action, doing string, body func(c *lua.Call, pid string) any) func(*lua.Call) (*lua.Command, error) {
	return func(c *lua.Call) (*lua.Command, error) {
		dest := c.String(0)
		if !mayReach(c, action, dest) {
			return nil, denied("not allowed to %s: %s", doing, dest)
		}
		return lua.Tell("", &messages.Signal{To: dest, Body: body(c, c.Host().PID())}), nil
	}
}
