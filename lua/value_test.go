package lua

import (
	"fmt"
	"reflect"
	"testing"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// What is made of a copy, as JSON, is the same every time.
func TestCopyKeepsTheOrderOfKeys(t *testing.T) {
	L := glua.NewState()
	defer L.Close()
	original := L.NewTable()
	for i := range 3 {
		original.RawSetInt(i+1, glua.LNumber(i))
	}
	var want []messages.Value
	for i := range 50 {
		key := fmt.Sprint("key", (i*7)%50)
		original.RawSetString(key, glua.LTrue)
		want = append(want, key)
	}
	copied := fromLua(original).(*messages.Table)
	if !reflect.DeepEqual(copied.Keys, want) {
		t.Errorf("keys %v", copied.Keys)
	}
	if len(copied.Array) != 3 {
		t.Errorf("array %v", copied.Array)
	}
}
