package standard_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/klauspost/compress/zstd"
)

// What both parts of the test use. fails checks an error.
const failsLua = `
local function fails(kind, text, v, err)
    if v then error("it worked: " .. tostring(v), 2) end
    if not err or err:kind() ~= kind or text and not tostring(err):find(text, 1, true) then error("expected " .. kind .. " " .. tostring(text) .. ", got " .. tostring(err and err:kind()) .. " " .. tostring(err), 2) end
end
`

// The whole of module archive.
func TestArchive(t *testing.T) {
	dir := t.TempDir()
	hostileArchives(t, dir)
	rt := start(t, hostEntry+folderEntry("data", dir, "")+folderEntry("out", filepath.Join(dir, "out"), ", auto_init: true")+mainProc("fs, archive, hash", failsLua+`
local fs, archive, hash = require("fs"), require("archive"), require("hash")
local vol, out = assert(fs.get("app:data")), assert(fs.get("app:out"))
local parts = {}
for i = 1, 60000 do parts[i] = string.format("line %08d with something in it\n", i * 7919 % 100003) end
local big = table.concat(parts)
local sum = hash.sha256(big)
assert(vol:writefile("big.txt", big))

for _, format in ipairs(archive.formats()) do
    local name = "test." .. format
    -- writing
    local w = assert(archive.create(vol, name))
    assert(w:add("hello.txt", "hello", {mode = tonumber("600", 8), modified = 1700000000}))
    assert(w:add_dir("docs"))
    assert(w:add("docs/stored.txt", ("x"):rep(1000), {method = "store"}))
    assert(w:add_file("docs/big.txt", vol, "big.txt"))
    local f = assert(vol:open("big.txt"))
    f:seek("set", 5)
    assert(w:add("rest.txt", f))
    f:close()
    assert(w:add("empty", ""))
    fails("Invalid", "leads out", w:add("../up", "x"))
    fails("Invalid", "leads out", w:add("/abs", "x"))
    fails("Invalid", nil, w:add("", "x"))
    fails("Invalid", nil, w:add("a\\b", "x"))
    fails("Invalid", "method", w:add("m", "x", {method = "lzma"}))
    fails("Invalid", "mode", w:add("m", "x", {mode = 5000}))
    fails("NotFound", nil, w:add_file("m", vol, "none"))
    fails("Invalid", nil, w:add_file("m", vol, "/"))
    if pcall(w.add, w, "m", {}) then return "a table was added" end
    if w:close() ~= true or w:close() ~= true then return "close" end
    fails("Invalid", "closed", w:add("late", "x"))
    fails("Invalid", "closed", w:add_dir("late"))

    -- from start to end
    if format ~= "zip" then
        local f = assert(vol:open(name))
        local walker = assert(archive.scan(f))
        fails("Invalid", "in use", f:read())
        local seen, last = {}, nil
        for e, s in walker:walk() do
            seen[#seen + 1] = e.name .. ":" .. e.type .. ":" .. e.size
            if e.name == "hello.txt" and (e.mode ~= tonumber("600", 8) or e.modified ~= 1700000000 or s:read() ~= "hello" or s:read() ~= nil) then return "hello" end
            if last then fails("Internal", "stale", last:read()) end
            if e.name == "docs/big.txt" then
                local got = {}
                while true do
                    local piece = assert(s:read(10007) or "")
                    if piece == "" then break end
                    got[#got + 1] = piece
                end
                if hash.sha256(table.concat(got)) ~= sum then return "big.txt in " .. format end
            end
            if e.name == "rest.txt" then assert(out:writefile("rest", s)) end
            last = s
        end
        if out:readfile("rest") ~= big:sub(6) then return "rest.txt of " .. format end
        local got = table.concat(seen, " ")
        if got ~= "hello.txt:file:5 docs/:directory:0 docs/stored.txt:file:1000 docs/big.txt:file:" .. #big .. " rest.txt:file:" .. #big - 5 .. " empty:file:0" then return got end
        if walker:close() ~= true or walker:close() ~= true then return "close of a walker" end
        fails("Invalid", "closed", walker:walk())
        if not f:seek("set", 0) then return "the file was not given back" end
        f:close()
    else
        fails("Unavailable", "open it", archive.scan(assert(vol:open(name))))
    end

    -- any entry
    if format == "zip" or format == "tar" then
        for _, r in ipairs{assert(archive.open(vol, name)), assert(archive.open(vol:open(name))), assert(archive.open(vol:readfile(name), {max_entries = 6}))} do
            local seen = {}
            for e in r:entries() do
                seen[#seen + 1] = e.name
                if e.is_dir ~= (e.name == "docs/") then return "is_dir" end
            end
            if table.concat(seen, " ") ~= "hello.txt docs/ docs/stored.txt docs/big.txt rest.txt empty" then return table.concat(seen, " ") end
            local e = assert(r:stat("hello.txt"))
            if e.size ~= 5 or e.mode ~= tonumber("600", 8) or e.modified ~= 1700000000 or e.type ~= "file" then return "stat" end
            if format == "zip" and (e.method ~= "deflate" or e.crc32 ~= `+crc("hello")+` or r:stat("docs/stored.txt").method ~= "store" or r:stat("docs/big.txt").compressed_size >= #big) then return "zip stat" end
            if not r:stat("docs").is_dir or not r:stat("./hello.txt") then return "other names" end
            fails("NotFound", nil, r:stat("none"))
            fails("NotFound", nil, r:read("none"))
            fails("NotFound", nil, r:stream("none"))
            fails("NotFound", nil, r:extract("none", out))
            fails("Invalid", "directory", r:read("docs"))
            if r:read("hello.txt") ~= "hello" or r:read("empty") ~= "" or hash.sha256(r:read("docs/big.txt")) ~= sum then return "read" end
            local s = assert(r:stream("docs/big.txt"))
            local one = s:read(7)
            if one ~= big:sub(1, 7) or s:stat().size ~= #big then return "stream" end
            assert(out:writefile("streamed", s))
            if out:readfile("streamed") ~= big:sub(8) then return "the rest of a stream" end
            s:close()
            assert(r:extract("hello.txt", out))
            assert(r:extract("hello.txt", out, "new/folder/hi.txt"))
            if out:readfile("hello.txt") ~= "hello" or out:readfile("new/folder/hi.txt") ~= "hello" or out:stat("hello.txt").mode ~= tonumber("600", 8) then return "extract" end
            fails("Invalid", nil, r:extract("hello.txt", out, "../hi.txt"))
            if assert(r:extract_all(out, {prefix = "all"})) ~= 5 then return "extract_all" end
            if hash.sha256(out:readfile("all/docs/big.txt")) ~= sum or out:readfile("all/empty") ~= "" then return "extracted" end
            if assert(r:extract_all(out, {prefix = "stripped", strip = 1})) ~= 2 or not out:exists("stripped/big.txt") then return "strip" end
            if assert(r:extract_all(out, {prefix = "filtered", filter = "*.txt"})) ~= 2 or out:exists("filtered/docs") then return "filter" end
            if assert(r:extract_all(out, {prefix = "filtered2", filter = {"hello.txt", "docs/s*"}})) ~= 2 then return "filters" end
            local asked = 0
            if assert(r:extract_all(out, {prefix = "filtered3", filter = function(e) asked = asked + 1 return e.size == 5 end})) ~= 1 or asked ~= 6 then return "filter function" end
            local ok, err = pcall(r.extract_all, r, out, {filter = function() error("no filter") end})
            if ok or not tostring(err):find("no filter") then return "a filter that raises" end
            fails("Invalid", "filter", r:extract_all(out, {filter = "[", prefix = "x"}))
            fails("Invalid", nil, r:extract_all(out, {prefix = "../x"}))
            fails("Invalid", "strip", r:extract_all(out, {strip = "one"}))
            local stale = assert(r:stream("docs/big.txt"))
            if r:close() ~= true or r:close() ~= true then return "close of a reader" end
            fails("Internal", "stale", stale:read())
            fails("Invalid", "closed", r:read("hello.txt"))
            fails("Invalid", "closed", r:entries())
            fails("Invalid", "closed", r:extract_all(out))
        end
    else
        fails("Unavailable", "scan", archive.open(vol, name))
    end
    -- limits
    local function walk(f, o)
        local ok, err = pcall(function()
            for _, s in assert(archive.scan(assert(vol:open(f)), o)):walk() do while assert(s:read() or "") ~= "" do end end
        end)
        if ok then return true end
        return nil, err
    end
    if format ~= "zip" then
        assert(walk(name))
        fails("Invalid", "max_entries", walk(name, {max_entries = 5}))
        fails("Invalid", "max_file_bytes", walk(name, {max_file_bytes = 1000}))
        fails("Invalid", "max_total_bytes", walk(name, {max_total_bytes = 1500}))
    end
    if format == "zip" or format == "tar" then
        fails("Invalid", "max_entries", archive.open(vol, name, {max_entries = 5}))
        local r = assert(archive.open(vol, name, {max_inline_bytes = 5, max_file_bytes = 1000, max_total_bytes = 1004}))
        if r:read("hello.txt") ~= "hello" then return "at the limit" end
        fails("Invalid", "max_inline_bytes", r:read("docs/stored.txt"))
        fails("Invalid", "max_file_bytes", r:extract("rest.txt", out, "limited"))
        if out:exists("limited") then return "a part was left" end
        fails("Invalid", "max_total_bytes", r:extract_all(out, {prefix = "total", filter = {"hello.txt", "docs/stored.txt"}}))
        local s = assert(r:stream("rest.txt"))
        local n, err = 0
        while true do
            local piece
            piece, err = s:read(600)
            if not piece then break end
            n = n + #piece
        end
        if n ~= 1000 then return "stream beyond its limit: " .. n end
        fails("Invalid", "max_file_bytes", nil, err)
    end
    local lw = assert(archive.create(vol, "limits", {format = format, max_entries = 2, max_file_bytes = 10, max_total_bytes = 15}))
    fails("Invalid", "max_file_bytes", lw:add("a", ("x"):rep(11)))
    assert(lw:add("a", ("x"):rep(10)))
    fails("Invalid", "max_total_bytes", lw:add("b", ("x"):rep(6)))
    assert(lw:add("b", "x"))
    fails("Invalid", "max_entries", lw:add("c", ""))
    lw:close()
end

-- into and out of streams
local f = assert(vol:open("streamed.tar.gz", "w"))
local w = assert(archive.create(f, {format = "tar.gz"}))
fails("Invalid", "in use", f:write("x"))
assert(w:add("a", "1"))
local z = assert(archive.open(vol, "test.zip"))
assert(w:add("b", assert(z:stream("docs/big.txt"))))
assert(w:close())
assert(f:close())
local n = 0
for e, s in assert(archive.scan(vol:open("streamed.tar.gz"))):walk() do n = n + e.size end
if n ~= 1 + #big then return "an archive written to a File" end
fails("Invalid", "format", archive.create(vol, "noformat"))
fails("Invalid", "format", archive.create(vol, "x", {format = "rar"}))
fails("Invalid", "buffer_bytes", archive.create(vol, "x.zip", {buffer_bytes = 0}))
fails("Invalid", nil, archive.create(vol, "../x.zip"))
fails("NotFound", nil, archive.create(vol, "none/x.zip"))
for _, bad in ipairs{{}, {1}, {vol}, {vol, {}}, {vol, "x.zip", 1}} do
    if pcall(archive.create, unpack(bad)) or pcall(archive.open, unpack(bad)) and bad[1] ~= 1 then return "bad arguments" end
end
if pcall(archive.scan, vol) or pcall(archive.open) then return "bad arguments of scan" end
fails("Unavailable", "scan", archive.open(z:stream("docs/big.txt")))
fails("NotFound", nil, archive.open(vol, "none.zip"))
fails("Invalid", "no archive", archive.open(vol, "big.txt"))
fails("Invalid", "no archive", archive.open(""))
fails("Invalid", nil, archive.open("PK\3\4 and nothing more"))
fails("Invalid", nil, archive.open(vol, "test.tar", {format = "zip"}))
fails("Invalid", "no archive", archive.scan(vol:open("big.txt")))
fails("Invalid", nil, archive.scan(vol:open("big.txt"), {format = "tar.gz"}))

-- hostile archives
for _, name in ipairs{"slip.zip", "slip.tar", "abs.tar", "back.zip", "link.tar", "hard.tar", "link.zip", "device.tar"} do
    local r = assert(archive.open(vol, name))
    fails("Invalid", "entry", r:extract_all(out, {prefix = "hostile"}))
    if out:exists("hostile") then return name .. " was extracted in part" end
    local count = 0
    for e in r:entries() do
        count = count + 1
        if e.name ~= "good.txt" then fails("Invalid", nil, r:extract(e.name, out)) end
    end
    if count ~= 2 then return name .. " has " .. count end
    if assert(r:extract_all(out, {filter = "good.txt"})) ~= 1 then return "the good one" end
    r:close()
end
local seen = 0
local ok, err = pcall(function() for e in assert(archive.scan(vol:open("slip.tar"))):walk() do seen = seen + 1 end end)
if ok or seen ~= 1 or err:kind() ~= "Invalid" then return "walk of slip.tar" end
local bomb = assert(archive.open(vol, "bomb.zip", {max_file_bytes = 1e6}))
if bomb:stat("bomb").size > 10 then return "the bomb tells" end
fails("Invalid", nil, bomb:read("bomb"))
fails("Invalid", nil, bomb:extract("bomb", out))
for _, name in ipairs{"cut.zip", "cut.tar"} do fails("Invalid", nil, archive.open(vol, name)) end
for _, name in ipairs{"cut.tar", "cut.tar.gz", "cut.tar.zst"} do
    ok, err = pcall(function() for _, s in assert(archive.scan(vol:open(name))):walk() do while assert(s:read() or "") ~= "" do end end end)
    if ok or err:kind() ~= "Invalid" then return name .. ": " .. tostring(err) end
end
local crc = assert(archive.open(vol, "crc.zip"))
fails("Invalid", "corrupt", crc:read("good.txt"))
fails("Invalid", "corrupt", crc:extract("good.txt", out, "crc"))
if out:exists("crc") then return "a corrupt file was left" end
return "ok"`))
	wantOK(t, rt)
	if list, _ := filepath.Glob(filepath.Join(dir, "evil*")); len(list) > 0 {
		t.Errorf("files outside of the target: %v", list)
	}
	// Others read what we write.
	for _, tool := range [][]string{{"tar", "tzf", "test.tar.gz"}, {"python3", "-m", "zipfile", "-t", "test.zip"}} {
		if _, err := exec.LookPath(tool[0]); err != nil {
			continue
		}
		cmd := exec.Command(tool[0], tool[1:]...)
		cmd.Dir = dir
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%v: %v %s", tool, err, out)
		}
	}
}

func crc(s string) string { return strconv.Itoa(int(crc32.ChecksumIEEE([]byte(s)))) }

// hostileArchives writes archives that want harm into dir.
func hostileArchives(t *testing.T, dir string) {
	t.Helper()
	put := func(name string, data []byte) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	tars := func(h tar.Header) []byte {
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		must(w.WriteHeader(&tar.Header{Name: "good.txt", Size: 4, Mode: 0o644}))
		_, err := w.Write([]byte("good"))
		must(err)
		must(w.WriteHeader(&h))
		_, err = w.Write(make([]byte, h.Size))
		must(err)
		must(w.Close())
		return b.Bytes()
	}
	zips := func(h zip.FileHeader, content string) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		g, err := w.CreateHeader(&zip.FileHeader{Name: "good.txt"})
		must(err)
		_, err = g.Write([]byte("good"))
		must(err)
		e, err := w.CreateHeader(&h)
		must(err)
		_, err = e.Write([]byte(content))
		must(err)
		must(w.Close())
		return b.Bytes()
	}
	put("slip.zip", zips(zip.FileHeader{Name: "a/../../evil"}, "evil"))
	put("back.zip", zips(zip.FileHeader{Name: `..\evil`}, "evil"))
	put("slip.tar", tars(tar.Header{Name: "../evil", Size: 4}))
	put("abs.tar", tars(tar.Header{Name: filepath.Join(dir, "evil"), Size: 4}))
	put("link.tar", tars(tar.Header{Name: "link", Typeflag: tar.TypeSymlink, Linkname: ".."}))
	put("hard.tar", tars(tar.Header{Name: "link", Typeflag: tar.TypeLink, Linkname: "../big.txt"}))
	put("device.tar", tars(tar.Header{Name: "null", Typeflag: tar.TypeChar, Devmajor: 1, Devminor: 3}))
	link := zip.FileHeader{Name: "link"}
	link.SetMode(os.ModeSymlink | 0o777)
	put("link.zip", zips(link, ".."))

	whole := tars(tar.Header{Name: "more", Size: 100_000})
	put("cut.tar", whole[:len(whole)-1024]) // right behind the last entry
	var gz, zs bytes.Buffer
	g := gzip.NewWriter(&gz)
	_, err := g.Write(whole)
	must(err)
	must(g.Close())
	put("cut.tar.gz", gz.Bytes()[:gz.Len()-3])
	z, err := zstd.NewWriter(&zs)
	must(err)
	_, err = z.Write(whole)
	must(err)
	must(z.Close())
	put("cut.tar.zst", zs.Bytes()[:zs.Len()-3])
	zipped := zips(zip.FileHeader{Name: "more"}, "more")
	put("cut.zip", zipped[:len(zipped)-5])
	put("crc.zip", bytes.Replace(zipped, []byte("txtgood"), []byte("txtevil"), 1))

	// A zip whose sizes lie: 50 MB of zeros that say they are 4 bytes.
	var bomb, packed bytes.Buffer
	f, err := flate.NewWriter(&packed, 9)
	must(err)
	_, err = f.Write(make([]byte, 50<<20))
	must(err)
	must(f.Close())
	w := zip.NewWriter(&bomb)
	e, err := w.CreateRaw(&zip.FileHeader{Name: "bomb", Method: zip.Deflate, UncompressedSize64: 4, CompressedSize64: uint64(packed.Len())})
	must(err)
	_, err = e.Write(packed.Bytes())
	must(err)
	must(w.Close())
	put("bomb.zip", bomb.Bytes())
}
