---@meta

--- The request. Every method returns an error as its second value.
---@class Request
local Request = {}

--- The method.
---@return string
---@return Error?
function Request:method() end

--- The path, without the query.
---@return string
---@return Error?
function Request:path() end

--- The host the client asked for.
---@return string
---@return Error?
function Request:host() end

--- The address of the client, ip:port; behind real_ip the bare address.
---@return string
---@return Error?
function Request:remote_addr() end

--- The first value of a query parameter, or nil.
---@param name string
---@return string
---@return Error?
function Request:query(name) end

--- All query parameters; several values of one are joined with a comma.
---@return table
---@return Error?
function Request:query_params() end

--- A header, or nil; several values are joined with a comma and a space. Capitalisation does not matter.
---@param name string
---@return string
---@return Error?
function Request:header(name) end

--- The content type, or nil.
---@return string
---@return Error?
function Request:content_type() end

--- The length of the body, -1 if it is not known.
---@return number
---@return Error?
function Request:content_length() end

--- Whether the content length is above 0.
---@return boolean
---@return Error?
function Request:has_body() end

--- Whether the Accept header names exactly this type or */*.
---@param type string
---@return boolean
---@return Error?
function Request:accepts(type) end

--- Whether the content type begins with this text.
---@param type string
---@return boolean
---@return Error?
function Request:is_content_type(type) end

--- The value of a path parameter, or nil.
---@param name string
---@return string
---@return Error?
function Request:param(name) end

--- All path parameters.
---@return table
---@return Error?
function Request:params() end

--- The whole body; again and again the same. Invalid where it is larger than max_body, Internal where it does not come within the timeout.
---@async
---@return string
---@return Error?
function Request:body() end

--- The body, decoded from JSON. Invalid where it is none.
---@async
---@return any
---@return Error?
function Request:body_json() end

--- The body as a stream. Taken before the response begins it can be read on while that is written; later the rest of the body is gone.
---@return Stream
---@return Error?
function Request:stream() end

--- The fields and files of a form: values by name, a text or a list of texts; files by name, lists of MultipartFile. Of files at most max_memory bytes are kept in memory, 32 MB if left out. Invalid for other content types.
---@async
---@param max_memory? integer
---@return table
---@return Error?
function Request:parse_multipart(max_memory) end

--- The response. Its methods return nothing, or an error, and cannot be chained.
---@class Response
local Response = {}

--- Sets the status, 200 to 599. Invalid once the headers are sent.
---@param code integer
---@return Error?
function Response:set_status(code) end

--- Sets a header. Invalid once the headers are sent.
---@param name string
---@param value string
---@return Error?
function Response:set_header(name, value) end

--- Sets the content type. Invalid once the headers are sent.
---@param type string
---@return Error?
function Response:set_content_type(type) end

--- chunked sends every write at once; sse makes the body a stream of events. Invalid once the headers are sent.
---@param mode string
---@return Error?
function Response:set_transfer(mode) end

--- Sends a part of the body; waits while the client does not take it.
---@async
---@param data string
---@return Error?
function Response:write(data) end

--- Sends a value as JSON, with the content type application/json where no headers are sent yet.
---@async
---@param value any
---@return Error?
function Response:write_json(value) end

--- Sends one server-sent event of {name = …, data = …}, the data as JSON, at once. Raises where one of the two is missing.
---@async
---@param event table
---@return Error?
function Response:write_event(event) end

--- Sends what was written, and the headers.
---@async
---@return Error?
function Response:flush() end

--- A file of a form. It is there until the function returns.
---@class MultipartFile
local MultipartFile = {}

--- The name the client gave it.
---@return string
---@return Error?
function MultipartFile:name() end

--- Its size in bytes.
---@return number
---@return Error?
function MultipartFile:size() end

--- A header of its part of the form, or nil.
---@param name string
---@return string
function MultipartFile:header(name) end

--- Its content as a stream.
---@async
---@return Stream
---@return Error?
function MultipartFile:stream() end

--- Request and response of a function that an http.endpoint calls.
---@class httplib
http = {}

--- The request. Options: timeout, how many ms reading the body may take, 300000 if left out; max_body, its largest size in bytes, 120 MB if left out. Internal outside of a call by an http.endpoint.
---@param options? table
---@return Request
---@return Error?
function http.request(options) end

--- The response. Status and headers are sent with the first byte of the body, or when the function returns. Internal outside of a call by an http.endpoint.
---@return Response
---@return Error?
function http.response() end

--- The methods.
http.METHOD = {}

--- Content types.
http.CONTENT = {}

--- How a body is sent.
http.TRANSFER = {}

--- What can go wrong.
http.ERROR = {}

--- The status codes.
http.STATUS = {}

