package messages

// The commands below are sent by workflows and answered by what runs them.

// WorkflowVersion answers an int: the version of a change of the code that the
// workflow goes by.
type WorkflowVersion struct {
	Change   string
	Min, Max int
}

// WorkflowAttrs changes search attributes and memo. Answered with Done.
type WorkflowAttrs struct{ Search, Memo *Table }

// WorkflowInfo answers a map[string]any with what is known of the workflow.
type WorkflowInfo struct{}
