.PHONY: test bench soak docs

test: ## everything that must pass
	go test ./...

bench: ## Troupe beside its peers, in one run and one table
	(go test -run '^$$' -bench . -benchtime 1s -count 5 -timeout 120m ./bench; bench/peers/run 5) | tee bench.out | go run ./bench/table

docs: ## the reference pages and editor stubs, from the declarations
	go run ./cmd/troupe docs docs

soak: ## half an hour of everything at once; nothing may grow
	TROUPE_SOAK=$${TROUPE_SOAK:-30m} go test -run TestSoak -v -count 1 -timeout 0 ./bench
