package syntax

// kind is the class of a token.
type kind uint8

// Kinds of tokens. The reserved words stand together so that they can be told by comparison.
const (
	tEOF kind = iota
	tInvalid
	tName
	tGoto // the word goto, which is a name except before another name
	tNumber
	tString

	tAnd
	tBreak
	tDo
	tElse
	tElseif
	tEnd
	tFalse
	tFor
	tFunction
	tIf
	tIn
	tLocal
	tNil
	tNot
	tOr
	tRepeat
	tReturn
	tThen
	tTrue
	tUntil
	tWhile

	tPlus
	tMinus
	tStar
	tSlash
	tSlashSlash
	tPercent
	tCaret
	tHash
	tAmp
	tTilde
	tPipe
	tLess
	tGreater
	tLessEq
	tGreaterEq
	tAssign
	tEqual
	tNotEqual
	tParenL
	tParenR
	tBraceL
	tBraceR
	tBracketL
	tBracketR
	tSemicolon
	tColon
	tColonColon
	tComma
	tDot
	tConcat
	tDots
	tArrow
	tQuestion
	tBang
	tAt
)

// token is one token of the source. Its text is src[off:end].
type token struct {
	off, end uint32
	kind     kind
	newline  bool // a line break stands between the token before and this one
}

// isName tells whether a token can be used as a name.
func (k kind) isName() bool { return k == tName || k == tGoto }

// isWord tells whether a token is a reserved word.
func (k kind) isWord() bool { return k >= tAnd && k <= tWhile }

// wordKind returns the kind of an identifier: a reserved word, goto, or an ordinary name.
func wordKind(s string) kind {
	switch s {
	case "and":
		return tAnd
	case "break":
		return tBreak
	case "do":
		return tDo
	case "else":
		return tElse
	case "elseif":
		return tElseif
	case "end":
		return tEnd
	case "false":
		return tFalse
	case "for":
		return tFor
	case "function":
		return tFunction
	case "goto":
		return tGoto
	case "if":
		return tIf
	case "in":
		return tIn
	case "local":
		return tLocal
	case "nil":
		return tNil
	case "not":
		return tNot
	case "or":
		return tOr
	case "repeat":
		return tRepeat
	case "return":
		return tReturn
	case "then":
		return tThen
	case "true":
		return tTrue
	case "until":
		return tUntil
	case "while":
		return tWhile
	}
	return tName
}

// spelling returns how a kind of token is written, for messages about tokens that are missing.
func (k kind) spelling() string {
	if s, ok := spellings[k]; ok {
		return s
	}
	return "a name"
}

// spellings is read-only.
var spellings = map[kind]string{
	tEOF: "the end of the text", tAssign: "'='", tParenL: "'('", tParenR: "')'", tBraceL: "'{'", tBraceR: "'}'",
	tBracketL: "'['", tBracketR: "']'", tColon: "':'", tColonColon: "'::'", tComma: "','", tGreater: "'>'", tLess: "'<'",
	tQuestion: "'?'", tEnd: "'end'", tDo: "'do'", tThen: "'then'", tUntil: "'until'", tIn: "'in'", tFunction: "'function'",
	tArrow: "'->'", tNumber: "a number",
}
