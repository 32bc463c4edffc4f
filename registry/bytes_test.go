package registry

import "testing"

func TestParseBytes(t *testing.T) {
	for in, want := range map[string]int64{"512M": 512 << 20, "2G": 2 << 30, "1gb": 1 << 30, "3GiB": 3 << 30, "17": 17, "1K": 1024} {
		if got, err := ParseBytes(in); err != nil || got != want {
			t.Errorf("%s: got %d, %v", in, got, err)
		}
	}
	for _, in := range []string{"", "M", "-1G", "0", "1.5G", "9999999999G", "ten"} {
		if got, err := ParseBytes(in); err == nil {
			t.Errorf("%q gave %d", in, got)
		}
	}
}

func TestBytesField(t *testing.T) {
	type config struct {
		Memory Bytes `yaml:"memory"`
	}
	schema := SchemaOf[config]()
	for value, want := range map[any]Bytes{"64MB": 64 << 20, int64(4096): 4096} {
		c, _, problems := schema.Decode(Entry{Data: map[string]any{"memory": value}})
		if problems.Err() != nil || c.(config).Memory != want {
			t.Errorf("%v: got %v, %v", value, c, problems.Err())
		}
	}
	if _, _, problems := schema.Decode(Entry{Data: map[string]any{"memory": "much"}}); problems.Err() == nil {
		t.Error("\"much\" is taken for a size")
	}
}
