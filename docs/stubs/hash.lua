---@meta

--- Hashes and HMACs. Arguments of a wrong type are an Invalid error.
---@class hashlib
hash = {}

--- The hash of data as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param raw? any
---@return string
---@return Error?
function hash.md5(data, raw) end

--- The hash of data as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param raw? any
---@return string
---@return Error?
function hash.sha1(data, raw) end

--- The hash of data as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param raw? any
---@return string
---@return Error?
function hash.sha256(data, raw) end

--- The hash of data as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param raw? any
---@return string
---@return Error?
function hash.sha512(data, raw) end

--- The HMAC of data with a secret, as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param secret any
---@param raw? any
---@return string
---@return Error?
function hash.hmac_md5(data, secret, raw) end

--- The HMAC of data with a secret, as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param secret any
---@param raw? any
---@return string
---@return Error?
function hash.hmac_sha1(data, secret, raw) end

--- The HMAC of data with a secret, as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param secret any
---@param raw? any
---@return string
---@return Error?
function hash.hmac_sha256(data, secret, raw) end

--- The HMAC of data with a secret, as lower-case hex, or as bytes if raw is true.
---@async
---@param data any
---@param secret any
---@param raw? any
---@return string
---@return Error?
function hash.hmac_sha512(data, secret, raw) end

--- The 32-bit FNV-1 hash.
---@param data any
---@return number
---@return Error?
function hash.fnv32(data) end

--- The 64-bit FNV-1 hash, rounded to what a number can hold.
---@param data any
---@return number
---@return Error?
function hash.fnv64(data) end

