// Package excel declares the Lua module excel. It is a package of its own so that a
// program can leave the library behind it out.
package excel

import (
	"io"
	"sync"

	"github.com/xuri/excelize/v2"

	"github.com/troupe-go/troupe/lua"
	"github.com/troupe-go/troupe/lua/modules"
	"github.com/troupe-go/troupe/messages"
)

// What a workbook may take up: a small file can become a large one.
const (
	maxBytes = 256 << 20 // unpacked
	maxCells = 5_000_000 // that one call returns, empty ones too
	maxBatch = 10_000    // rows that one read of a cursor returns
)

// workbook is a Workbook object. The library's own locks do not cover a close.
type workbook struct {
	mu     sync.Mutex
	file   *excelize.File // nil once it is closed
	closed bool           // in the sense of the process
}

// cursor is a Rows object.
type cursor struct {
	book   *workbook
	rows   *excelize.Rows
	closed bool
}

// Module is the module excel.
var Module = lua.Module{
	Name: "excel", Doc: "Spreadsheets in the format xlsx. What is no workbook is Invalid, every other failure Internal. Indices of sheets count from 0.",
	Class: []lua.Class{lua.IO, lua.Encoding},
	Funcs: []lua.Func{
		{Sig: "new(): Workbook, error?", Doc: "A new workbook with the sheet Sheet1.", Do: func(c *lua.Call) error {
			return c.Return(&workbook{file: excelize.NewFile()})
		}, Try: `return table.concat(excel.new():get_sheet_list(), " ")`, Gives: "Sheet1"},
		{Sig: "open(file: any): Workbook, error?", Doc: "Reads a workbook from a File or Stream, from where that stands to its end.", Ask: open},
	},
	Types: []lua.Type{{
		Name: "Workbook", Doc: "A spreadsheet in memory.", Of: (*workbook)(nil),
		Methods: []lua.Func{
			{Sig: "new_sheet(name: string): integer, error?", Doc: "Adds a sheet and returns its index; that of the one of this name where it is there.", Ask: func(c *lua.Call) (*lua.Command, error) {
				name := c.String(0)
				return self(c).run(func(f *excelize.File, _ <-chan struct{}) (any, error) { return f.NewSheet(name) })
			}},
			{Sig: "get_sheet_list(): table, error?", Doc: "The names of the sheets in their order.", Ask: func(c *lua.Call) (*lua.Command, error) {
				return self(c).run(func(f *excelize.File, _ <-chan struct{}) (any, error) { return texts(f.GetSheetList()), nil })
			}},
			{Sig: "get_rows(sheet: string): table, error?", Doc: "The cells of a sheet as lists of strings, as they are shown; booleans are TRUE and FALSE. Empty cells at the end of a row and empty rows at the end are left out. Large sheets are read with rows.", Ask: func(c *lua.Call) (*lua.Command, error) {
				sheet := c.String(0)
				return self(c).run(func(f *excelize.File, done <-chan struct{}) (any, error) { return getRows(f, sheet, done) })
			}},
			{Sig: "rows(sheet: string): Rows, error?", Doc: "A cursor over the rows of a sheet.", Ask: func(c *lua.Call) (*lua.Command, error) {
				b, sheet := self(c), c.String(0)
				return b.run(func(f *excelize.File, _ <-chan struct{}) (any, error) {
					rows, err := f.Rows(sheet)
					return &cursor{book: b, rows: rows}, err
				})
			}},
			{Sig: "set_cell_value(sheet: string, cell: string, value: any): error?", Doc: "Writes a string, number, boolean or nil into a cell such as B2.", Ask: func(c *lua.Call) (*lua.Command, error) {
				sheet, cell, value := c.String(0), c.String(1), c.Value(2)
				cmd, err := self(c).run(func(f *excelize.File, _ <-chan struct{}) (any, error) {
					if _, ok := value.(*messages.Table); ok {
						return nil, messages.Errorf(messages.Internal, "writing cell %s: a table does not fit a cell", cell)
					}
					return nil, f.SetCellValue(sheet, cell, value)
				})
				return onlyError(c, cmd, err)
			}},
			{Sig: "write_to(file: any): error?", Doc: "Writes the workbook to a File or Stream.", Ask: func(c *lua.Call) (*lua.Command, error) {
				to, ok := c.Object(0).(modules.Stream)
				if !ok {
					return nil, lua.ArgError(2, "file: a File or Stream expected, got "+c.TypeOf(0))
				}
				b := self(c)
				if b.closed {
					return nil, c.Return(errClosed)
				}
				cmd, err := to.Use("writing a workbook to", func(source any) (any, error) {
					w, ok := source.(io.Writer)
					if !ok {
						return nil, messages.Errorf(messages.Internal, "writing a workbook: this cannot be written to")
					}
					return b.use(func(f *excelize.File) (any, error) { return nil, f.Write(w) })
				}, nil)
				return onlyError(c, cmd, err)
			}},
			{Sig: "close(): error?", Doc: "Lets go of the workbook; may be repeated.", Ask: func(c *lua.Call) (*lua.Command, error) {
				b := self(c)
				if b.closed {
					return nil, c.Return(nil)
				}
				cmd, err := b.run(func(f *excelize.File, _ <-chan struct{}) (any, error) {
					b.file = nil
					return nil, f.Close()
				})
				b.closed = true
				return onlyError(c, cmd, err)
			}},
		},
	}, {
		Name: "Rows", Doc: "Goes through the rows of a sheet.", Of: (*cursor)(nil),
		Methods: []lua.Func{
			{Sig: "read(n?: integer): table, error?", Doc: "The next n rows (one if left out, at most 10000) as get_rows gives them; nil, nil at the end.", Ask: func(c *lua.Call) (*lua.Command, error) {
				r, n := c.Self().(*cursor), max(1, min(c.Int(0), maxBatch))
				if r.closed {
					return nil, errClosed
				}
				cmd, err := r.book.run(func(_ *excelize.File, done <-chan struct{}) (any, error) {
					list, err := readRows(r.rows, n, done)
					if err != nil || len(list) == 0 {
						return nil, err
					}
					return list, nil
				})
				if cmd != nil {
					cmd.Then = func(c *lua.Call, answer any) error { return c.Return(answer, nil) }
				}
				return cmd, err
			}},
			{Sig: "close(): error?", Doc: "Ends the cursor; may be repeated.", Ask: func(c *lua.Call) (*lua.Command, error) {
				r := c.Self().(*cursor)
				if r.closed || r.book.closed {
					return nil, c.Return(nil)
				}
				r.closed = true
				cmd, err := r.book.run(func(*excelize.File, <-chan struct{}) (any, error) { return nil, r.rows.Close() })
				return onlyError(c, cmd, err)
			}},
		},
	}},
}

var errClosed = messages.Errorf(messages.Internal, "the workbook or cursor is closed")

func self(c *lua.Call) *workbook { return c.Self().(*workbook) }

// use runs a call of the library, which may fail in any way on what a program
// gives it.
func (b *workbook) use(work func(f *excelize.File) (any, error)) (v any, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer func() {
		if r := recover(); r != nil {
			v, err = nil, messages.Errorf(messages.Internal, "the workbook could not be used: %v", r)
		}
	}()
	if b.file == nil {
		return nil, errClosed
	}
	return work(b.file)
}

// run is the command of a method.
func (b *workbook) run(work func(f *excelize.File, done <-chan struct{}) (any, error)) (*lua.Command, error) {
	if b.closed {
		return nil, errClosed
	}
	return &lua.Command{Go: func(done <-chan struct{}) (any, error) {
		return b.use(func(f *excelize.File) (any, error) { return work(f, done) })
	}}, nil
}

// onlyError makes a command of a function whose only result is an error.
func onlyError(c *lua.Call, cmd *lua.Command, err error) (*lua.Command, error) {
	if err != nil {
		return nil, c.Return(err)
	}
	given := cmd.Catch
	cmd.Then = func(c *lua.Call, _ any) error { return c.Return(nil) }
	cmd.Catch = func(c *lua.Call, err *messages.Error) error {
		if given != nil {
			return c.Return(given(c, err))
		}
		return c.Return(err)
	}
	return cmd, nil
}

func open(c *lua.Call) (*lua.Command, error) {
	from, ok := c.Object(0).(modules.Stream)
	if !ok {
		return nil, lua.ArgError(1, "file: a File or Stream expected, got "+c.TypeOf(0))
	}
	return from.Use("reading a workbook from", func(source any) (any, error) {
		r, ok := source.(io.Reader)
		if !ok {
			return nil, messages.Errorf(messages.Internal, "reading a workbook: this cannot be read")
		}
		return read(r)
	}, func(c *lua.Call, answer any) error { return c.Return(answer) })
}

// read reads a workbook. Nothing of it goes to temporary files.
func read(r io.Reader) (b *workbook, err error) {
	defer func() {
		if e := recover(); e != nil {
			b, err = nil, messages.Errorf(messages.Invalid, "this is no workbook that can be read: %v", e)
		}
	}()
	f, err := excelize.OpenReader(io.LimitReader(r, maxBytes), excelize.Options{UnzipSizeLimit: maxBytes, UnzipXMLSizeLimit: maxBytes})
	if err != nil {
		if own := messages.AsError(err); own.Kind != messages.Internal {
			return nil, own
		}
		return nil, messages.Errorf(messages.Invalid, "this is no workbook that can be read: %s", err)
	}
	return &workbook{file: f}, nil
}

func texts(list []string) []any {
	out := make([]any, len(list))
	for i, s := range list {
		out[i] = s
	}
	return out
}

func getRows(f *excelize.File, sheet string, done <-chan struct{}) (list []any, err error) {
	rows, err := f.Rows(sheet)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // it only reads memory
	if list, err = readRows(rows, -1, done); err != nil {
		return nil, err
	}
	for len(list) > 0 && len(list[len(list)-1].([]any)) == 0 {
		list = list[:len(list)-1]
	}
	return list, nil
}

// readRows reads up to n rows, all for a negative n.
func readRows(rows *excelize.Rows, n int, done <-chan struct{}) ([]any, error) {
	list, cells := []any{}, 0
	for len(list) != n && rows.Next() {
		select {
		case <-done:
			return nil, messages.Errorf(messages.Canceled, "the process has ended")
		default:
		}
		row, err := rows.Columns()
		if err != nil {
			return nil, err
		}
		if cells += 1 + len(row); cells > maxCells {
			return nil, messages.Errorf(messages.Internal, "more than %d cells at once; read fewer rows, with rows(sheet)", maxCells)
		}
		list = append(list, texts(row))
	}
	return list, rows.Error()
}
