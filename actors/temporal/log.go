package temporal

import "log/slog"

// logger writes the lines of the SDK, which says much that is not worth a line of
// the application: its information is for debugging.
type logger struct{ log *slog.Logger }

func (l logger) Debug(string, ...any)            {}
func (l logger) Info(msg string, fields ...any)  { l.log.Debug(msg, fields...) }
func (l logger) Warn(msg string, fields ...any)  { l.log.Warn(msg, fields...) }
func (l logger) Error(msg string, fields ...any) { l.log.Error(msg, fields...) }
