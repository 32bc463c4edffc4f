package scheduler

import _ "unsafe" // for go:linkname

// procPin keeps the calling goroutine on its processor until procUnpin and returns the processor's number. Between
// the two the caller is the only goroutine that runs there; it must not block, allocate or call unknown code.
//
//go:linkname procPin runtime.procPin
func procPin() int

//go:linkname procUnpin runtime.procUnpin
func procUnpin()
