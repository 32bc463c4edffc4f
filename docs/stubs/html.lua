---@meta

--- What HTML may consist of. Methods that change it return it.
---@class Policy
local Policy = {}

--- Returns the HTML without what the policy does not allow.
---@async
---@param html string
---@return string
function Policy:sanitize(html) end

--- Allows elements.
---@param ... string
---@return Policy
function Policy:allow_elements(...) end

--- Begins to allow attributes; say next where.
---@param ... string
---@return AttrBuilder
function Policy:allow_attrs(...) end

--- Allows links of the schemes mailto, http and https, and relative ones, with rel=nofollow.
---@return Policy
function Policy:allow_standard_urls() end

--- Whether URLs may be relative.
---@param on boolean
---@return Policy
function Policy:allow_relative_urls(on) end

--- Allows URLs of these schemes.
---@param ... string
---@return Policy
function Policy:allow_url_schemes(...) end

--- Whether URLs that cannot be parsed are removed.
---@param on boolean
---@return Policy
function Policy:require_parseable_urls(on) end

--- Whether links get rel=nofollow.
---@param on boolean
---@return Policy
function Policy:require_nofollow_on_links(on) end

--- Whether links get rel=noreferrer.
---@param on boolean
---@return Policy
function Policy:require_noreferrer_on_links(on) end

--- Whether links to other sites open in a new window.
---@param on boolean
---@return Policy
function Policy:add_target_blank_to_fully_qualified_links(on) end

--- Allows images.
---@return Policy
function Policy:allow_images() end

--- Allows images inside of URLs.
---@return Policy
function Policy:allow_data_uri_images() end

--- Allows lists.
---@return Policy
function Policy:allow_lists() end

--- Allows tables.
---@return Policy
function Policy:allow_tables() end

--- Allows the attributes dir, id, lang and title.
---@return Policy
function Policy:allow_standard_attributes() end

--- Attributes that are about to be allowed.
---@class AttrBuilder
local AttrBuilder = {}

--- Allows the attributes on these elements.
---@param ... string
---@return Policy
function AttrBuilder:on_elements(...) end

--- Allows the attributes on all elements.
---@return Policy
function AttrBuilder:globally() end

--- Allows only values that match a regular expression (RE2). A bad pattern is an Invalid error.
---@param pattern string
---@return AttrBuilder
---@return Error?
function AttrBuilder:matching(pattern) end

--- Makes HTML from anywhere safe to show.
---@class htmllib
html = {}

--- Policies to begin with.
html.sanitize = {}

--- A policy that allows nothing.
---@return Policy
---@return Error?
function html.sanitize.new_policy() end

--- A policy for usual content of users.
---@return Policy
---@return Error?
function html.sanitize.ugc_policy() end

--- A policy that leaves only text.
---@return Policy
---@return Error?
function html.sanitize.strict_policy() end

