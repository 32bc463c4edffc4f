---@meta

--- A compiled regular expression. Positions count from 1, ends belong to the match.
---@class Regexp
local Regexp = {}

--- Reports whether a part of the text matches.
---@param text string
---@return boolean
function Regexp:match_string(text) end

--- The first match, nil without one.
---@param text string
---@return string?
function Regexp:find_string(text) end

--- All matches.
---@param text string
---@return any[]
function Regexp:find_all_string(text) end

--- The first match and its groups, nil without one. A group that took no part is empty.
---@param text string
---@return any[]?
function Regexp:find_string_submatch(text) end

--- All matches, each with its groups.
---@param text string
---@return any[]
function Regexp:find_all_string_submatch(text) end

--- The first and last byte of the first match, nil without one.
---@param text string
---@return any[]?
function Regexp:find_string_index(text) end

--- The first and last byte of all matches, nil without one.
---@param text string
---@return any[]?
function Regexp:find_all_string_index(text) end

--- Replaces all matches; $1 or ${name} in the replacement is a group.
---@param text string
---@param replacement string
---@return string
function Regexp:replace_all_string(text, replacement) end

--- The parts between matches, at most n of them unless n is negative (default -1).
---@param text string
---@param n? integer
---@return any[]
function Regexp:split(text, n) end

--- How many groups there are.
---@return integer
function Regexp:num_subexp() end

--- The names of the whole match and the groups, empty where there is none.
---@return any[]
function Regexp:subexp_names() end

--- The pattern.
---@return string
function Regexp:string() end

--- Finds differences.
---@class Differ
local Differ = {}

--- What leads from a to b: a list of {operation = "equal", "insert" or "delete", text = …}.
---@async
---@param a string
---@param b string
---@return any[]
---@return Error?
function Differ:compare(a, b) end

--- Counts characters: {equals, insertions, deletions}.
---@param diffs any[]
---@return table
function Differ:summarize(diffs) end

--- The differences as text with the colours of a terminal.
---@param diffs any[]
---@return string
---@return Error?
function Differ:pretty_text(diffs) end

--- The differences as HTML with ins and del.
---@param diffs any[]
---@return string
---@return Error?
function Differ:pretty_html(diffs) end

--- Patches that lead from a to b, for patch_apply: a list of texts.
---@async
---@param a string
---@param b string
---@return any[]
---@return Error?
function Differ:patch_make(a, b) end

--- Applies patches to a text that may have changed a little. The second result says whether all of them found their place.
---@param patches any[]
---@param text string
---@return string
---@return boolean
function Differ:patch_apply(patches, text) end

--- Cuts texts.
---@class Splitter
local Splitter = {}

--- The chunks of a text.
---@async
---@param text string
---@return any[]
---@return Error?
function Splitter:split_text(text) end

--- The chunks of a list of {content, metadata}, in the same form; each keeps the metadata of its page.
---@async
---@param pages any[]
---@return any[]
---@return Error?
function Splitter:split_batch(pages) end

--- Regular expressions, differences of texts, splitting of texts.
---@class textlib
text = {}

--- Regular expressions in the syntax RE2, whose time is linear in the text.
text.regexp = {}

--- Compiles a pattern. A bad one is an Invalid error.
---@param pattern string
---@return Regexp
---@return Error?
function text.regexp.compile(pattern) end

--- Differences of texts.
text.diff = {}

--- Makes a differ. Options: diff_timeout in seconds (default 1; 0 for none), diff_edit_cost (4), match_threshold (0.5), match_distance (1000), patch_delete_threshold (0.5), patch_margin (4).
---@param options? table
---@return Differ
---@return Error?
function text.diff.new(options) end

--- Cuts texts into chunks. Sizes are in characters.
text.splitter = {}

--- A splitter that tries paragraphs, then lines, words and characters. Options: chunk_size (512), chunk_overlap (100; less than chunk_size), keep_separator (false), separators (a list in the order they are tried).
---@param options? table
---@return Splitter
---@return Error?
function text.splitter.recursive(options) end

--- A splitter that cuts Markdown at headings, then at blocks, and puts the heading in front of each chunk. Options: chunk_size (512), chunk_overlap (100), code_blocks (fenced code is never cut), reference_links ([a][b] becomes a link of its own), heading_hierarchy (all headings above, not only the last), join_table_rows (false: each row of a table is a chunk with the table's head).
---@param options? table
---@return Splitter
---@return Error?
function text.splitter.markdown(options) end

