package lua

import "testing"

// A slice is over after some time even if its instructions are slow.
func TestSlowInstructions(t *testing.T) {
	eng, err := NewEngine(Options{Slice: 1 << 40})
	if err != nil {
		t.Fatal(err)
	}
	p, err := eng.Compile(Unit{ID: "app:slow", Method: "main", Source: `return { main = function()
		local t, n = {}, 0
		for i = 1, 1e6 do t[i] = 1 end
		for i = 1, 1e6 do t[i] = nil end
		for i = 1, 500 do n = n + #t end
		return n
	end }`})
	if err != nil {
		t.Fatal(err)
	}
	vm := eng.NewVM(p, &testHost{})
	defer vm.Close()
	slot := &testSlot{}
	vm.Start(nil)
	if !vm.Run(slot) || vm.Ended() == nil || vm.Ended().Err != nil {
		t.Fatalf("it ended with %+v", vm.Ended())
	}
	// Its 500 instructions that look through a long table take many slices.
	if slot.preempted < 2 {
		t.Errorf("it gave way %d times", slot.preempted)
	}
}
