// Package syntax is the front end of the Lua dialect that applications are written in: Lua 5.1 with goto, optional type
// annotations, casts and non-nil marks.
//
// Erase parses a whole source text, reports the first syntax error with line, column and token, and returns plain Lua for
// gopher-lua. Types are replaced by white space of the same length and line breaks are kept, so that every message of the
// later stages names the line of the original file. Text that contains no types comes back unchanged.
//
// The package is pure: it keeps no state, imports nothing of this module, and Erase may be called from several goroutines.
package syntax

// Default limits of Erase.
const (
	DefaultMaxSource    = 1 << 20
	DefaultMaxDepth     = 200
	DefaultMaxHeight    = 1000
	DefaultMaxConstants = 20000
)

// maxDepthCeiling bounds Limits.MaxDepth: the parser recurses, and its own stack must stay small whatever a caller asks for.
const maxDepthCeiling = 10000

// maxSourceCeiling bounds Limits.MaxSource: offsets are kept in 32 bits.
const maxSourceCeiling = 1 << 30

// Limits bounds the programs that are accepted, so that the recursive compiler behind this package can neither overflow its
// stack nor be kept busy for long by a small text. A field that is zero or negative means its default.
type Limits struct {
	MaxSource    int // bytes of a source text, at most 1 GiB
	MaxDepth     int // blocks, brackets and types inside each other, at most 10000
	MaxHeight    int // levels of the syntax tree; every operator, call and index of a chain is one
	MaxConstants int // distinct constants and names in one function
}

// withDefaults returns the limits with every field set and within its bounds.
func (l Limits) withDefaults() Limits {
	pick := func(v, def, ceiling int) int {
		if v <= 0 {
			return def
		}
		return min(v, ceiling)
	}
	return Limits{
		MaxSource:    pick(l.MaxSource, DefaultMaxSource, maxSourceCeiling),
		MaxDepth:     pick(l.MaxDepth, DefaultMaxDepth, maxDepthCeiling),
		MaxHeight:    pick(l.MaxHeight, DefaultMaxHeight, maxSourceCeiling),
		MaxConstants: pick(l.MaxConstants, DefaultMaxConstants, maxSourceCeiling),
	}
}

// maxSteps returns how many steps the compiler may take to look up the constants of a text: as many as a function takes whose
// constants are just within the limit and all distinct.
func (l Limits) maxSteps() int {
	n := max(l.MaxConstants, 1000)
	return n * (n + 1) / 2
}

// Erase turns typed Lua into plain Lua 5.1 with goto, within the default limits. See EraseLimits.
func Erase(chunk, src string) (string, error) {
	return EraseLimits(chunk, src, Limits{})
}

// EraseLimits turns typed Lua into plain Lua 5.1 with goto, as gopher-lua accepts it. The result has the same number of lines
// as src, and every remaining token stands on its original line; columns stay too, except on lines that use the name "goto"
// or a number that gopher-lua cannot read. chunk names the source in errors and is not otherwise interpreted. A text that is
// not a program, or exceeds the limits, yields an *Error.
func EraseLimits(chunk, src string, limits Limits) (string, error) {
	limits = limits.withDefaults()
	p := newParser(chunk, src, limits)
	if err := p.run(); err != nil {
		return "", err
	}
	if p.crowded {
		// The quick count does not tell repeated constants apart. Only programs that may exceed the limit pay for the exact one.
		p = newParser(chunk, src, limits)
		p.exact = true
		if err := p.run(); err != nil {
			return "", err
		}
	}
	return p.render(), nil
}
