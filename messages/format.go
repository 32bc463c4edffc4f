package messages

// standard is the graph of the standard formats. Everything else is reached by
// way of FormatLua, save that texts and bytes are relabelled without being read.
var standard = newGraph([]edge{
	{FormatLua, FormatJSON, encodeWith(EncodeJSON)},
	{FormatLua, FormatYAML, encodeWith(EncodeYAML)},
	{FormatLua, FormatMsgpack, encodeWith(EncodeMsgpack)},
	{FormatLua, FormatString, luaToString},
	{FormatLua, FormatBytes, luaToString},
	{FormatLua, FormatGo, same},
	{FormatLua, FormatError, toError},

	{FormatJSON, FormatLua, decodeText(decodeJSON)},
	{FormatJSON, FormatString, textOf},
	{FormatJSON, FormatBytes, textOf},
	{FormatYAML, FormatLua, decodeWith(DecodeYAML)},
	{FormatYAML, FormatString, textOf},
	{FormatYAML, FormatBytes, textOf},
	{FormatMsgpack, FormatLua, decodeWith(DecodeMsgpack)},
	{FormatMsgpack, FormatBytes, textOf},

	{FormatString, FormatLua, textOf},
	{FormatString, FormatBytes, textOf},
	{FormatString, FormatError, toError},
	{FormatBytes, FormatLua, textOf},
	{FormatBytes, FormatString, textOf},

	{FormatGo, FormatLua, fromGo},
	{FormatError, FormatLua, toError},
	{FormatError, FormatGo, toError},
	{FormatError, FormatString, errorToString},
})

func same(data Value) (Value, error) { return data, nil }

func fromGo(data Value) (Value, error) { return ValueOf(data), nil }

// textOf returns the encoded bytes of a textual or binary format.
func textOf(data Value) (Value, error) {
	switch data := data.(type) {
	case string:
		return data, nil
	case []byte:
		return string(data), nil
	}
	return nil, Errorf(Invalid, "the data is of type %s; a payload of this format holds a string", typeName(data))
}

func encodeWith(encode func(Value) ([]byte, error)) Convert {
	return func(data Value) (Value, error) {
		out, err := encode(data)
		if err != nil {
			return nil, err
		}
		return string(out), nil
	}
}

func decodeWith(decode func([]byte) (Value, error)) Convert {
	return decodeText(func(s string) (Value, error) { return decode([]byte(s)) })
}

func decodeText(decode func(string) (Value, error)) Convert {
	return func(data Value) (Value, error) {
		text, err := textOf(data)
		if err != nil {
			return nil, err
		}
		return decode(text.(string)) //nolint:forcetypeassert // textOf gives strings
	}
}

// luaToString gives scalars as tostring does, an error its text and a table its
// JSON.
func luaToString(data Value) (Value, error) {
	switch data := ValueOf(data).(type) {
	case *Table:
		out, err := EncodeJSON(data)
		return string(out), err
	case *Error:
		return errorToString(data)
	case *Payload:
		return nil, Errorf(Invalid, "a payload inside a payload has no text; transcode the inner one")
	default:
		return Text(data), nil
	}
}

// toError makes an *Error of an error or of its message.
func toError(data Value) (Value, error) {
	switch data := data.(type) {
	case *Error:
		if data != nil {
			return data, nil
		}
	case error:
		return AsError(data), nil
	case string:
		return Errorf(Unknown, "%s", data), nil
	}
	return nil, Errorf(Invalid, "the data is of type %s; an error is made of an error or a string", typeName(data))
}

func errorToString(data Value) (Value, error) {
	e, err := toError(data)
	if err != nil {
		return nil, err
	}
	return e.(*Error).Error(), nil //nolint:forcetypeassert // toError gives errors
}
