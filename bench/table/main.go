// Table reads the output of the benchmarks and prints one line for each workload,
// peer and unit: the median of all runs.
package main

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

func main() {
	type key struct{ work, peer, unit string }
	figures := map[key][]float64{}
	var works []string
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		f := strings.Fields(in.Text())
		if len(f) < 4 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		name := strings.TrimPrefix(f[0], "Benchmark")
		if i := strings.LastIndexByte(name, '-'); i > 0 {
			name = name[:i]
		}
		parts := strings.SplitN(name, "/", 2)
		peer := "troupe"
		if len(parts) == 2 {
			peer = parts[1]
		}
		if !slices.Contains(works, parts[0]) {
			works = append(works, parts[0])
		}
		for i := 2; i+1 < len(f); i += 2 {
			v, err := strconv.ParseFloat(f[i], 64)
			if err == nil && f[i+1] != "B/op" && !(f[i+1] == "ns/op" && v == 0) {
				k := key{parts[0], peer, f[i+1]}
				figures[k] = append(figures[k], v)
			}
		}
	}
	out := tabwriter.NewWriter(os.Stdout, 2, 8, 2, ' ', 0)
	fmt.Fprintln(out, "workload\twho\tmedian\tunit\truns")
	for _, w := range works {
		var ks []key
		for k := range figures {
			if k.work == w {
				ks = append(ks, k)
			}
		}
		slices.SortFunc(ks, func(a, b key) int {
			if c := strings.Compare(a.unit, b.unit); c != 0 {
				return c
			}
			return -strings.Compare(a.peer, b.peer)
		})
		for _, k := range ks {
			vs := figures[k]
			slices.Sort(vs)
			fmt.Fprintf(out, "%s\t%s\t%.4g\t%s\t%d\n", w, k.peer, vs[len(vs)/2], k.unit, len(vs))
		}
	}
	_ = out.Flush()
}
