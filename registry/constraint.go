package registry

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// semver is a semantic version; build metadata is dropped.
type semver struct {
	n   [3]uint64
	pre []string
}

func parseSemver(s string) (v semver, parts int, err error) {
	text, _, _ := strings.Cut(strings.TrimPrefix(s, "v"), "+")
	core, pre, hasPre := strings.Cut(text, "-")
	if hasPre {
		v.pre = strings.Split(pre, ".")
	}
	nums := strings.Split(core, ".")
	if len(nums) > 3 || (hasPre && pre == "") {
		return v, 0, fmt.Errorf("parse version %q: write it as 1.2.3", s)
	}
	for i, num := range nums {
		if v.n[i], err = strconv.ParseUint(num, 10, 32); err != nil {
			return v, 0, fmt.Errorf("parse version %q: write it as 1.2.3", s)
		}
	}
	return v, len(nums), nil
}

func (v semver) compare(o semver) int {
	for i := range v.n {
		if c := cmp.Compare(v.n[i], o.n[i]); c != 0 {
			return c
		}
	}
	if c := cmp.Compare(btoi(len(v.pre) == 0), btoi(len(o.pre) == 0)); c != 0 {
		return c
	}
	for i := range min(len(v.pre), len(o.pre)) {
		if c := comparePre(v.pre[i], o.pre[i]); c != 0 {
			return c
		}
	}
	return cmp.Compare(len(v.pre), len(o.pre))
}

// comparePre orders parts of a pre-release: numbers by value and before text.
func comparePre(a, b string) int {
	x, errX := strconv.ParseUint(a, 10, 64)
	y, errY := strconv.ParseUint(b, 10, 64)
	switch {
	case errX == nil && errY == nil:
		return cmp.Compare(x, y)
	case errX == nil:
		return -1
	case errY == nil:
		return 1
	}
	return strings.Compare(a, b)
}

// Constraint says which versions of a module will do.
type Constraint struct {
	text   string
	bounds []bound
}

type bound struct {
	op string
	v  semver
}

// ParseConstraint reads "1.2.0" (exactly that), "^1.2.0", "~1.2.0", ">=1.0.0",
// ">", "<", "<=", several of them with spaces or commas between, or "*" or "" for
// any version.
func ParseConstraint(s string) (Constraint, error) {
	c := Constraint{text: strings.TrimSpace(s)}
	fields := strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
	for i := 0; i < len(fields); i++ {
		field := fields[i]
		rest := strings.TrimLeft(field, "^~<>=")
		op := field[:len(field)-len(rest)]
		if rest == "" && op != "" && i+1 < len(fields) { // ">= 1.0.0"
			i++
			rest = fields[i]
		}
		if op == "" && rest == "*" {
			continue
		}
		v, parts, err := parseSemver(rest)
		if err != nil {
			return Constraint{}, fmt.Errorf("parse version constraint %q: use 1.2.0, ^1.2.0, ~1.2.0, >=1.0.0 <2.0.0 or *", s)
		}
		switch op {
		case "", "=", "==":
			c.bounds = append(c.bounds, bound{"=", v})
		case ">", ">=", "<", "<=":
			c.bounds = append(c.bounds, bound{op, v})
		case "^":
			c.bounds = append(c.bounds, bound{">=", v}, bound{"<", caretEnd(v, parts)})
		case "~":
			c.bounds = append(c.bounds, bound{">=", v}, bound{"<", bump(v, min(parts-1, 1))})
		default:
			return Constraint{}, fmt.Errorf("parse version constraint %q: %q is not an operator; use ^ ~ >= > <= < or none", s, op)
		}
	}
	return c, nil
}

// caretEnd is the first version that breaks compatibility: the leftmost number
// that is not zero may not change.
func caretEnd(v semver, parts int) semver {
	for i := range parts {
		if v.n[i] != 0 {
			return bump(v, i)
		}
	}
	return bump(v, parts-1)
}

// bump raises one number; pre-releases of the result are beyond it, too.
func bump(v semver, i int) semver {
	out := semver{pre: []string{"0"}}
	copy(out.n[:], v.n[:i+1])
	out.n[i]++
	return out
}

// String returns the constraint as it was written.
func (c Constraint) String() string { return c.text }

// Match reports whether a version will do; what is no version matches only "*".
func (c Constraint) Match(version string) bool {
	if len(c.bounds) == 0 {
		return true
	}
	v, _, err := parseSemver(version)
	if err != nil {
		return false
	}
	for _, b := range c.bounds {
		d := v.compare(b.v)
		ok := false
		switch b.op {
		case "=":
			ok = d == 0
		case ">":
			ok = d > 0
		case ">=":
			ok = d >= 0
		case "<":
			ok = d < 0
		case "<=":
			ok = d <= 0
		}
		if !ok {
			return false
		}
	}
	return true
}
