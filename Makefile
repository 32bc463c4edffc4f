.PHONY: test bench soak docs

test: ## everything that must pass
	go test ./...

bench: ## Troupe beside Proto.Actor and goroutines, in one run
	go test -run '^$$' -bench . -benchtime 1s -count 5 -timeout 60m ./bench | tee bench.out | go run ./bench/table

docs: ## the reference pages and editor stubs, from the declarations
	go run ./cmd/troupe docs docs

soak: ## half an hour of everything at once; nothing may grow
	TROUPE_SOAK=$${TROUPE_SOAK:-30m} go test -run TestSoak -v -count 1 -timeout 0 ./bench
