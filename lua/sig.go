package lua

import (
	"fmt"
	"strings"
	"unicode"
)

// Sig is a parsed signature.
type Sig struct {
	Name    string
	Params  []Param
	Rest    string // type of "...", "" without
	Returns []string
}

// Param is one parameter. A Type is one of
//
//	any string number integer boolean table function list duration
//
// the name of a Type of some module (Time, Channel), or several joined by "|".
// An Optional parameter may be nil or left out.
type Param struct {
	Name, Type string
	Optional   bool
}

// ParseSig parses "get(key: string, ttl?: duration, ...: any): any, error?".
func ParseSig(s string) (Sig, error) {
	open := strings.IndexByte(s, '(')
	end := strings.IndexByte(s, ')')
	if open <= 0 || end < open {
		return Sig{}, fmt.Errorf("signature %q is not of the form name(param: type): type", s)
	}
	sig := Sig{Name: s[:open]}
	for _, r := range sig.Name {
		if r != '_' && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			return Sig{}, fmt.Errorf("signature %q: %q is not a name", s, sig.Name)
		}
	}
	if inner := s[open+1 : end]; inner != "" {
		for _, part := range strings.Split(inner, ", ") {
			name, typ, ok := strings.Cut(part, ": ")
			if !ok || name == "" || typ == "" {
				return Sig{}, fmt.Errorf("signature %q: %q is not of the form param: type", s, part)
			}
			if name == "..." {
				sig.Rest = typ
				continue
			}
			p := Param{Type: typ}
			p.Name, p.Optional = strings.CutSuffix(name, "?")
			if t, opt := strings.CutSuffix(p.Type, "?"); opt {
				p.Type, p.Optional = t, true
			}
			sig.Params = append(sig.Params, p)
		}
	}
	if rest := s[end+1:]; rest != "" {
		returns, ok := strings.CutPrefix(rest, ": ")
		if !ok {
			return Sig{}, fmt.Errorf("signature %q: %q is not of the form : type", s, rest)
		}
		sig.Returns = strings.Split(returns, ", ")
	}
	return sig, nil
}
