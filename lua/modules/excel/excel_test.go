package excel

import (
	"archive/zip"
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/xuri/excelize/v2"

	"github.com/troupe-go/troupe/messages"
)

func written(t testing.TB, f *excelize.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// with replaces a part of a workbook.
func with(t testing.TB, book []byte, part, content string) []byte {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(book), int64(len(book)))
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	for _, f := range r.File {
		out, err := w.Create(f.Name)
		if err != nil {
			t.Fatal(err)
		}
		if f.Name == part {
			_, _ = io.WriteString(out, content)
			continue
		}
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(out, in)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

const sheetStart = `<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>`

// Sheets that are larger than they look.
func TestHugeSheets(t *testing.T) {
	book := written(t, excelize.NewFile())
	var wide strings.Builder
	wide.WriteString(sheetStart)
	for range 2000 {
		wide.WriteString(`<row><c r="XFD1"><v>1</v></c></row>`)
	}
	wide.WriteString(`</sheetData></worksheet>`)
	for want, sheet := range map[string]string{
		"cells at once": wide.String(),
		"exceeds":       sheetStart + `<row r="2000000000"><c r="A2000000000"><v>1</v></c></row></sheetData></worksheet>`,
	} {
		b, err := read(bytes.NewReader(with(t, book, "xl/worksheets/sheet1.xml", sheet)))
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.use(func(f *excelize.File) (any, error) { return getRows(f, "Sheet1", nil) })
		if err == nil || messages.AsError(err).Kind != messages.Internal || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// A process that ends is not worked for any longer.
func TestEndedProcess(t *testing.T) {
	f := excelize.NewFile()
	if err := f.SetCellValue("Sheet1", "A1", 1); err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	close(done)
	if _, err := getRows(f, "Sheet1", done); !messages.IsKind(err, messages.Canceled) {
		t.Error(err)
	}
}

func FuzzRead(f *testing.F) {
	book := excelize.NewFile()
	for cell, v := range map[string]any{"A1": "text", "B2": 1.5, "C3": true} {
		if err := book.SetCellValue("Sheet1", cell, v); err != nil {
			f.Fatal(err)
		}
	}
	data := written(f, book)
	f.Add(data)
	f.Add([]byte("no workbook"))
	f.Add(data[:len(data)/2])
	f.Add(with(f, data, "xl/workbook.xml", "<workbook/>"))
	f.Add(with(f, data, "xl/worksheets/sheet1.xml", sheetStart+`<row r="0"><c r=""/></row></sheetData></worksheet>`))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := read(bytes.NewReader(data))
		if err != nil {
			if !messages.IsKind(err, messages.Invalid) {
				t.Errorf("%v", err)
			}
			return
		}
		_, _ = b.use(func(f *excelize.File) (any, error) {
			for _, sheet := range f.GetSheetList() {
				_, _ = getRows(f, sheet, nil)
			}
			return nil, nil
		})
	})
}
