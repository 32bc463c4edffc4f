package actorstest

import (
	"os"
	"testing"
)

// Server is the value of the environment variable that says where .ci/servers has
// started a server. Without it the test is skipped, or fails where TROUPE_SERVERS is
// required.
func Server(t *testing.T, variable string) string {
	t.Helper()
	value := os.Getenv(variable)
	switch {
	case value != "":
	case os.Getenv("TROUPE_SERVERS") == "required":
		t.Fatalf("%s is not set, although TROUPE_SERVERS is required", variable)
	default:
		t.Skip(variable + ` is not set; start the servers of the tests with eval "$(.ci/servers up)"`)
	}
	return value
}
