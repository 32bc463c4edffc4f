package standard_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/troupe-go/troupe/actors"
	"github.com/troupe-go/troupe/boot"
	"github.com/troupe-go/troupe/boot/standard"
	"github.com/troupe-go/troupe/registry"
)

func folderEntry(name, dir, more string) string {
	return fmt.Sprintf("\n  - {name: %s, kind: fs.directory, directory: %q%s}\n", name, dir, more)
}

// The whole of module fs on fs.directory.
func TestFS(t *testing.T) {
	dir := t.TempDir()
	outside := t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for link, to := range map[string]string{"out": outside, "file_out": filepath.Join(outside, "secret"), "up": "../" + filepath.Base(outside), "nowhere": "gone"} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	rt := start(t, hostEntry+folderEntry("data", dir, "")+folderEntry("made", filepath.Join(dir, "a/b"), ", auto_init: true, mode: \"0750\"")+
		folderEntry("locked", dir, ", mode: \"0444\"")+folderEntry("dropbox", dir, ", mode: \"0333\"")+folderEntry("flat", dir, ", mode: \"0600\"")+`
  - {name: cache, kind: store.memory, lifecycle: {auto_start: true}}
`+mainProc("fs, hash, stream", `
local fs, hash = require("fs"), require("hash")
local function fails(kind, text, v, err)
    if v then error("it worked: " .. tostring(v)) end
    if not err or err:kind() ~= kind or text and not err:message():find(text, 1, true) then error("expected " .. kind .. " " .. tostring(text) .. ", got " .. tostring(err and err:kind()) .. " " .. tostring(err), 2) end
end
fails("NotFound", "filesystem not found: app:none", fs.get("app:none"))
fails("NotFound", "filesystem not found: none", fs.get("none"))
fails("Invalid", nil, fs.get(""))
fails("Invalid", "not a filesystem: app:cache", fs.get("app:cache"))
local vol = assert(fs.get("app:data"))

-- whole files
assert(vol:writefile("/x.txt", "one\ntwo"))
if vol:readfile("x.txt") ~= "one\ntwo" or vol:read_file("./x.txt") ~= "one\ntwo" then return "readfile" end
assert(vol:write_file("x.txt", "\nthree", "a"))
if vol:readfile("/x.txt") ~= "one\ntwo\nthree" then return "append" end
fails("AlreadyExists", nil, vol:writefile("x.txt", "new", "wx"))
assert(vol:writefile("empty", ""))
if vol:readfile("empty") ~= "" then return "empty" end
assert(vol:writefile("wx.txt", 42, "wx"))
if vol:readfile("wx.txt") ~= "42" then return "wx" end
fails("Invalid", "mode", vol:writefile("x.txt", "y", "r"))
fails("Invalid", "path required", vol:readfile(""))
fails("NotFound", nil, vol:readfile("none"))
fails("NotFound", nil, vol:writefile("none/x", "y"))
fails("Invalid", "directory", vol:readfile("/"))
fails("Invalid", nil, vol:readfile("a\0b"))
fails("Invalid", nil, vol:readfile(("n"):rep(300)))
if pcall(vol.writefile, vol, "x.txt", {}) then return "a table was written" end
if pcall(vol.readfile, vol, {}) then return "a table is a path" end

-- nothing leads out
for _, p in ipairs{"..", "/..", "../x", "a/../../x", "/out/secret", "file_out", "up/secret", "out"} do
    fails("Invalid", nil, vol:readfile(p))
end
fails("Invalid", nil, vol:writefile("file_out", "gone"))
fails("Invalid", nil, vol:writefile("out/new", "gone"))
fails("Invalid", nil, vol:mkdir("out/new"))
fails("Invalid", nil, vol:stat("../x"))
fails("Invalid", nil, vol:readdir(".."))
fails("Invalid", nil, vol:chdir(".."))
fails("Invalid", nil, vol:remove("../x"))
fails("Invalid", nil, vol:remove("/"))
fails("Invalid", nil, vol:exists(".."))
local is, err = vol:isdir("..")
if is ~= false or err:kind() ~= "Invalid" then return "isdir outside" end
is, err = vol:exists("/../etc")
if is ~= false or err:kind() ~= "Invalid" then return "exists outside" end

-- folders
assert(vol:mkdir("sub"))
fails("AlreadyExists", nil, vol:mkdir("/sub"))
fails("NotFound", nil, vol:mkdir("none/sub"))
if vol:exists("sub") ~= true or vol:exists("none") ~= false or select(2, vol:exists("none")) ~= nil then return "exists" end
if vol:isdir("sub") ~= true or vol:isdir("x.txt") ~= false then return "isdir" end
is, err = vol:isdir("none")
if is ~= false or err:kind() ~= "NotFound" then return "isdir none" end
local s = assert(vol:stat("x.txt"))
if s.name ~= "x.txt" or s.size ~= 13 or s.mode ~= tonumber("644", 8) or s.modified < 1.7e9 or s.is_dir ~= false or s.type ~= fs.type.FILE then return "stat" end
s = assert(vol:stat("/"))
if s.name ~= "/" or s.is_dir ~= true or s.type ~= fs.type.DIR then return "stat /" end
fails("NotFound", nil, vol:stat("none"))
if vol:pwd() ~= "/" then return "pwd" end
assert(vol:chdir("sub"))
if vol:pwd() ~= "/sub" then return "pwd sub" end
assert(vol:writefile("inner", "1"))
if vol:readfile("/sub/inner") ~= "1" or vol:readfile("../x.txt"):sub(1, 3) ~= "one" then return "relative" end
fails("Invalid", nil, vol:readfile("../../x.txt"))
fails("NotFound", nil, vol:chdir("none"))
fails("Invalid", nil, vol:chdir("inner"))
fails("Invalid", nil, vol:remove("/sub"))
local other = fs.get("app:data")
if other:pwd() ~= "/" then return "pwd is shared" end
assert(vol:chdir("/"))
fails("NotFound", nil, vol:stat("x.txt/x/y"))
fails("Invalid", nil, vol:readfile("x.txt/x/y"))

local names = {}
for e in vol:readdir("/") do names[#names + 1] = e.name .. ":" .. e.type end
local got = table.concat(names, " ")
if got ~= "a:directory empty:file file_out:file nowhere:file out:file sub:directory up:file wx.txt:file x.txt:file" then return got end
local next, state = vol:readdir("sub")
if next(state).name ~= "inner" or next(state) ~= nil or next(state) ~= nil then return "iterator" end
fails("NotFound", nil, vol:readdir("none"))
fails("Invalid", nil, vol:readdir("x.txt"))
assert(vol:remove("sub/inner"))
assert(vol:remove("sub"))
fails("NotFound", nil, vol:remove("sub"))

-- open files
local f = assert(vol:open("y.txt", "w"))
fails("Invalid", "data required", f:write(""))
fails("Invalid", "data required", f:write())
assert(f:write("hello "))
assert(f:write("world\n"))
assert(f:sync())
fails("Invalid", nil, f:read())
if f:stat().size ~= 12 then return "File:stat" end
if f:close() ~= true or f:close() ~= true then return "close" end
fails("Invalid", "closed", f:write("x"))
fails("Invalid", "closed", f:read())
fails("Invalid", "closed", f:seek())
fails("Invalid", "closed", f:stat())
fails("Invalid", "closed", f:sync())
fails("Invalid", "closed", f:scanner())
f = assert(vol:open("y.txt", "r"))
if f:read(5) ~= "hello" or f:read() ~= " world\n" then return "read" end
fails("NotFound", "EOF", f:read())
if f:seek("set", 6) ~= 6 or f:read(5) ~= "world" or f:seek(fs.seek.CUR, -5) ~= 6 or f:seek(fs.seek.END, -1) ~= 11 or f:seek(fs.seek.SET) ~= 0 then return "seek" end
fails("Invalid", nil, f:seek("nix", 0))
fails("Invalid", nil, f:seek("set", -1))
fails("Invalid", nil, f:write("x"))
f:close()
f = assert(vol:open("y.txt", "a"))
assert(f:write("again"))
f:close()
if vol:readfile("y.txt") ~= "hello world\nagain" then return "open a" end
fails("AlreadyExists", nil, vol:open("y.txt", "wx"))
fails("Invalid", "mode", vol:open("y.txt", "rw"))
fails("NotFound", nil, vol:open("none", "r"))
fails("Invalid", "directory", vol:open("/", "r"))
fails("Invalid", nil, vol:open("/", "w"))
fails("Invalid", nil, vol:open("", "r"))
f = assert(vol:open("y.txt"))
local scan, lines = assert(f:scanner()), {}
while scan:scan() do lines[#lines + 1] = scan:text() end
if table.concat(lines, "|") ~= "hello world|again" or scan:err() ~= nil then return "scanner" end
for split, want in pairs{words = 3, bytes = 17, runes = 17} do
    f:seek("set", 0)
    local sc, n = f:scanner(split), 0
    while sc:scan() do n = n + 1 end
    if n ~= want then return split end
end
fails("Invalid", nil, f:scanner("nix"))
f:seek("set", 6)
assert(vol:writefile("copy", f))
if vol:readfile("copy") ~= "world\nagain" then return "copy of a File" end
f:close()
fails("Invalid", "closed", vol:writefile("copy2", f))
f = assert(vol:open("z.txt", "w"))
fails("Invalid", nil, vol:writefile("copy2", f))

-- larger than every buffer
local parts = {}
for i = 1, 70000 do parts[i] = string.format("line %08d with something in it\n", i) end
local big = table.concat(parts)
local sum = hash.sha256(big)
assert(vol:writefile("big", big))
if vol:stat("big").size ~= #big or hash.sha256(vol:readfile("big")) ~= sum then return "big file" end
f = assert(vol:open("big"))
local pieces = {}
while true do
    local piece = f:read(100001)
    if not piece then break end
    if #piece > 100001 then return "too much" end
    pieces[#pieces + 1] = piece
end
if #pieces ~= math.ceil(#big / 100001) or hash.sha256(table.concat(pieces)) ~= sum then return "big file in pieces" end
f:seek("set", 0)
assert(vol:writefile("big2", f))
f:close()
if hash.sha256(vol:readfile("big2")) ~= sum then return "copy of a big file" end
f = assert(vol:open("big2", "w"))
for i = 1, #big, 65537 do assert(f:write(big:sub(i, i + 65536))) end
f:close()
if hash.sha256(vol:readfile("big2")) ~= sum then return "writing in pieces" end
if #assert(vol:open("big")):read(1e12) ~= #big then return "read of everything" end

-- a second coroutine goes on, and one file is used by one of them at a time
f = assert(vol:open("big"))
local done = channel.new(2)
for i = 1, 2 do coroutine.spawn(function() done:send(#(vol:readfile("big"))) end) end
if done:receive() ~= #big or done:receive() ~= #big then return "coroutines" end

-- modes
local locked = assert(fs.get("app:locked"))
if locked:readfile("wx.txt") ~= "42" or not locked:readdir("/") then return "locked" end
fails("PermissionDenied", "writing", locked:writefile("new", "x"))
fails("PermissionDenied", nil, locked:open("new", "a"))
fails("PermissionDenied", nil, locked:mkdir("new"))
fails("PermissionDenied", nil, locked:remove("wx.txt"))
local drop = assert(fs.get("app:dropbox"))
assert(drop:writefile("dropped", "x"))
fails("PermissionDenied", "reading", drop:readfile("dropped"))
fails("PermissionDenied", nil, drop:readdir("/"))
if drop:exists("dropped") ~= true then return "dropped" end
local flat = assert(fs.get("app:flat"))
fails("PermissionDenied", "entering", flat:readfile("dropped"))
if flat:isdir("/") ~= true then return "flat" end
local made = assert(fs.get("app:made"))
assert(made:writefile("secret.txt", "x"))
if made:stat("secret.txt").mode ~= tonumber("640", 8) then return "mode of a new file" end
assert(made:mkdir("deep"))
if made:stat("deep").mode ~= tonumber("750", 8) then return "mode of a new folder" end
return "ok"`))
	wantOK(t, rt)
	info, err := os.Stat(filepath.Join(dir, "a/b"))
	if err != nil || info.Mode().Perm() != 0o750 {
		t.Errorf("the folder that was made: %v, %v", info, err)
	}
	if got, _ := os.ReadFile(filepath.Join(outside, "secret")); string(got) != "secret" {
		t.Errorf("a file outside was changed: %q", got)
	}
}

// fs.embed serves what an embedder gives.
func TestEmbed(t *testing.T) {
	files := fstest.MapFS{"index.html": {Data: []byte("<p>hello")}, "css/a.css": {Data: []byte("p{}")}}
	rt := start(t, hostEntry+`
  - {name: assets, kind: fs.embed}
`+mainProc("fs", `
local vol = assert(fs.get("app:assets"))
if vol:readfile("/index.html") ~= "<p>hello" or vol:readfile("css/a.css") ~= "p{}" then return "readfile" end
local n = 0
for e in vol:readdir("/") do n = n + 1 end
if n ~= 2 or not vol:isdir("css") then return "readdir" end
local f = assert(vol:open("index.html"))
if f:seek("set", 3) ~= 3 or f:read() ~= "hello" or f:stat().size ~= 8 or f:sync() ~= true then return "open" end
local _, eof = f:read()
if eof:message() ~= "EOF" then return "EOF" end
f:close()
for _, what in ipairs{"writefile", "open", "mkdir", "remove"} do
    local ok, err = vol[what](vol, "index.html", "w")
    if ok or err:kind() ~= "PermissionDenied" then return what .. ": " .. tostring(err) end
end
local ok, err = vol:readfile("none")
if ok or err:kind() ~= "NotFound" then return tostring(err) end
ok, err = vol:readfile("../none")
return not ok and err:kind() == "Invalid" and "ok" or tostring(err)`),
		boot.WithValue(actors.EmbeddedKey, map[string]fs.FS{"app:assets": files}))
	wantOK(t, rt)
}

// A relative folder begins at the working directory, or at the root of the
// module that the entry belongs to, also after a program has changed the entry.
func TestBaseOfFolders(t *testing.T) {
	project, module := t.TempDir(), t.TempDir()
	t.Chdir(project)
	for _, dir := range []string{project, module} {
		if err := os.Mkdir(filepath.Join(dir, "files"), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "files", "where"), []byte(dir), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	source := registry.Source{Module: "acme/log", FS: fstest.MapFS{"m.yaml": {Data: []byte(`{version: "1.0", namespace: log, entries: [
  {name: mine, kind: fs.directory, directory: files, base: module},
  {name: theirs, kind: fs.directory, directory: ./files}]}`)}}}
	rt := start(t, hostEntry+`
  - {name: own, kind: fs.directory, directory: files, base: module}
`+mainProc("fs, registry", `
local mine = fs.get("log:mine")
local got = mine:readfile("where") .. "|" .. fs.get("log:theirs"):readfile("where") .. "|" .. fs.get("app:own"):readfile("where")
local changes = registry.snapshot():changes()
changes:update({id = "log:mine", kind = "fs.directory", data = {directory = "files", base = "module", mode = "0444"}})
assert(changes:apply())
if mine:readfile("where") ~= fs.get("log:mine"):readfile("where") then return "after the change" end
local ok, err = mine:writefile("new", "x")
if ok or err:kind() ~= "PermissionDenied" then return "the new mode" end
changes = registry.snapshot():changes()
changes:delete("log:mine")
assert(changes:apply())
ok, err = mine:readfile("where")
if ok or err:kind() ~= "Unavailable" then return tostring(err) end
return got`),
		boot.WithSources(source), boot.WithModules(registry.Module{Name: "acme/log", Dir: module}))
	if v, err := call(t, rt, "app:main"); v != module+"|"+project+"|"+project || err != nil {
		t.Errorf("got %v, %v", v, err)
	}
}

func TestFoldersThatCannotBeUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for entry, want := range map[string]string{
		"{name: e, kind: fs.directory}":                                            "directory",
		"{name: e, kind: fs.directory, directory: " + dir + "/none}":               "does not exist; create it or set auto_init: true",
		"{name: e, kind: fs.directory, directory: " + dir + "/file}":               "not a directory",
		"{name: e, kind: fs.directory, directory: " + dir + ", mode: \"9\"}":       "is no octal number",
		"{name: e, kind: fs.directory, directory: " + dir + ", base: elsewhere}":   "base",
		"{name: e, kind: fs.directory, directory: x, base: module, mode: \"0x1\"}": "is no octal number",
		"{name: e, kind: fs.embed}":                                                "no files come with the application for app:e; use fs.directory and pack it",
	} {
		_, err := boot.Start(t.Context(), fstest.MapFS{"app.yaml": {Data: []byte(header + "  - " + entry)}}, standard.Parts())
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", entry, err, want)
		}
	}
}

// A process that ends leaves no file open.
func TestFilesOfEndedProcesses(t *testing.T) {
	dir := t.TempDir()
	opened := func() (n int) {
		list, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("the open files of this program cannot be listed here")
		}
		for _, fd := range list {
			if to, err := os.Readlink("/proc/self/fd/" + fd.Name()); err == nil && strings.HasPrefix(to, dir+"/") {
				n++
			}
		}
		return n
	}
	opened()
	rt := start(t, hostEntry+folderEntry("data", dir, "")+strings.Replace(proc("holder", `
return { main = function(how)
    local vol = assert(fs.get("app:data"))
    for i = 1, 20 do assert(vol:open("f" .. i, "w")):write("x") end
    local closed = vol:open("f1") closed:close()
    if how == "fail" then error("asked to fail") end
    if how == "kill" then while true do end end
    if how == "opening" then coroutine.spawn(function() vol:open("f1") end) end
end }`), "kind: process.lua", "kind: process.lua\n    modules: [fs]", 1)+mainProc("fs", `
for _, how in ipairs{"return", "fail", "opening", "kill"} do
    local pid = assert(process.spawn_monitored("app:holder", "app:a_host", how))
    if how == "kill" then process.terminate(pid) end
    process.events():receive()
end
return "ok"`))
	wantOK(t, rt)
	for deadline := time.Now().Add(time.Minute); opened() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d files are still open", opened())
		}
	}
}
