---@meta

--- Counters, gauges and histograms, exported in the form of Prometheus where the configuration has prometheus.enabled. Labels are a table of strings.
---@class metricslib
metrics = {}

--- Adds 1 to a counter.
---@async
---@param name string
---@param labels? table
---@return boolean
---@return Error?
function metrics.counter_inc(name, labels) end

--- Adds a value, which is not negative, to a counter.
---@async
---@param name string
---@param value number
---@param labels? table
---@return boolean
---@return Error?
function metrics.counter_add(name, value, labels) end

--- Sets a gauge.
---@async
---@param name string
---@param value number
---@param labels? table
---@return boolean
---@return Error?
function metrics.gauge_set(name, value, labels) end

--- Adds 1 to a gauge.
---@async
---@param name string
---@param labels? table
---@return boolean
---@return Error?
function metrics.gauge_inc(name, labels) end

--- Takes 1 from a gauge.
---@async
---@param name string
---@param labels? table
---@return boolean
---@return Error?
function metrics.gauge_dec(name, labels) end

--- Adds an observation to a histogram.
---@async
---@param name string
---@param value number
---@param labels? table
---@return boolean
---@return Error?
function metrics.histogram(name, value, labels) end

