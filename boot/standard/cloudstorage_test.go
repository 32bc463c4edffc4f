package standard_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// The whole of module cloudstorage, on a server in this process.
func TestCloudStorage(t *testing.T) {
	backend := s3mem.New()
	if err := backend.CreateBucket("files"); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(gofakes3.New(backend).Server())
	defer server.Close()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>no</Message></Error>")
	}))
	defer broken.Close()
	rt := start(t, hostEntry+fmt.Sprintf(`
  - {name: values, kind: env.storage.static, values: {REGION: eu-central-1, KEY: k, SECRET: s, BUCKET: files, ENDPOINT: %q}}
  - {name: region, kind: env.variable, storage: values, variable: REGION}
  - {name: key, kind: env.variable, storage: values, variable: KEY}
  - {name: secret, kind: env.variable, storage: values, variable: SECRET}
  - {name: bucket, kind: env.variable, storage: values, variable: BUCKET}
  - {name: endpoint, kind: env.variable, storage: values, variable: ENDPOINT}
  - {name: aws, kind: config.aws, region_env: REGION, access_key_id_env: KEY, secret_access_key_env: SECRET}
  - {name: plain, kind: config.aws, region: us-east-1, access_key_id: k, secret_access_key: s}
  - {name: s, kind: cloudstorage.s3, bucket_env: BUCKET, config: app:aws, endpoint_env: ENDPOINT}
  - {name: none, kind: cloudstorage.s3, bucket: missing, config: plain, endpoint: %q}
  - {name: refused, kind: cloudstorage.s3, bucket: files, config: plain, endpoint: %q}
  - {name: away, kind: cloudstorage.s3, bucket: files, config: plain, endpoint: "http://127.0.0.1:1"}
  - {name: dir, kind: fs.directory, directory: %q}
  - {name: nobody, kind: security.policy, policy: {actions: "x", resources: "*", effect: allow}}
`, server.URL, server.URL, broken.URL, t.TempDir())+mainProc("cloudstorage, fs, funcs, http_client, security, time, json", failsLua+`
local cs, fs, http = require("cloudstorage"), require("fs"), require("http_client")
local time, json, funcs, security = require("time"), require("json"), require("funcs"), require("security")
local s = assert(cs.get("app:s"))
local v
fails("Invalid", "ID required", cs.get(""))
fails("Invalid", "ID required", cs.get(7))
fails("NotFound", "app:nowhere", cs.get("app:nowhere"))
fails("NotFound", "nowhere", cs.get("nowhere"))
fails("Invalid", "no cloud storage", cs.get("app:dir"))
fails("Invalid", "key is required", s:head_object(""))
fails("Invalid", "key is required", s:head_object(7))
fails("Invalid", "content", s:upload_object("k", nil))
fails("Invalid", "content", s:upload_object("k", {}))
fails("NotFound", "a of bucket files", s:head_object("a"))

-- strings
assert(s:upload_object("a", "hello world", {content_type = "text/x", cache_control = "no-cache", content_disposition = "inline", content_encoding = "identity", metadata = {who = "me"}, headers = {["x-amz-meta-extra"] = "1"}}) == true)
local h = assert(s:head_object("a"))
if h.size ~= 11 or h.content_type ~= "text/x" or h.metadata.who ~= "me" or h.metadata.extra ~= "1" or not h.etag or math.abs(h.last_modified - time.now():unix()) > 100 or not h.headers["Content-Type"] then return json.encode(h) end
fails("Conflict", nil, s:upload_object("a", "x", {only_if_absent = true}))
fails("Conflict", nil, s:upload_object("a", "x", {if_match = '"nix"'}))
fails("Invalid", "cannot go together", s:upload_object("a", "x", {only_if_absent = true, if_match = "x"}))
assert(s:upload_object("a", "hello again", {if_match = h.etag}))
assert(s:upload_object("b", "", {only_if_absent = true}))
assert(s:upload_object("dir/c", "c"))

-- files
local vol = assert(fs.get("app:dir"))
local f = assert(vol:open("big", "w"))
local piece = string.rep("0123456789abcdef", 65536)
for i = 1, 20 do assert(f:write(piece)) end
fails("Invalid", nil, s:upload_object("closed", "x", {only_if_absent = true, if_none_match = "y"}))
f:close()
fails("Invalid", "closed", s:upload_object("big", f))
f = assert(vol:open("big", "r"))
assert(s:upload_object("big", f, {content_type = "application/x", metadata = {parts = "yes"}}))
f:close()
h = assert(s:head_object("big"))
if h.size ~= 20 * #piece or h.metadata.parts ~= "yes" then return "big " .. json.encode(h) end
local function download(key, o)
    local w = assert(vol:open("out", "w"))
    local ok, err = s:download_object(key, w, o)
    w:close()
    if not ok then return nil, err end
    return vol:readfile("out")
end
if download("big") ~= vol:readfile("big") then return "big differs" end
if download("a") ~= "hello again" or download("b") ~= "" then return "download" end
if download("a", {range = "bytes=0-4"}) ~= "hello" then return "range" end
fails("Invalid", nil, download("a", {range = "bytes=100-200"}))
fails("NotFound", nil, download("nix"))
local etag = s:head_object("a").etag
fails("Conflict", nil, download("a", {if_none_match = etag}))
fails("Invalid", "writer", s:download_object("a", "out"))
fails("Invalid", "writer", s:download_object("a"))
local reader = assert(vol:open("big", "r"))
local ok, err = s:download_object("a", reader)
if ok or not err then return "a file that is only read was written" end

-- lists
local function keys(p)
    local out = {}
    for _, o in ipairs(p.objects) do out[#out + 1] = o.key end
    return table.concat(out, " ") .. (p.is_truncated and " +" or "")
end
local p = assert(s:list_objects())
if keys(p) ~= "a b big dir/c" or p.next_continuation_token then return "list " .. keys(p) end
local o = p.objects[1]
if o.size ~= 11 or o.etag ~= etag or o.content_type ~= "" or not o.last_modified or o.owner or o.version_id then return json.encode(o) end
if keys(s:list_objects({prefix = "dir/"})) ~= "dir/c" then return "prefix" end
p = assert(s:list_objects({max_keys = 2}))
if keys(p) ~= "a b +" then return "page 1 " .. keys(p) end
p = assert(s:list_objects({max_keys = 2, continuation_token = p.next_continuation_token}))
if keys(p) ~= "big dir/c" then return "page 2 " .. keys(p) end
assert(s:list_objects({include_owner = true}))
p = assert(s:list_objects({include_versions = true, include_owner = true}))
if #p.objects < 4 then return "versions " .. keys(p) end
fails("Invalid", "continuation token", s:list_objects({include_versions = true, continuation_token = "?"}))

-- signed URLs
local u = assert(s:presigned_put_url("signed", {expiration = 60, content_type = "text/y", content_length = 3}))
local r = assert(http.put(u, {body = "abc", headers = {["Content-Type"] = "text/y"}}))
if r.status_code ~= 200 then return "put " .. r.status_code .. r.body end
u = assert(s:presigned_get_url("signed", {expiration = "1m"}))
if not u:find("X%-Amz%-Expires=60") or http.get(u).body ~= "abc" then return "get " .. u end
if not s:presigned_get_url("signed"):find("X%-Amz%-Expires=3600") then return "default expiration" end
for _, e in ipairs{0, -1, 1e9, "soon", true} do fails("Invalid", "expiration", s:presigned_get_url("a", {expiration = e})) end
fails("Invalid", "key", s:presigned_put_url(""))

assert(s:delete_objects({"a", "big", "nix"}) == true)
if keys(s:list_objects()) ~= "b dir/c signed" then return "delete" end
for _, k in ipairs{{}, {1}, "a", {""}} do fails("Invalid", "keys", s:delete_objects(k)) end

-- other failures
fails("NotFound", nil, cs.get("app:none"):list_objects())
fails("PermissionDenied", nil, cs.get("app:refused"):list_objects())
fails("PermissionDenied", nil, cs.get("app:refused"):upload_object("a", "x"))
v, err = cs.get("app:away"):list_objects()
if err:kind() ~= "Internal" or err:retryable() ~= true then return tostring(err) end
if s:release() ~= true or s:release() ~= true then return "release" end
fails("Invalid", "released", s:list_objects())
fails("Invalid", "released", s:head_object("a"))
local denied = funcs.new():with_actor(security.new_actor("u")):with_scope(security.new_scope({assert(security.policy("app:nobody"))}))
v, err = denied:call("app:get")
if err:kind() ~= "PermissionDenied" or err:message() ~= "not allowed to get cloud storage: app:s" then return tostring(err) end
return "ok"`)+`
  - {name: get, kind: function.lua, method: run, modules: [cloudstorage], source: "return {run = function() return require('cloudstorage').get('app:s') end}"}
`)
	wantOK(t, rt)
}
