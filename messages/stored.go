package messages

// The extensions of EncodeStored. The bytes of each are one MessagePack array.
const (
	extError   int8 = 'E' // the links of the chain: [message, kind, retry, context, stack, details]
	extPayload int8 = 'P' // [format, data]
	extMeta    int8 = 'M' // [table, its metatable]
)

// extension writes parts, of which only the last may be nil. They are a table of
// their own on the path, so that what contains itself ends at MaxDepth.
func (e *msgpackEncoder) extension(id int8, parts ...Value) error {
	inner := newMsgpackEncoder(e.path.limit)
	inner.whole, inner.path = true, e.path
	if err := inner.table(&Table{Array: parts}); err != nil {
		return err
	}
	if e.buf.Len()+inner.buf.Len() > e.path.limit {
		return e.path.tooLarge()
	}
	if err := e.enc.EncodeExtHeader(id, inner.buf.Len()); err != nil {
		return err
	}
	_, err := e.buf.Write(inner.buf.Bytes())
	return err
}

// chainOf are the links of an error as values.
func chainOf(err *Error) []Value {
	var links []Value
	for ; err != nil && len(links) < maxChain; err = err.Cause {
		stack := &Table{}
		for _, f := range err.Stack {
			stack.Array = append(stack.Array, &Table{Array: []Value{f.Source, float64(f.Line), f.Name}})
		}
		link := &Table{Array: []Value{err.Message, err.Kind, float64(err.Retry), err.Context, stack}}
		if err.Details != nil {
			link.Array = append(link.Array, err.Details)
		}
		links = append(links, link)
	}
	return links
}

// stored reads an extension of EncodeStored.
func (d *msgpackDecoder) stored(id int8, n, depth int) (Value, error) {
	before := d.r.Len()
	if n > before {
		return nil, d.fail("an extension of %d bytes, but %d are left", n, before)
	}
	if depth >= maxDecodeDepth {
		return nil, d.fail("more than %d levels", maxDecodeDepth)
	}
	v, err := d.value(depth + 1)
	if err != nil {
		return nil, err
	}
	parts, ok := v.(*Table)
	if ok && before-d.r.Len() == n {
		if out := restore(id, parts.Array); out != nil {
			return out, nil
		}
	}
	return nil, d.fail("extension type %d is not as a store writes it", id)
}

// restore is nil for what no store has written.
func restore(id int8, parts []Value) Value {
	part := func(i int) Value {
		if i < len(parts) {
			return parts[i]
		}
		return nil
	}
	switch id {
	case extPayload:
		if format, ok := part(0).(string); ok {
			return &Payload{Format: format, Data: part(1)}
		}
	case extMeta:
		t, one := part(0).(*Table)
		meta, two := part(1).(*Table)
		if one && two {
			t.Meta = meta
			return t
		}
	case extError:
		if e := chainFrom(parts); e != nil {
			return e
		}
	}
	return nil
}

func chainFrom(links []Value) *Error {
	var first *Error
	to := &first
	for _, link := range links {
		t, ok := link.(*Table)
		if !ok || len(t.Array) < 5 {
			return nil
		}
		message, ok := t.Array[0].(string)
		kind, ok2 := t.Array[1].(string)
		retry, ok3 := t.Array[2].(float64)
		context, ok4 := t.Array[3].(bool)
		stack, ok5 := t.Array[4].(*Table)
		if !(ok && ok2 && ok3 && ok4 && ok5) || retry < 0 || retry > float64(RetryNo) {
			return nil
		}
		e := &Error{Message: message, Kind: kind, Retry: Retry(retry), Context: context}
		for _, item := range stack.Array {
			f, ok := item.(*Table)
			if !ok || len(f.Array) < 3 {
				return nil
			}
			source, ok := f.Array[0].(string)
			line, ok2 := f.Array[1].(float64)
			name, ok3 := f.Array[2].(string)
			if !(ok && ok2 && ok3 && line >= -1e15 && line <= 1e15) {
				return nil
			}
			e.Stack = append(e.Stack, Frame{source, int(line), name})
		}
		if len(t.Array) > 5 {
			if e.Details, ok = t.Array[5].(*Table); !ok {
				return nil
			}
		}
		*to = e
		to = &e.Cause
	}
	return first
}
