---@meta

--- What only workflows of Temporal can do. Outside a workflow version gives its last argument and everything else fails.
---@class workflowlib
workflow = {}

--- Runs a workflow as a child of this one, waits for its end and returns its result.
---@async
---@param id? string
---@param ... any
---@return any
---@return Error?
function workflow.exec(id, ...) end

--- The version of a change of the code that this run of the workflow goes by: max where it comes here for the first time, -1 where it had come past before the change was made, else the one it was given then.
---@async
---@param change_id string
---@param min integer
---@param max integer
---@return integer
---@return Error?
function workflow.version(change_id, min, max) end

--- Changes what others see of the workflow: {search = {…}} are search attributes, which must be known to the server, {memo = {…}} its memo.
---@async
---@param attributes table
---@return boolean
---@return Error?
function workflow.attrs(attributes) end

--- How many events the history of the workflow has.
---@async
---@return integer
---@return Error?
function workflow.history_length() end

--- How large the history of the workflow is, in bytes.
---@async
---@return integer
---@return Error?
function workflow.history_size() end

--- {workflow_id, run_id, workflow_type, task_queue, namespace, attempt, history_length, history_size}.
---@async
---@return table
---@return Error?
function workflow.info() end

