---@meta

--- HTTP requests. A response is a table with status_code, url, body, body_size, headers, cookies and, where it was asked for, stream. Private and loopback addresses need a permission of their own.
---@class http_clientlib
http_client = {}

--- Sends a GET request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.get(url, options) end

--- Sends a POST request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.post(url, options) end

--- Sends a PUT request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.put(url, options) end

--- Sends a PATCH request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.patch(url, options) end

--- Sends a DELETE request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.delete(url, options) end

--- Sends a HEAD request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.head(url, options) end

--- Sends a request. Options: headers, query, cookies, form (tables of strings), body, files (a list of {name, filename, content or reader}; a reader is a Stream), auth {user, pass}, timeout (seconds or a duration; default 30), stream (true: the body is a Stream, and the timeout counts until it begins), max_response_body (bytes; default 120 MB, none for a Stream), unix_socket, tls {cert, key, ca, server_name, insecure_skip_verify}, overlay_network (id of a network entry; without it the one that the caller or the configuration has chosen), retry {max_attempts, initial_delay, max_delay, backoff_factor, jitter}: network errors, timeouts and the statuses 408, 429, 502, 503 and 504 are then tried again, each attempt with a timeout of its own, after the delay or what Retry-After asks for, up to max_delay; POST and PATCH only with a header Idempotency-Key, and never a reader.
---@async
---@param method string
---@param url string
---@param options? table
---@return table
---@return Error?
function http_client.request(method, url, options) end

--- Sends a list of {method, url, options} in parallel. Both results are in the order of the requests; the second is nil if all succeeded.
---@async
---@param requests any[]
---@return any[]
---@return table?
function http_client.request_batch(requests) end

--- Escapes text for a query; a space becomes +.
---@param text string
---@return string
function http_client.encode_uri(text) end

--- The opposite of encode_uri. A bad escape is an Invalid error.
---@param text string
---@return string
---@return Error?
function http_client.decode_uri(text) end

