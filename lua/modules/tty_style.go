package modules

import (
	"fmt"
	"image/color"

	"charm.land/lipgloss/v2"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/messages"
)

// ttyStyle is what tty.style makes. It is immutable.
type ttyStyle struct{ s lipgloss.Style }

// maxCells bounds what a style or a layout may fill with space.
const maxCells = 1000

// styled makes a method that returns a changed style.
func styled(sig, doc string, change func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error)) lua.Func {
	return lua.Func{Sig: sig + ": Style", Doc: doc, Do: func(c *lua.Call) error {
		s, err := change(c, c.Self().(*ttyStyle).s)
		if err != nil {
			return err
		}
		return c.Return(&ttyStyle{s})
	}}
}

func styledFlag(name, doc string, set func(lipgloss.Style, bool) lipgloss.Style) lua.Func {
	return styled(name+"(on?: boolean)", doc+", or with false not.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
		return set(s, !c.Has(0) || c.Bool(0)), nil
	})
}

func styledSize(name, doc string, set func(lipgloss.Style, int) lipgloss.Style) lua.Func {
	return styled(name+"(cells: integer)", doc, func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
		n, err := cells(c, 0)
		return set(s, n), err
	})
}

func styledSides(name, doc string, set func(lipgloss.Style, ...int) lipgloss.Style) lua.Func {
	return styled(name+"(...: integer)", doc+" of all sides; of top and bottom, and of the others; or top, right, bottom, left.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
		list := make([]int, c.Len())
		for i := range list {
			n, err := cells(c, i)
			if err != nil {
				return s, err
			}
			list[i] = n
		}
		return set(s, list...), nil
	})
}

func styledColors(name, doc string, set func(lipgloss.Style, ...color.Color) lipgloss.Style) lua.Func {
	return styled(name+"(...: string)", doc, func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
		list := make([]color.Color, c.Len())
		for i := range list {
			list[i] = lipgloss.Color(c.String(i))
		}
		return set(s, list...), nil
	})
}

// cells is argument i as a number of cells.
func cells(c *lua.Call, i int) (int, error) {
	n := c.Int(i)
	if n < 0 || n > maxCells {
		return 0, lua.ArgError(i+1, fmt.Sprintf("a number of cells from 0 to %d expected", maxCells))
	}
	return n, nil
}

var borderStyles = map[string]func() lipgloss.Border{
	"normal": lipgloss.NormalBorder, "rounded": lipgloss.RoundedBorder, "thick": lipgloss.ThickBorder,
	"double": lipgloss.DoubleBorder, "hidden": lipgloss.HiddenBorder,
}

var styleType = lua.Type{
	Name: "Style", Doc: "How text looks. A style never changes: its methods return another one.", Of: (*ttyStyle)(nil),
	Methods: []lua.Func{
		styled("foreground(color: string)", "Colours the text: \"#ff8800\", or a number of the terminal's palette such as \"212\".", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
			return s.Foreground(lipgloss.Color(c.String(0))), nil
		}),
		styled("background(color: string)", "Colours what is behind the text.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
			return s.Background(lipgloss.Color(c.String(0))), nil
		}),
		styledFlag("bold", "Bold", lipgloss.Style.Bold),
		styledFlag("italic", "Italic", lipgloss.Style.Italic),
		styledFlag("underline", "Underlined", lipgloss.Style.Underline),
		styledFlag("strikethrough", "Struck through", lipgloss.Style.Strikethrough),
		styledFlag("faint", "Faint", lipgloss.Style.Faint),
		styledFlag("blink", "Blinking", lipgloss.Style.Blink),
		styledFlag("reverse", "Foreground and background changed for each other", lipgloss.Style.Reverse),
		styledFlag("inline", "On one line, without margins, padding and borders", lipgloss.Style.Inline),
		styledSize("width", "Makes the text so wide, wrapping it.", lipgloss.Style.Width),
		styledSize("height", "Makes the text at least so high.", lipgloss.Style.Height),
		styledSize("max_width", "Cuts off what is wider.", lipgloss.Style.MaxWidth),
		styledSize("max_height", "Cuts off what is higher.", lipgloss.Style.MaxHeight),
		styledSides("padding", "Space inside the border", lipgloss.Style.Padding),
		styledSides("margin", "Space around the border", lipgloss.Style.Margin),
		styled("align(position: number)", "Where lines stand in the width: tty.align.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
			return s.Align(lipgloss.Position(c.Number(0))), nil
		}),
		styled("align_vertical(position: number)", "Where the text stands in the height: tty.text.position.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
			return s.AlignVertical(lipgloss.Position(c.Number(0))), nil
		}),
		styled("border(name: string, ...: boolean)", "Draws a border, one of tty.borders; on the sides that are true, in the order of padding, or on all.", func(c *lua.Call, s lipgloss.Style) (lipgloss.Style, error) {
			border, ok := borderStyles[c.String(0)]
			if !ok {
				return s, lua.ArgError(1, "name: one of tty.borders expected")
			}
			var sides []bool
			for i := 1; i < c.Len(); i++ {
				sides = append(sides, c.Bool(i))
			}
			return s.Border(border(), sides...), nil
		}),
		styledColors("border_foreground", "Colours the border: all sides, or as padding takes them.", lipgloss.Style.BorderForeground),
		styledColors("border_background", "Colours what is behind the border.", lipgloss.Style.BorderBackground),
		styled("copy()", "The same style.", func(_ *lua.Call, s lipgloss.Style) (lipgloss.Style, error) { return s, nil }),
		{Sig: "render(...: any): string", Doc: "The texts, with spaces between them, in this style.", Do: func(c *lua.Call) error {
			texts := make([]string, c.Len())
			for i := range texts {
				texts[i] = c.Text(i)
			}
			return c.Return(c.Self().(*ttyStyle).s.Render(texts...))
		}},
	},
}

// texts are the arguments from i on.
func texts(c *lua.Call, i int) []string {
	var out []string
	for ; i < c.Len(); i++ {
		out = append(out, c.Text(i))
	}
	return out
}

// widest is the largest size of the texts of a list.
func widest(size func(string) int) func(*lua.Call) error {
	return func(c *lua.Call) error {
		most := 0
		for _, v := range c.Table(0).Array {
			s, ok := v.(string)
			if !ok {
				return lua.ArgError(1, "list: a list of strings expected")
			}
			most = max(most, size(s))
		}
		return c.Return(most)
	}
}

var ttyText = lua.Table{
	Name: "text",
	Funcs: []lua.Func{
		{Sig: "width(text: string): integer", Doc: "How many cells the widest line takes, without escape sequences.", Do: func(c *lua.Call) error { return c.Return(lipgloss.Width(c.String(0))) }, Try: `return tty.text.width("\27[1mab\27[0m")`, Gives: "2"},
		{Sig: "height(text: string): integer", Doc: "How many lines it takes.", Do: func(c *lua.Call) error { return c.Return(lipgloss.Height(c.String(0))) }},
		{Sig: "size(text: string): integer, integer", Doc: "Width and height.", Do: func(c *lua.Call) error {
			w, h := lipgloss.Size(c.String(0))
			return c.Return(w, h)
		}, Try: `return tty.text.size("ab\ncde")`, Gives: "3, 2"},
		{Sig: "join_horizontal(position: number, ...: any): string", Doc: "Puts texts beside each other; position is where shorter ones stand: 0 at the top, 1 at the bottom.", Do: func(c *lua.Call) error {
			return c.Return(lipgloss.JoinHorizontal(lipgloss.Position(c.Number(0)), texts(c, 1)...))
		}, Try: `return tty.text.join_horizontal(0, "a\nb", "c")`, Gives: "ac\nb "},
		{Sig: "join_vertical(position: number, ...: any): string", Doc: "Puts texts below each other; position is where narrower ones stand: 0 on the left, 1 on the right.", Do: func(c *lua.Call) error {
			return c.Return(lipgloss.JoinVertical(lipgloss.Position(c.Number(0)), texts(c, 1)...))
		}},
		{Sig: "max_width(list: list): integer", Doc: "The width of the widest of the texts.", Do: widest(lipgloss.Width)},
		{Sig: "max_height(list: list): integer", Doc: "The height of the highest of the texts.", Do: widest(lipgloss.Height)},
		{Sig: "place(width: integer, height: integer, horizontal: number, vertical: number, text: string): string", Doc: "Puts a text into a box of spaces.", Do: func(c *lua.Call) error {
			w, err := cells(c, 0)
			if err != nil {
				return err
			}
			h, err := cells(c, 1)
			if err != nil {
				return err
			}
			return c.Return(lipgloss.Place(w, h, lipgloss.Position(c.Number(2)), lipgloss.Position(c.Number(3)), c.String(4)))
		}},
		{Sig: "place_horizontal(width: integer, position: number, text: string): string", Doc: "Puts a text into a box of that width.", Do: func(c *lua.Call) error {
			w, err := cells(c, 0)
			if err != nil {
				return err
			}
			return c.Return(lipgloss.PlaceHorizontal(w, lipgloss.Position(c.Number(1)), c.String(2)))
		}},
		{Sig: "place_vertical(height: integer, position: number, text: string): string", Doc: "Puts a text into a box of that height.", Do: func(c *lua.Call) error {
			h, err := cells(c, 0)
			if err != nil {
				return err
			}
			return c.Return(lipgloss.PlaceVertical(h, lipgloss.Position(c.Number(1)), c.String(2)))
		}},
	},
	Consts: []lua.Const{{Name: "position", Value: (&messages.Table{}).Set("TOP", 0.0).Set("LEFT", 0.0).Set("CENTER", 0.5).Set("BOTTOM", 1.0).Set("RIGHT", 1.0)}},
}
