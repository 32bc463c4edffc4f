package actors

import "github.com/troupe-go/troupe/messages"

// TranscoderKey finds the graph of payload conversions of a node.
var TranscoderKey = NewKey[*messages.Transcoder]("transcoder")
