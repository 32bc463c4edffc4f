package stdlib

// escapeSet is the meaning of % followed by c: a class, the complement of one
// if c is an upper case letter, or the character itself.
func escapeSet(c byte) (set byteSet) {
	lower := c
	upper := 'A' <= c && c <= 'Z'
	if upper {
		lower += 'a' - 'A'
	}
	i := int(lower) - 'a'
	if i < 0 || i >= len(classSets) || classSets[i] == (byteSet{}) {
		set.add(c)
		return set
	}
	set = classSets[i]
	if upper {
		set.invert()
	}
	return set
}

// classSets holds the classes of the letters a to z; it is never written. The
// members are those of the C locale, whatever the language of the host.
var classSets = buildClasses()

func buildClasses() (sets [26]byteSet) {
	is := func(class byte, c byte) bool {
		lower, upper, digit := 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9'
		switch class {
		case 'a':
			return lower || upper
		case 'c':
			return c < ' ' || c == 0x7f
		case 'd':
			return digit
		case 'l':
			return lower
		case 'p':
			return c > ' ' && c < 0x7f && !lower && !upper && !digit
		case 's':
			return c == ' ' || '\t' <= c && c <= '\r'
		case 'u':
			return upper
		case 'w':
			return lower || upper || digit
		case 'x':
			return digit || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
		case 'z':
			return c == 0
		}
		return false
	}
	for i := range sets {
		for c := range 256 {
			if is(byte('a'+i), byte(c)) {
				sets[i].add(byte(c))
			}
		}
	}
	return sets
}
