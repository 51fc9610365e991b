GOLANGCI_LINT := bin/golangci-lint-v2.15.0

# Stamping asks git, which refuses in a checkout that belongs to another user.
export GOFLAGS += -buildvcs=false

.PHONY: help run test lint generate bench acceptance examples compatible released

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

run: ## start the server with its own PostgreSQL and Redis, or those of DATABASE_URL and REDIS_URL
	@[ -n "$$DATABASE_URL" ] || sh .ci/need postgres
	@go build -o bin/parley .
	@exec bin/parley

test: ## vet and test everything on real PostgreSQL and Redis
	@sh .ci/need postgres redis gcc
	go vet ./...
	go test -race -p 2 -timeout 5m ./...

lint: $(GOLANGCI_LINT) ## check format and common mistakes
	$(GOLANGCI_LINT) run

generate: ## write the generated code anew
	go generate ./...

# EXAMPLES are their names, all if empty.
examples: examples/node_modules ## run the clients in examples against a server of their own
	@sh .ci/need postgres jq
	go build -o bin/parley .
	cd examples && npm run --silent build --workspaces
	cd examples/go && go generate ./... && go vet ./...
	examples/run $(EXAMPLES)

compatible: examples/node_modules ## check that clients of the released schema still work
	node examples/compatible.js graph/testdata/released.graphql graph/testdata/schema.golden.graphql

released: ## take the schema for released: say in docs/changes.md what that asks of clients
	cp graph/testdata/schema.golden.graphql graph/testdata/released.graphql

examples/node_modules: examples/package-lock.json
	@sh .ci/need node
	cd examples && npm ci --no-audit --no-fund
	touch $@

# BENCH are further words for the command: BENCH='-scenario fanout -reps 1'.
bench: ## measure the inner loops, then the product beside its peers
	@sh .ci/need postgres redis
	go test -run '^$$' -bench . -benchmem ./graph/... ./inbox ./bench/load
	go run ./bench $(BENCH)

# ACCEPTANCE are words for the harness: ACCEPTANCE='--suite ws'.
ACCEPTANCE ?= --strict

acceptance: ## run the black-box harness beside this checkout against a server of our own
	@sh .ci/need postgres node
	go build -tags faults -o bin/parley-acceptance .
	node acceptance/main.mjs $(ACCEPTANCE)

# The version is in the name, so that a new one here is installed everywhere.
$(GOLANGCI_LINT):
	GOBIN=$(CURDIR)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(@:bin/golangci-lint-%=%)
	mv bin/golangci-lint $@
