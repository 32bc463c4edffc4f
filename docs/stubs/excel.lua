---@meta

--- A spreadsheet in memory.
---@class Workbook
local Workbook = {}

--- Adds a sheet and returns its index; that of the one of this name where it is there.
---@async
---@param name string
---@return integer
---@return Error?
function Workbook:new_sheet(name) end

--- The names of the sheets in their order.
---@async
---@return table
---@return Error?
function Workbook:get_sheet_list() end

--- The cells of a sheet as lists of strings, as they are shown; booleans are TRUE and FALSE. Empty cells at the end of a row and empty rows at the end are left out. Large sheets are read with rows.
---@async
---@param sheet string
---@return table
---@return Error?
function Workbook:get_rows(sheet) end

--- A cursor over the rows of a sheet.
---@async
---@param sheet string
---@return Rows
---@return Error?
function Workbook:rows(sheet) end

--- Writes a string, number, boolean or nil into a cell such as B2.
---@async
---@param sheet string
---@param cell string
---@param value any
---@return Error?
function Workbook:set_cell_value(sheet, cell, value) end

--- Writes the workbook to a File or Stream.
---@async
---@param file any
---@return Error?
function Workbook:write_to(file) end

--- Lets go of the workbook; may be repeated.
---@async
---@return Error?
function Workbook:close() end

--- Goes through the rows of a sheet.
---@class Rows
local Rows = {}

--- The next n rows (one if left out, at most 10000) as get_rows gives them; nil, nil at the end.
---@async
---@param n? integer
---@return table
---@return Error?
function Rows:read(n) end

--- Ends the cursor; may be repeated.
---@async
---@return Error?
function Rows:close() end

--- Spreadsheets in the format xlsx. What is no workbook is Invalid, every other failure Internal. Indices of sheets count from 0.
---@class excellib
excel = {}

--- A new workbook with the sheet Sheet1.
---@return Workbook
---@return Error?
function excel.new() end

--- Reads a workbook from a File or Stream, from where that stands to its end.
---@async
---@param file any
---@return Workbook
---@return Error?
function excel.open(file) end

