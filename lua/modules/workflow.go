package modules

import (
	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

var workflowModule = lua.Module{
	Name:  "workflow",
	Doc:   "What only workflows of Temporal can do. Outside a workflow version gives its last argument and everything else fails.",
	Class: []lua.Class{lua.Workflow, lua.Nondeterministic},
	Funcs: []lua.Func{
		{
			Sig:        "exec(id?: string, ...: any): any, error?",
			Doc:        "Runs a workflow as a child of this one, waits for its end and returns its result.",
			Permission: "workflow.exec",
			Ask:        workflowExec,
		},
		{
			Sig: "version(change_id: string, min: integer, max: integer): integer, error?",
			Doc: "The version of a change of the code that this run of the workflow goes by: max where it comes here for the first time, -1 where it had come past before the change was made, else the one it was given then.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				if !c.Process().Workflow {
					return nil, c.Return(c.Int(2))
				}
				if c.String(0) == "" {
					return nil, messages.Errorf(messages.Invalid, "change ID required")
				}
				return lua.Ask("", &messages.WorkflowVersion{Change: c.String(0), Min: c.Int(1), Max: c.Int(2)}, func(c *lua.Call, v int) error { return c.Return(v, nil) }), nil
			},
			Try: `return workflow.version("new prices", -1, 2)`, Gives: "2",
		},
		{
			Sig: "attrs(attributes: table): boolean, error?",
			Doc: "Changes what others see of the workflow: {search = {…}} are search attributes, which must be known to the server, {memo = {…}} its memo.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				if err := outside(c, "attrs"); err != nil {
					return nil, err
				}
				body := &messages.WorkflowAttrs{}
				for name, to := range map[string]**messages.Table{"search": &body.Search, "memo": &body.Memo} {
					v := c.Table(0).Get(name)
					t, ok := v.(*messages.Table)
					if v != nil && !ok {
						return nil, messages.Errorf(messages.Invalid, "%s: a table is expected", name)
					}
					*to = t
				}
				return lua.Tell("", body), nil
			},
		},
		infoPart("history_length", "How many events the history of the workflow has."),
		infoPart("history_size", "How large the history of the workflow is, in bytes."),
		{
			Sig: "info(): table, error?",
			Doc: "{workflow_id, run_id, workflow_type, task_queue, namespace, attempt, history_length, history_size}.",
			Ask: func(c *lua.Call) (*lua.Command, error) {
				if err := outside(c, "info"); err != nil {
					return nil, err
				}
				return lua.Ask("", &messages.WorkflowInfo{}, func(c *lua.Call, info map[string]any) error { return c.Return(info, nil) }), nil
			},
		},
	},
}

func outside(c *lua.Call, name string) error {
	if c.Process().Workflow {
		return nil
	}
	return messages.Errorf(messages.Invalid, "workflow.%s outside workflow context not yet supported", name)
}

func infoPart(name, doc string) lua.Func {
	return lua.Func{Sig: name + "(): integer, error?", Doc: doc, Ask: func(c *lua.Call) (*lua.Command, error) {
		if err := outside(c, name); err != nil {
			return nil, err
		}
		return lua.Ask("", &messages.WorkflowInfo{}, func(c *lua.Call, info map[string]any) error { return c.Return(info[name], nil) }), nil
	}}
}

func workflowExec(c *lua.Call) (*lua.Command, error) {
	if err := outside(c, "exec"); err != nil {
		return nil, err
	}
	id := c.String(0)
	if id == "" {
		return nil, messages.Errorf(messages.Invalid, "workflow ID required")
	}
	if _, _, ok := splitID(id); !ok {
		return nil, messages.Errorf(messages.Invalid, "invalid workflow ID format (namespace:name required)")
	}
	if !c.Allowed("workflow.exec", id) {
		return nil, denied("not allowed to exec workflow: %s", id)
	}
	return &lua.Command{
		Body: &messages.Exec{Spawn: &messages.Spawn{Process: id, Args: c.Values(1), Context: c.Process().Context, Parent: c.Host().PID()}},
		Then: func(c *lua.Call, v any) error { return c.Return(v, nil) },
	}, nil
}
