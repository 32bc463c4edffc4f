package boot

import (
	"io"
	"log/slog"

	"github.com/troupe-go/troupe/actors"
)

// LogOptions say how log lines look.
type LogOptions = actors.LogOptions

// NewLogger returns a logger that writes to w, for WithLogger.
func NewLogger(w io.Writer, opt LogOptions) *slog.Logger {
	return slog.New(actors.NewLogHandler(w, opt))
}
