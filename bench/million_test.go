package bench

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkMillion keeps a million idle processes, or as many as TROUPE_MILLION
// says; it needs some gigabytes and is left out without that variable.
func BenchmarkMillion(b *testing.B) {
	n, err := strconv.Atoi(os.Getenv("TROUPE_MILLION"))
	if err != nil {
		b.Skip("set TROUPE_MILLION to a number of processes")
	}
	rt := start(b)
	debug.FreeOSMemory()
	before := resident(b)
	began := time.Now()
	drive(b, rt, "idle", n)
	b.ReportMetric(float64(n)/time.Since(began).Seconds(), "spawn/s")
	began = time.Now()
	runtime.GC()
	b.ReportMetric(time.Since(began).Seconds(), "s/full-GC")
	debug.FreeOSMemory()
	after := resident(b)
	b.ReportMetric(float64(after-before)/float64(n), "residentB/process")
	b.ReportMetric(float64(after)/(1<<30), "GiB")
	b.ReportMetric(0, "ns/op")
}

// resident is how much memory of the machine this program holds.
func resident(b *testing.B) int64 {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		b.Skip("this machine does not tell")
	}
	pages, err := strconv.ParseInt(strings.Fields(string(text))[1], 10, 64)
	if err != nil {
		b.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}
