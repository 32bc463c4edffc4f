.PHONY: test bench profile soak docs

test: ## everything that must pass
	go test ./...

# The compiler builds ./cmd/troupe with this profile by itself; the benchmarks are built as the program is.
PROFILE = $(CURDIR)/cmd/troupe/default.pgo

bench: ## Troupe beside its peers, in one run and one table
	(go test -pgo=$(PROFILE) -run '^$$' -bench . -benchtime 1s -count 5 -timeout 120m ./bench; bench/peers/run 5) | tee bench.out | go run ./bench/table

profile: ## take the profile that the compiler optimises for anew
	go test -trimpath -run '^$$' -bench '(PingPong1|PingPong1000|Ring1000|FanIn1000|SpawnReplyStop|Call|HTTPHello|HTTPJSON|EventBus)$$/troupe' \
		-benchtime 2s -o bench.test -cpuprofile cpu.out ./bench && go tool pprof -proto cpu.out >$(PROFILE); rm -f bench.test cpu.out

docs: ## the reference pages and editor stubs, from the declarations
	go run ./cmd/troupe docs docs

soak: ## half an hour of everything at once; nothing may grow
	TROUPE_SOAK=$${TROUPE_SOAK:-30m} go test -run TestSoak -v -count 1 -timeout 0 ./bench
