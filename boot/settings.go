package boot

import (
	"maps"
	"slices"
	"time"
)

// Setting is one key of the configuration of a node.
type Setting struct {
	Key     string // dotted: section, then the rest
	Default any    // of the type that values must have; nil for a string without default
	Doc     string
}

// freeSections are sections whose keys are not fixed.
var freeSections = []string{"override", "disable", "workspace", "profiles", "vars"}

// none marks keys whose type counts but that have no default.
type none struct{ like any }

// Settings lists every key that a configuration may have, in order. Keys without
// a description are accepted for applications made for Wippy and have no effect.
func Settings() []Setting {
	sec := func(n int) time.Duration { return time.Duration(n) * time.Second }
	return []Setting{
		{"logger.encoding", "console", "console or json."},
		{"logger.mode", nil, ""},
		{"logger.level", none{any(nil)}, ""},
		{"logmanager.propagate_downstream", true, "Write log lines to the output."},
		{"logmanager.stream_to_events", false, "Publish log lines on the event bus, as system log."},
		{"logmanager.min_level", int64(-1), "-1 debug, 0 info, 1 warn, 2 error."},
		{"profiler.enabled", false, "Serve pprof."},
		{"profiler.address", "localhost:6060", "Where pprof is served."},
		{"profiler.read_timeout", sec(15), "Longest time to read a request."},
		{"profiler.write_timeout", sec(15), "Longest time to write an answer."},
		{"profiler.idle_timeout", sec(60), "Longest time a connection waits for a request."},
		{"security.strict_mode", false, "Deny where actor or scope is missing."},
		{"registry.enable_history", true, "Keep versions."},
		{"registry.history_type", "memory", "memory, badger, sqlite or nil."},
		{"registry.history_path", ".wippy/registry.db", "Folder of a badger history, file of a sqlite one."},
		{"registry.history_keep", int64(0), "How many versions are kept; a tenth more until they are removed together. 0 for all. The one in use always stays."},
		{"registry.history_max_age", time.Duration(0), "How old versions may become; a tenth more until they are removed together. 0 for any age. The one in use, and the newest, always stay."},
		{"registry.history_dsn", nil, ""},
		{"registry.history_schema", nil, ""},
		{"registry.event_wait_timeout", sec(30), "Longest wait for a component to accept an entry."},
		{"registry.dependency_resolve_timeout", none{time.Duration(0)}, ""},
		{"registry.dependency_download_timeout", none{time.Duration(0)}, ""},
		{"control.enabled", false, "Take commands of tools through a Unix socket; 'troupe run' does unless this is false."},
		{"control.socket", ".troupe/control.sock", "Where the socket is, below the folder the node was started in."},
		{"relay.node_name", nil, "Name of this node."},
		{"supervisor.host.buffer_size", int64(1024), ""},
		{"supervisor.host.worker_count", int64(16), ""},
		{"functions.host.buffer_size", int64(1024), ""},
		{"functions.host.worker_count", int64(16), ""},
		{"lua.proto_cache_size", int64(60000), ""},
		{"lua.main_cache_size", int64(10000), ""},
		{"lua.cache.enabled", false, ""},
		{"lua.cache.dir", ".wippy/cache/lua", ""},
		{"lua.cache.mode", "readwrite", ""},
		{"lua.cache.compile.enabled", true, ""},
		{"lua.cache.typecheck.enabled", true, ""},
		{"lua.type_system.enabled", false, ""},
		{"lua.type_system.strict", false, ""},
		{"lua.expr.cache_enabled", none{false}, ""},
		{"lua.expr.capacity", int64(5000), ""},
		{"lua.json.cache_enabled", none{false}, ""},
		{"lua.json.capacity", int64(1000), ""},
		{"lua.eval.cache_size", int64(256), ""},
		{"lua.eval.cache_ttl", time.Duration(0), ""},
		{"finder.query_cache_size", int64(1000), ""},
		{"finder.regex_cache_size", int64(100), ""},
		{"otel.enabled", false, ""},
		{"otel.endpoint", "localhost:4318", ""},
		{"otel.protocol", "http/protobuf", ""},
		{"otel.insecure", true, ""},
		{"otel.service_name", "wippy-runtime", ""},
		{"otel.service_version", nil, ""},
		{"otel.sample_rate", 1.0, ""},
		{"otel.propagators", []any{"tracecontext", "baggage"}, ""},
		{"otel.traces_enabled", true, ""},
		{"otel.metrics_enabled", false, ""},
		{"otel.http.enabled", true, ""},
		{"otel.http.extract_headers", true, ""},
		{"otel.http.inject_headers", true, ""},
		{"otel.process.enabled", true, ""},
		{"otel.process.trace_lifecycle", true, ""},
		{"otel.interceptor.enabled", true, ""},
		{"otel.interceptor.order", int64(100), ""},
		{"otel.queue.enabled", true, ""},
		{"otel.temporal.enabled", false, "Let workflows of Temporal, and the activities they call, belong to the trace of whoever started them."},
		{"shutdown.timeout", sec(30), "Longest time for stopping everything."},
		{"metrics.buffer.size", int64(10000), ""},
		{"metrics.interceptor.enabled", false, "Count and time the calls of functions."},
		{"metrics.prefix", "troupe_", "Begin of the names of the runtime's own metrics."},
		{"prometheus.enabled", false, "Serve /metrics to Prometheus."},
		{"prometheus.address", nil, "Where /metrics is served, as in :9090; without it, it is not."},
		{"cluster.enabled", false, ""},
		{"cluster.name", nil, ""},
		{"cluster.failure_domain", nil, ""},
		{"cluster.membership.bind_addr", "0.0.0.0", ""},
		{"cluster.membership.bind_port", int64(7946), ""},
		{"cluster.membership.advertise_addr", nil, ""},
		{"cluster.membership.join_addrs", nil, ""},
		{"cluster.membership.secret_key", nil, ""},
		{"cluster.membership.secret_file", nil, ""},
		{"cluster.membership.gossip_interval", 500 * time.Millisecond, ""},
		{"cluster.membership.push_pull_interval", sec(5), ""},
		{"cluster.membership.dead_node_reclaim_time", sec(30), ""},
		{"cluster.membership.probe_interval", sec(1), ""},
		{"cluster.membership.probe_timeout", 200 * time.Millisecond, ""},
		{"cluster.membership.tcp_timeout", sec(1), ""},
		{"cluster.membership.suspicion_mult", int64(3), ""},
		{"cluster.internode.bind_addr", "0.0.0.0", ""},
		{"cluster.internode.bind_port", int64(0), ""},
		{"cluster.internode.auto_port", true, ""},
		{"cluster.internode.advertise_addr", nil, ""},
		{"cluster.internode.advertise_port", int64(0), ""},
		{"cluster.raft.data_dir", "~/.wippy/store", ""},
		{"cluster.raft.enabled", true, ""},
		{"cluster.raft.role", "server", ""},
		{"cluster.raft.eligible", true, ""},
		{"cluster.raft.priority", int64(100), ""},
		{"cluster.raft.bootstrap_expect", int64(1), ""},
		{"cluster.raft.max_voters", int64(5), ""},
		{"cluster.raft.max_standbys", int64(4), ""},
		{"cluster.raft.heartbeat_timeout", sec(3), ""},
		{"cluster.raft.election_timeout", sec(3), ""},
		{"cluster.raft.commit_timeout", 500 * time.Millisecond, ""},
		{"cluster.raft.snapshot_threshold", int64(8192), ""},
		{"cluster.raft.snapshot_interval", 2 * time.Minute, ""},
		{"cluster.raft.snapshot_retain", int64(3), ""},
		{"cluster.raft.trailing_logs", int64(10240), ""},
		{"cluster.raft.max_append_entries", int64(16), ""},
		{"cluster.raft.reconcile_debounce", sec(2), ""},
		{"cluster.raft.reconcile_timeout", sec(2), ""},
		{"cluster.raft.leader_probe_interval", sec(3), ""},
		{"cluster.raft.leader_probe_grace", int64(3), ""},
		{"lsp.enabled", false, ""},
		{"lsp.address", ":7777", ""},
		{"lsp.http_enabled", false, ""},
		{"lsp.http_address", ":7778", ""},
		{"lsp.http_path", "/lsp", ""},
		{"lsp.http_allow_origin", "*", ""},
		{"lsp.max_message_bytes", int64(8388608), ""},
		{"network_service.state_dir", ".wippy/net", ""},
		{"network_service.default_network", nil, ""},
		{"dispatcher.http.timeout", time.Duration(0), "Longest time of an outgoing request, 0 for no limit besides that of the request."},
		{"dispatcher.http.idle_conn_timeout", time.Duration(0), "How long an outgoing connection waits for its next request, 0 for 90s."},
		{"dispatcher.http.max_idle_conns", int64(0), "How many outgoing connections wait at most, 0 for 100."},
		{"dispatcher.http.max_idle_per_host", int64(0), "How many of them to one host, 0 for 8."},
		{"dispatcher.http.max_clients", int64(0), "How many sets of connections are kept apart, one for each set of TLS options and each socket, 0 for 64."},
		{"modules.registry_url", nil, ""},
		{"extensions.enabled", none{false}, ""},
		{"extensions.paths", none{[]any(nil)}, ""},
	}
}

// Sections lists the names of all sections in order.
func Sections() []string {
	names := map[string]bool{}
	for _, s := range Settings() {
		names[section(s.Key)] = true
	}
	for _, s := range freeSections {
		names[s] = true
	}
	return slices.Sorted(maps.Keys(names))
}
