---@meta

--- Random values, authenticated encryption, HMAC, key derivation and JSON web tokens. Bad lengths, empty keys and keys of a wrong size are Invalid errors; decryption and verification that fail are Internal.
---@class cryptolib
crypto = {}

--- Derives a key of length bytes (1 to 65536) from a password, in 1 to 10000000 iterations, with sha256 (default) or sha512.
---@async
---@param password string
---@param salt string
---@param iterations integer
---@param length integer
---@param hash? string
---@return string
---@return Error?
function crypto.pbkdf2(password, salt, iterations, length, hash) end

--- Reports whether two strings are equal, in a time that depends on their length only.
---@param a string
---@param b string
---@return boolean
function crypto.constant_time_compare(a, b) end

--- Random values, fit for secrets.
crypto.random = {}

--- Returns n random bytes, 1 to 1048576.
---@param n integer
---@return string
---@return Error?
function crypto.random.bytes(n) end

--- Returns n random characters, 1 to 1048576, letters and digits if there is no charset.
---@param n integer
---@param charset? string
---@return string
---@return Error?
function crypto.random.string(n, charset) end

--- Returns a random UUID.
---@return string
---@return Error?
function crypto.random.uuid() end

--- Keyed hashes in lower-case hex.
crypto.hmac = {}

--- The HMAC of data.
---@async
---@param key string
---@param data string
---@return string
---@return Error?
function crypto.hmac.sha256(key, data) end

--- The HMAC of data.
---@async
---@param key string
---@param data string
---@return string
---@return Error?
function crypto.hmac.sha512(key, data) end

--- Authenticated encryption. The nonce is random and stands in front of the result; aad is protected but not part of it.
crypto.encrypt = {}

--- AES-GCM with a key of 16, 24 or 32 bytes.
---@async
---@param data string
---@param key string
---@param aad? string
---@return string
---@return Error?
function crypto.encrypt.aes(data, key, aad) end

--- ChaCha20-Poly1305 with a key of 32 bytes.
---@async
---@param data string
---@param key string
---@param aad? string
---@return string
---@return Error?
function crypto.encrypt.chacha20(data, key, aad) end

--- The opposite of encrypt: it needs the same key and aad.
crypto.decrypt = {}

--- Decrypts what encrypt.aes made.
---@async
---@param data string
---@param key string
---@param aad? string
---@return string
---@return Error?
function crypto.decrypt.aes(data, key, aad) end

--- Decrypts what encrypt.chacha20 made.
---@async
---@param data string
---@param key string
---@param aad? string
---@return string
---@return Error?
function crypto.decrypt.chacha20(data, key, aad) end

--- JSON web tokens.
crypto.jwt = {}

--- Makes a signed token. The algorithm is HS256 (default), HS384, HS512, or RS256 with a private key in PEM. The field _header of the claims sets header fields.
---@param claims table
---@param key string
---@param alg? string
---@return string
---@return Error?
function crypto.jwt.encode(claims, key, alg) end

--- Checks the signature and times of a token and returns its claims. RS256 takes a public key in PEM. A token without exp is refused unless require_exp is false.
---@param token string
---@param key string
---@param alg? string
---@param require_exp? boolean
---@return table
---@return Error?
function crypto.jwt.verify(token, key, alg, require_exp) end

