---@meta

--- A bucket.
---@class Storage
local Storage = {}

--- {objects, is_truncated, next_continuation_token}: objects in the order of their keys, of {prefix, max_keys, continuation_token, include_owner, include_versions}. Each is {key, size, etag, storage_class, content_type}, which is empty here, and where they are known last_modified (seconds since 1970), version_id and owner.
---@async
---@param options? table
---@return table
---@return Error?
function Storage:list_objects(options) end

--- {size, etag, content_type, cache_control, content_disposition, content_encoding, storage_class, version_id, last_modified, metadata, headers} of an object; last_modified in seconds since 1970.
---@async
---@param key any
---@return table
---@return Error?
function Storage:head_object(key) end

--- Writes an object to a File or Stream. Options: range, as in bytes=0-99; if_match and if_none_match, an etag: Conflict where it does not fit.
---@async
---@param key any
---@param writer any
---@param options? table
---@return boolean
---@return Error?
function Storage:download_object(key, writer, options) end

--- Makes an object of a string, or of what is left in a File or Stream. Options: content_type, cache_control, content_disposition, content_encoding, metadata and headers (tables of strings), if_match, if_none_match, only_if_absent: Conflict where the condition does not hold.
---@async
---@param key any
---@param content any
---@param options? table
---@return boolean
---@return Error?
function Storage:upload_object(key, content, options) end

--- Deletes the objects under a list of keys; those that are not there are no error.
---@async
---@param keys any
---@return boolean
---@return Error?
function Storage:delete_objects(keys) end

--- A URL that gives the object to whoever has it, for {expiration} seconds (3600 if left out, at most 7 days) or a duration.
---@async
---@param key any
---@param options? table
---@return string
---@return Error?
function Storage:presigned_get_url(key, options) end

--- A URL under which whoever has it can put the object. Options: expiration as in presigned_get_url; content_type and content_length, which the request then must have.
---@async
---@param key any
---@param options? table
---@return string
---@return Error?
function Storage:presigned_put_url(key, options) end

--- Lets go of the bucket; may be repeated.
---@return boolean
function Storage:release() end

--- Objects in buckets of S3 and of what speaks as it does. Failures of the server and of the way to it are Internal.
---@class cloudstoragelib
cloudstorage = {}

--- Gives the bucket with that entry id.
---@async
---@param id any
---@return Storage
---@return Error?
function cloudstorage.get(id) end

