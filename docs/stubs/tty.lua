---@meta

--- Keys that mean the same.
---@class KeyBinding
local KeyBinding = {}

--- Reports whether an event is one of the keys being pressed; false while the binding is disabled.
---@param event table
---@return boolean
function KeyBinding:matches(event) end

--- Enables or disables the binding.
---@param on boolean
function KeyBinding:set_enabled(on) end

--- Reports whether it is enabled.
---@return boolean
function KeyBinding:is_enabled() end

--- The {key, desc} it was made with.
---@return table?
function KeyBinding:help() end

--- How text looks. A style never changes: its methods return another one.
---@class Style
local Style = {}

--- Colours the text: "#ff8800", or a number of the terminal's palette such as "212".
---@param color string
---@return Style
function Style:foreground(color) end

--- Colours what is behind the text.
---@param color string
---@return Style
function Style:background(color) end

--- Bold, or with false not.
---@param on? boolean
---@return Style
function Style:bold(on) end

--- Italic, or with false not.
---@param on? boolean
---@return Style
function Style:italic(on) end

--- Underlined, or with false not.
---@param on? boolean
---@return Style
function Style:underline(on) end

--- Struck through, or with false not.
---@param on? boolean
---@return Style
function Style:strikethrough(on) end

--- Faint, or with false not.
---@param on? boolean
---@return Style
function Style:faint(on) end

--- Blinking, or with false not.
---@param on? boolean
---@return Style
function Style:blink(on) end

--- Foreground and background changed for each other, or with false not.
---@param on? boolean
---@return Style
function Style:reverse(on) end

--- On one line, without margins, padding and borders, or with false not.
---@param on? boolean
---@return Style
function Style:inline(on) end

--- Makes the text so wide, wrapping it.
---@param cells integer
---@return Style
function Style:width(cells) end

--- Makes the text at least so high.
---@param cells integer
---@return Style
function Style:height(cells) end

--- Cuts off what is wider.
---@param cells integer
---@return Style
function Style:max_width(cells) end

--- Cuts off what is higher.
---@param cells integer
---@return Style
function Style:max_height(cells) end

--- Space inside the border of all sides; of top and bottom, and of the others; or top, right, bottom, left.
---@param ... integer
---@return Style
function Style:padding(...) end

--- Space around the border of all sides; of top and bottom, and of the others; or top, right, bottom, left.
---@param ... integer
---@return Style
function Style:margin(...) end

--- Where lines stand in the width: tty.align.
---@param position number
---@return Style
function Style:align(position) end

--- Where the text stands in the height: tty.text.position.
---@param position number
---@return Style
function Style:align_vertical(position) end

--- Draws a border, one of tty.borders; on the sides that are true, in the order of padding, or on all.
---@param name string
---@param ... boolean
---@return Style
function Style:border(name, ...) end

--- Colours the border: all sides, or as padding takes them.
---@param ... string
---@return Style
function Style:border_foreground(...) end

--- Colours what is behind the border.
---@param ... string
---@return Style
function Style:border_background(...) end

--- The same style.
---@return Style
function Style:copy() end

--- The texts, with spaces between them, in this style.
---@param ... any
---@return string
function Style:render(...) end

--- Terminal user interfaces, on a terminal.host: keys, mouse and window as events, styled text and its layout. Elsewhere the functions that need a terminal give nil and Unavailable "no terminal context".
---@class ttylib
tty = {}

--- Switches raw input on: from now on keys, mouse and window are events, the first one {type = "start", width, height}. The end of the process switches it off.
---@async
---@return boolean
---@return Error?
function tty.start() end

--- Switches raw input off.
---@async
---@return boolean
---@return Error?
function tty.stop() end

--- A channel of events: {type = "key", key, key_type, action, alt, ctrl, shift}, where key is such as "a", "enter" or "ctrl+c", key_type "rune" or the name of the key, and action press or release; {type = "mouse", action, button, x, y, alt, ctrl, shift}, with action press, release, motion or wheel; {type = "resize", width, height}; {type = "focus", focused}; {type = "paste", text}. Those that came before are delivered first.
---@async
---@return Channel
---@return Error?
function tty.events() end

--- Columns and rows of the screen.
---@async
---@return integer
---@return integer
---@return Error?
function tty.screen_size() end

--- Has the terminal report the mouse between start and stop, or with false no more.
---@async
---@param on? boolean
---@return boolean
---@return Error?
function tty.mouse(on) end

--- Names keys that mean the same: {keys = {"q", "ctrl+c"}, help = {key = "q", desc = "quit"}}.
---@param binding table
---@return KeyBinding
function tty.bind(binding) end

--- A style without properties.
---@return Style
function tty.style() end

--- 
tty.borders = {}

--- 
tty.align = {}

--- 
tty.text = {}

--- How many cells the widest line takes, without escape sequences.
---@param text string
---@return integer
function tty.text.width(text) end

--- How many lines it takes.
---@param text string
---@return integer
function tty.text.height(text) end

--- Width and height.
---@param text string
---@return integer
---@return integer
function tty.text.size(text) end

--- Puts texts beside each other; position is where shorter ones stand: 0 at the top, 1 at the bottom.
---@param position number
---@param ... any
---@return string
function tty.text.join_horizontal(position, ...) end

--- Puts texts below each other; position is where narrower ones stand: 0 on the left, 1 on the right.
---@param position number
---@param ... any
---@return string
function tty.text.join_vertical(position, ...) end

--- The width of the widest of the texts.
---@param list any[]
---@return integer
function tty.text.max_width(list) end

--- The height of the highest of the texts.
---@param list any[]
---@return integer
function tty.text.max_height(list) end

--- Puts a text into a box of spaces.
---@param width integer
---@param height integer
---@param horizontal number
---@param vertical number
---@param text string
---@return string
function tty.text.place(width, height, horizontal, vertical, text) end

--- Puts a text into a box of that width.
---@param width integer
---@param position number
---@param text string
---@return string
function tty.text.place_horizontal(width, position, text) end

--- Puts a text into a box of that height.
---@param height integer
---@param position number
---@param text string
---@return string
function tty.text.place_vertical(height, position, text) end

