package lua

import (
	"fmt"
	"reflect"
	"unsafe"

	glua "github.com/yuin/gopher-lua"

	"github.com/troupe-go/troupe/messages"
)

// gopher-lua keeps a thread's call frames to itself. The engine needs three
// things of them: whether a call came from the VM's own call instruction, how
// many results it wants, and room for more frames than a lean thread starts
// with. They are read through offsets that are looked up once and checked
// against the types they must have; init fails the program if a version of
// gopher-lua is laid out differently, before any Lua runs.

type offsets struct {
	currentFrame, reg, stack, alloc uintptr // in LState
	mainLoop                        uintptr
	fn, parent, pc, nret            uintptr // in callFrame
	regArray, regTop                uintptr // in registry
	regAlloc, regHandler            uintptr
	regGrow, regMax                 uintptr
	segments, segIdx, segSp         uintptr // in autoGrowingCallFrameStack
	registryType, stackType         reflect.Type
	segmentType                     reflect.Type
	array, dict, strdict, keys      uintptr      // in LTable
	stringConstants                 uintptr      // in FunctionProto
	block                           reflect.Type // a thread and all it needs in one allocation
	blockReg, blockStack            uintptr
	blockSeg, blockSegs, blockArray uintptr
}

const (
	framesPerSegment = glua.FramesPerSegment
	leanSegments     = 8  // 64 frames before the first growth
	leanRegisters    = 16 // grown by gopher-lua itself,
	leanStep         = 32 // by so many at first
)

var layout = mustLayout()

func mustLayout() *offsets {
	o, err := readLayout()
	if err != nil {
		panic("gopher-lua is not the version this engine was written for: " + err.Error())
	}
	return o
}

func readLayout() (*offsets, error) {
	o := &offsets{}
	state := reflect.TypeFor[glua.LState]()
	var err error
	field := func(t reflect.Type, name, typ string) reflect.StructField {
		f, ok := t.FieldByName(name)
		if (!ok || f.Type.String() != typ) && err == nil {
			err = fmt.Errorf("%s.%s is %v, not %s", t, name, f.Type, typ)
		}
		if !ok {
			f.Type = reflect.TypeFor[*struct{}]()
		}
		return f
	}
	cf := field(state, "currentFrame", "*lua.callFrame")
	reg := field(state, "reg", "*lua.registry")
	stack := field(state, "stack", "lua.callFrameStack")
	alloc := field(state, "alloc", "*lua.allocator")
	if err != nil {
		return nil, err
	}
	o.currentFrame, o.reg, o.stack, o.alloc = cf.Offset, reg.Offset, stack.Offset, alloc.Offset
	o.mainLoop = field(state, "mainLoop", "func(*lua.LState, *lua.callFrame)").Offset

	frame := cf.Type.Elem()
	o.fn = field(frame, "Fn", "*lua.LFunction").Offset
	o.parent = field(frame, "Parent", "*lua.callFrame").Offset
	o.pc = field(frame, "Pc", "int").Offset
	o.nret = field(frame, "NRet", "int").Offset

	o.registryType = reg.Type.Elem()
	o.regArray = field(o.registryType, "array", "[]lua.LValue").Offset
	o.regTop = field(o.registryType, "top", "int").Offset
	o.regGrow = field(o.registryType, "growBy", "int").Offset
	o.regMax = field(o.registryType, "maxSize", "int").Offset
	o.regAlloc = field(o.registryType, "alloc", "*lua.allocator").Offset
	o.regHandler = field(o.registryType, "handler", "lua.registryHandler").Offset

	table := reflect.TypeFor[glua.LTable]()
	o.array = field(table, "array", "[]lua.LValue").Offset
	o.dict = field(table, "dict", "map[lua.LValue]lua.LValue").Offset
	o.strdict = field(table, "strdict", "map[string]lua.LValue").Offset
	o.keys = field(table, "keys", "[]lua.LValue").Offset

	o.stringConstants = field(reflect.TypeFor[glua.FunctionProto](), "stringConstants", "[]string").Offset

	L := glua.NewState(glua.Options{SkipOpenLibs: true, CallStackSize: 64, RegistrySize: 128, MinimizeStackMemory: true})
	defer L.Close()
	impl := reflect.ValueOf(L).Elem().FieldByName("stack").Elem()
	if impl.Kind() != reflect.Pointer {
		return nil, fmt.Errorf("the frame stack is a %s", impl.Type())
	}
	o.stackType = impl.Type().Elem()
	segments := field(o.stackType, "segments", "[]*lua.callFrameStackSegment")
	o.segments = segments.Offset
	o.segIdx = field(o.stackType, "segIdx", "lua.segIdx").Offset
	o.segSp = field(o.stackType, "segSp", "uint8").Offset
	if err != nil {
		return nil, err
	}
	if k := field(o.stackType, "segIdx", "lua.segIdx").Type.Kind(); k != reflect.Uint16 {
		return nil, fmt.Errorf("segIdx is a %s", k)
	}
	o.segmentType = segments.Type.Elem().Elem()
	if want := uintptr(framesPerSegment) * frame.Size(); o.segmentType.Size() != want {
		return nil, fmt.Errorf("a segment has %d bytes, not %d", o.segmentType.Size(), want)
	}

	o.block = reflect.StructOf([]reflect.StructField{
		{Name: "State", Type: state},
		{Name: "Reg", Type: o.registryType},
		{Name: "Stack", Type: o.stackType},
		{Name: "Segment", Type: o.segmentType},
		{Name: "Segments", Type: reflect.ArrayOf(leanSegments, reflect.PointerTo(o.segmentType))},
		{Name: "Array", Type: reflect.ArrayOf(leanRegisters, reflect.TypeFor[glua.LValue]())},
	})
	o.blockReg, o.blockStack = o.block.Field(1).Offset, o.block.Field(2).Offset
	o.blockSeg, o.blockSegs, o.blockArray = o.block.Field(3).Offset, o.block.Field(4).Offset, o.block.Field(5).Offset
	return o, err
}

type iface struct{ tab, data unsafe.Pointer }

func at[T any](p unsafe.Pointer, off uintptr) *T { return (*T)(unsafe.Add(p, off)) }

// newThread makes a thread like pristine.NewThread() would, in one allocation
// and without the Global that gopher-lua builds for every thread and throws
// away. pristine is a thread that never ran.
func newThread(pristine *glua.LState) *glua.LState {
	p := reflect.New(layout.block).UnsafePointer()
	th := (*glua.LState)(p)
	*th = *pristine

	reg := unsafe.Add(p, layout.blockReg)
	*at[[]glua.LValue](reg, layout.regArray) = unsafe.Slice(at[glua.LValue](p, layout.blockArray), leanRegisters)
	from := *at[unsafe.Pointer](unsafe.Pointer(pristine), layout.reg)
	*at[int](reg, layout.regGrow) = *at[int](from, layout.regGrow)
	*at[int](reg, layout.regMax) = *at[int](from, layout.regMax)
	*at[unsafe.Pointer](reg, layout.regAlloc) = *at[unsafe.Pointer](from, layout.regAlloc)
	handler := *at[iface](from, layout.regHandler)
	handler.data = p
	*at[iface](reg, layout.regHandler) = handler
	*at[unsafe.Pointer](p, layout.reg) = reg

	stack := unsafe.Add(p, layout.blockStack)
	segs := unsafe.Slice(at[unsafe.Pointer](p, layout.blockSegs), leanSegments)
	segs[0] = unsafe.Add(p, layout.blockSeg)
	*at[[]unsafe.Pointer](stack, layout.segments) = segs
	*at[unsafe.Pointer](p, layout.stack+unsafe.Sizeof(uintptr(0))) = stack
	return th
}

// borrowAllocator lets a thread box its numbers on the pages of the base it is
// resumed from, so that idle threads own none. A base belongs to one goroutine.
func borrowAllocator(th, base *glua.LState) {
	al := *at[unsafe.Pointer](unsafe.Pointer(base), layout.alloc)
	*at[unsafe.Pointer](unsafe.Pointer(th), layout.alloc) = al
	reg := *at[unsafe.Pointer](unsafe.Pointer(th), layout.reg)
	*at[unsafe.Pointer](reg, layout.regAlloc) = al
}

// loop runs a thread from where it is until it leaves or ends. What it raises is
// a panic.
func loop(th *glua.LState) {
	(*at[func(*glua.LState, unsafe.Pointer)](unsafe.Pointer(th), layout.mainLoop))(th, nil)
}

// frames returns how many call frames the thread uses and has room for.
func frames(th *glua.LState) (used, room int) {
	stack := (*at[iface](unsafe.Pointer(th), layout.stack)).data
	used = int(*at[uint16](stack, layout.segIdx))*framesPerSegment + int(*at[uint8](stack, layout.segSp))
	return used, len(*at[[]unsafe.Pointer](stack, layout.segments)) * framesPerSegment
}

// growFrames doubles the room for call frames, and the step by which the
// registers grow: deep recursion must not copy them at every call.
func growFrames(th *glua.LState) {
	*at[int](*at[unsafe.Pointer](unsafe.Pointer(th), layout.reg), layout.regGrow) *= 2
	stack := (*at[iface](unsafe.Pointer(th), layout.stack)).data
	segs := at[[]unsafe.Pointer](stack, layout.segments)
	more := make([]unsafe.Pointer, 2*len(*segs))
	copy(more, *segs)
	*segs = more
}

// isNested reports whether the Go function that runs on L was reached through
// Go code that called Lua (a metamethod, a comparison, a callback): then its
// thread cannot be suspended by leaving the VM's loop. The other result is how
// many values the caller wants, negative for all.
func isNested(L *glua.LState) (nested bool, want int) {
	frame := *at[unsafe.Pointer](unsafe.Pointer(L), layout.currentFrame)
	want = *at[int](frame, layout.nret)
	for {
		parent := *at[unsafe.Pointer](frame, layout.parent)
		if parent == nil {
			return false, want
		}
		fn := *at[*glua.LFunction](parent, layout.fn)
		if fn == nil || fn.IsG {
			return true, want
		}
		switch int(fn.Proto.Code[*at[int](parent, layout.pc)-1] >> 26) {
		case glua.OP_CALL, glua.OP_TAILCALL:
		default:
			return true, want
		}
		frame = parent
	}
}

// Numbers and strings are immutable boxes in Lua's interface and in Go's alike:
// a value that changes from one to the other keeps its box. The four functions
// below cost no allocation.

func goNumber(v glua.LValue) any {
	var out any = float64(0)
	(*iface)(unsafe.Pointer(&out)).data = (*iface)(unsafe.Pointer(&v)).data
	return out
}

func goString(v glua.LValue) any {
	var out any = ""
	(*iface)(unsafe.Pointer(&out)).data = (*iface)(unsafe.Pointer(&v)).data
	return out
}

func luaNumber(v any) glua.LValue {
	var out glua.LValue = glua.LNumber(0)
	(*iface)(unsafe.Pointer(&out)).data = (*iface)(unsafe.Pointer(&v)).data
	return out
}

func luaString(v any) glua.LValue {
	var out glua.LValue = glua.LString("")
	(*iface)(unsafe.Pointer(&out)).data = (*iface)(unsafe.Pointer(&v)).data
	return out
}

// setStringConstants fills in what the compiler keeps of a function's constants
// beside them: the strings once more.
func setStringConstants(p *glua.FunctionProto, texts []string) {
	*at[[]string](unsafe.Pointer(p), layout.stringConstants) = texts
}

// hasFields reports whether a table has, or once had, string keys: what tells
// an empty object from an empty list.
func hasFields(t *glua.LTable) bool {
	return *at[unsafe.Pointer](unsafe.Pointer(t), layout.strdict) != nil
}

// backtrace lists the call frames of a thread that raised, innermost first.
// gopher-lua has dropped the innermost one from its stack, but not cleared it.
func backtrace(th *state) []messages.Frame {
	stack := (*at[iface](unsafe.Pointer(th), layout.stack)).data
	segs := *at[[]unsafe.Pointer](stack, layout.segments)
	used, _ := frames(th)
	if used/framesPerSegment >= len(segs) || segs[used/framesPerSegment] == nil {
		return nil
	}
	frame := unsafe.Add(segs[used/framesPerSegment], uintptr(used%framesPerSegment)*(layout.segmentType.Size()/framesPerSegment))
	return walk(frame)
}

// whereabouts lists the call frames of a running thread, innermost first.
func whereabouts(th *state) []messages.Frame {
	return walk(*at[unsafe.Pointer](unsafe.Pointer(th), layout.currentFrame))
}

// maxTrace bounds the frames of a trace.
const maxTrace = 32

func walk(frame unsafe.Pointer) []messages.Frame {
	var out []messages.Frame
	for ; frame != nil && len(out) < maxTrace; frame = *at[unsafe.Pointer](frame, layout.parent) {
		fn := *at[*glua.LFunction](frame, layout.fn)
		if fn == nil || fn.IsG || fn.Proto.SourceName == callerChunk {
			continue
		}
		f := messages.Frame{Source: fn.Proto.SourceName}
		if pc := *at[int](frame, layout.pc) - 1; pc >= 0 && pc < len(fn.Proto.DbgSourcePositions) {
			f.Line = fn.Proto.DbgSourcePositions[pc]
		}
		if parent := *at[unsafe.Pointer](frame, layout.parent); parent != nil {
			if by := *at[*glua.LFunction](parent, layout.fn); by != nil && !by.IsG {
				pc := *at[int](parent, layout.pc) - 1
				for _, c := range by.Proto.DbgCalls {
					if c.Pc == pc {
						f.Name = c.Name
					}
				}
			}
		}
		out = append(out, f)
	}
	return out
}

// clearRegisters empties a thread's registers so that a pooled thread keeps
// nothing alive. It reports false for one that grew too large to keep.
func clearRegisters(th *glua.LState) bool {
	reg := *at[unsafe.Pointer](unsafe.Pointer(th), layout.reg)
	array := *at[[]glua.LValue](reg, layout.regArray)
	if len(array) > 1024 {
		return false
	}
	clear(array)
	*at[int](reg, layout.regTop) = 0
	return true
}
