package lua

import (
	"testing"
	"unsafe"
)

// A VM just fits one of the sizes that Go allocates; a field more would cost each
// process 64 bytes.
func TestSizeOfVM(t *testing.T) {
	if size := unsafe.Sizeof(VM{}); size > 640 {
		t.Errorf("a VM takes %d bytes", size)
	}
}
