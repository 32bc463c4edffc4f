package standard_test

import (
	"os"
	"path/filepath"
	"testing"
)

// The whole of module excel.
func TestExcel(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "broken.xlsx"), []byte("PK\x03\x04 no more"), 0o600); err != nil {
		t.Fatal(err)
	}
	rt := start(t, hostEntry+folderEntry("data", dir, "")+mainProc("fs, excel, archive", failsLua+`
local fs, excel = require("fs"), require("excel")
local vol = assert(fs.get("app:data"))
local function only(kind, ...)
    local n, err = select("#", ...), (...)
    if n ~= 1 or type(err) ~= "userdata" or err:kind() ~= kind then error(n .. " results, " .. tostring(err), 2) end
end
local wb = assert(excel.new())
local i = assert(wb:new_sheet("Data"))
if wb:new_sheet("Data") ~= i or wb:new_sheet("Sheet1") ~= 0 then return "index" end
fails("Internal", nil, wb:new_sheet("a/b"))
if table.concat(wb:get_sheet_list(), " ") ~= "Sheet1 Data" then return "get_sheet_list" end
for cell, v in pairs{A1 = "name", B1 = "count", A2 = "x", B2 = 42, C2 = 1.5, A3 = true, B3 = false, A5 = "late", B5 = -0.25} do
    local err = wb:set_cell_value("Data", cell, v)
    if err then return cell .. ": " .. tostring(err) end
end
if select("#", wb:set_cell_value("Data", "D1", nil)) ~= 1 then return "results of set_cell_value" end
only("Internal", wb:set_cell_value("Data", "nope", 1))
only("Internal", wb:set_cell_value("None", "A1", 1))
only("Internal", wb:set_cell_value("Data", "A1", {}))
local function show(rows)
    local out = {}
    for n, row in ipairs(rows) do out[n] = table.concat(row, ",") end
    return table.concat(out, "|")
end
local want = "name,count|x,42,1.5|TRUE,FALSE||late,-0.25"
if show(assert(wb:get_rows("Data"))) ~= want then return show(wb:get_rows("Data")) end
if #assert(wb:get_rows("Sheet1")) ~= 0 then return "empty sheet" end
fails("Internal", nil, wb:get_rows("None"))

for r = 1, 3000 do wb:set_cell_value("Sheet1", "A" .. r, "row number " .. r) end
local f = assert(vol:open("out.xlsx", "w"))
if wb:write_to(f) ~= nil then return "write_to" end
f:close()
only("Invalid", wb:write_to(f))
if wb:close() ~= nil or wb:close() ~= nil then return "close" end
fails("Internal", "closed", wb:get_rows("Data"))
fails("Internal", "closed", wb:new_sheet("x"))
fails("Internal", "closed", wb:get_sheet_list())
fails("Internal", "closed", wb:rows("Data"))
only("Internal", wb:set_cell_value("Data", "A1", 1))
only("Internal", wb:write_to(assert(vol:open("late.xlsx", "w"))))

f = assert(vol:open("out.xlsx"))
wb = assert(excel.open(f))
f:close()
if show(wb:get_rows("Data")) ~= want then return "read back: " .. show(wb:get_rows("Data")) end
local cur = assert(wb:rows("Sheet1"))
local first = assert(cur:read())
if #first ~= 1 or first[1][1] ~= "row number 1" then return "cursor" end
local n = 1
while true do
    local rows, err = cur:read(700)
    if err then return tostring(err) end
    if not rows then break end
    if #rows > 700 or rows[1][1] ~= "row number " .. n + 1 then return "batch at " .. n end
    n = n + #rows
end
if n ~= 3000 then return n .. " rows" end
local rows, err = cur:read()
if rows ~= nil or err ~= nil then return "end of a cursor" end
if cur:close() ~= nil or cur:close() ~= nil then return "close of a cursor" end
fails("Internal", "closed", cur:read())
fails("Internal", nil, wb:rows("None"))
cur = assert(wb:rows("Sheet1"))
wb:close()
fails("Internal", "closed", cur:read())
if cur:close() ~= nil then return "close of a cursor without workbook" end

fails("Invalid", "no workbook", excel.open(vol:open("broken.xlsx")))
vol:writefile("text", "hello")
fails("Invalid", "no workbook", excel.open(vol:open("text")))
vol:writefile("empty", "")
fails("Invalid", "no workbook", excel.open(vol:open("empty")))
fails("Invalid", nil, excel.open(vol:open("text", "a")))
if pcall(excel.open, "text") or pcall(excel.open) then return "open of a string" end
wb = excel.new()
if pcall(wb.write_to, wb, "text") then return "write_to of a string" end
-- a workbook out of an archive
local archive = require("archive")
local w = assert(archive.create(vol, "a.zip"))
assert(w:add_file("x/out.xlsx", vol, "out.xlsx"))
assert(w:close())
wb = assert(excel.open(assert(archive.open(vol, "a.zip")):stream("x/out.xlsx")))
return show(wb:get_rows("Data")) == want and "ok" or "from an archive"`))
	wantOK(t, rt)
}
