.PHONY: test bench docs

test: ## everything that must pass
	go test ./...

bench: ## Troupe beside Proto.Actor and goroutines, in one run
	go test -run '^$$' -bench . -benchtime 1s -count 5 -timeout 60m ./bench | tee bench.out | go run ./bench/table

docs: ## the reference pages and editor stubs, from the declarations
	go run ./cmd/troupe docs docs
