# Everything a developer types. `make help` lists it; CONTRIBUTING.md says when to use what.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
.DELETE_ON_ERROR:

# Without cgo the host is one static file, and building it needs no C compiler. Only the race detector wants cgo.
export CGO_ENABLED := 0

wasip1 := GOOS=wasip1 GOARCH=wasm
guest_packages := ./sdk/... ./plugins/... ./examples/...

# Linker flags leave package builds alone, so `make build` and `make test` share the build cache.
# VERSION names a release; without it the program says 0.1.0-dev and its commit.
host_flags  := -ldflags '-s -w $(if $(VERSION),-X github.com/pergola-platform/pergola/host/app.version=$(VERSION))'

# core/bench measures the engine against its peers, which nothing else depends on, so it is a module of its own.
bench_guests := xor page extism knqyf263
bench_build  := $(wasip1) go -C core/bench build -buildmode=c-shared -trimpath -ldflags '-s -w'

plugins := $(patsubst plugins/%/plugin.json,%,$(wildcard plugins/*/plugin.json))
examples := $(patsubst examples/%/plugin.json,%,$(wildcard examples/*/plugin.json))

# A tool's version is part of its path, so a new version is a new target. msgp follows the runtime in go.mod.
lint_version := v2.15.0
msgp_version := $(shell awk '$$1 == "github.com/tinylib/msgp" { print $$2 }' go.mod)
lint_bin := bin/tools/golangci-lint-$(lint_version)/golangci-lint
msgp_bin := bin/tools/msgp-$(msgp_version)/msgp

say = @printf '  %-9s %s\n'

.PHONY: help
help: ## List the targets
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Building and running

.PHONY: build
build: host $(plugins:%=guest-%) ## Build the host and every plugin into bin/

# Go's own cache knows what is up to date, so these targets always run and mostly do nothing.
.PHONY: host
host:
	$(say) build bin/pergola
	@go build $(host_flags) -o bin/pergola ./host/cmd/pergola

# bundle builds the guest in folder $(1) into the plugin directory $(2). A guest whose compiler is missing is left out, unless CI=true.
define bundle
id=$$(.ci/manifest.sh id $(1)/plugin.json); entry=$$(.ci/manifest.sh entry $(1)/plugin.json); \
printf '  %-9s %s\n' build "$(2)/$$id/$$entry"; \
mkdir -p "$(2)/$$id"; status=0; \
.ci/guest.sh $(1) "$(2)/$$id/$$entry" || status=$$?; \
if [ $$status = 3 ] && [ "$${CI:-}" != true ]; then rm -rf "$(2)/$$id"; exit 0; fi; \
if [ $$status != 0 ]; then exit $$status; fi; \
cp $(1)/plugin.json "$(2)/$$id/plugin.json"
endef

.PHONY: guests $(plugins:%=guest-%) $(examples:%=example-%)
guests: $(plugins:%=guest-%) $(examples:%=example-%) ## Build every plugin into bin/plugins, and every example into bin/guests

$(plugins:%=guest-%): guest-%:
	@$(call bundle,plugins/$*,bin/plugins)

$(examples:%=example-%): example-%:
	@$(call bundle,examples/$*,bin/guests)

.PHONY: dev
dev: build ## Run host and sandbox Jira site together; ARGS='--listen 127.0.0.1:0' passes flags on
	@exec bin/pergola dev --set plugins.process.allow=$$(.ci/digest.sh bin/plugins/pergola.database/plugin) $(ARGS)

## Testing

.PHONY: test
test: needs build ## Run all tests
	$(say) test ./...
	@go test -timeout 20m ./...
	@go -C core/bench test ./...

.PHONY: needs
needs:
	@.ci/needs.sh

# Two tests of a package at a time: what otherwise waits computes here, and calls of plugins would meet their limits of time.
.PHONY: race
race: needs build ## Run all tests under the race detector
	$(say) race ./...
	@CGO_ENABLED=1 go test -race -parallel 2 -timeout 40m ./...

.PHONY: machine
machine: ## Run the tests that need a kernel, a disk and a clock of their own, in a virtual machine; ARGS=PATTERN names some
	@.ci/machine.sh $(ARGS)

.PHONY: bench
bench: build ## Measure what the project promises; prints lines `figure NAME VALUE`
	@.ci/bench.sh

.PHONY: bench-engine
bench-engine: ## Measure the engine against its limits and its peers; ARGS='-only spin' passes flags on
	$(say) build bin/bench
	@mkdir -p bin/bench
	@for guest in $(bench_guests); do $(bench_build) -o $(abspath bin/bench)/$$guest.wasm ./guest/$$guest; done
	@.ci/guest.sh examples/hello bin/bench/hello.wasm
	@go -C core/bench build -o $(abspath bin/bench)/ . ./guest/goplugin
	@exec bin/bench/bench -guests bin/bench $(ARGS)

.PHONY: bench-store
bench-store: ## Measure the embedded store against SQLite itself, kill it 50 times, and search for planted content
	@.ci/bench-store.sh
	@$(MAKE) canary | grep '^figure '

.PHONY: bench-identity
bench-identity: ## Measure what it costs to know who asks, and try the parsers of foreign bytes; FUZZTIME=1m takes longer
	@.ci/bench-identity.sh

.PHONY: bench-sandbox
bench-sandbox: build ## Measure the sandbox and what its judges say
	@.ci/bench-sandbox.sh

.PHONY: bench-sync
bench-sync: ## Measure the synchronization engine, and kill it 20 times while it writes; ARGS='-rows 2000' passes flags on
	@.ci/bench-sync.sh $(ARGS)

.PHONY: bench-relations
bench-relations: ## Measure links between issues, and the panel that shows them; ARGS='-links 100000' passes flags on
	@.ci/bench-relations.sh $(ARGS)

.PHONY: canary
canary: build ## Plant content in a Jira site, use every feature, and search everything that was written for it
	$(say) search "what hosts wrote"
	@go test ./host/app -run Canary -count=1 -v $(ARGS)

## Keeping the tree in shape

# One after the other, even with -j: generate writes, the others read, and the last step judges what they left.
.PHONY: check
check: ## Everything a change must pass: format, generated code, lint, arrows, race, sizes, dependencies, clean tree
	@$(MAKE) fmt
	@$(MAKE) generate
	@$(MAKE) tidy
	@$(MAKE) lint
	@$(MAKE) arch
	@$(MAKE) race
	@$(MAKE) size
	@$(MAKE) deps
	@.ci/clean-tree.sh

.PHONY: fmt
fmt: ## Format the Go code
	$(say) format "Go code"
	@gofmt -l -w core examples host plugins sdk

.PHONY: generate
generate: $(msgp_bin) ## Write generated code anew
	$(say) generate "zz_*.go"
	@PATH="$(abspath $(dir $(msgp_bin))):$$PATH" go generate ./... >/dev/null

.PHONY: tidy
tidy:
	$(say) tidy go.mod
	@go mod tidy -diff
	@go -C core/bench mod tidy -diff

.PHONY: lint
lint: $(lint_bin) ## Vet and lint, once for the host's system and once as Wasm guest
	$(say) vet ./...
	@go vet ./...
	@go -C core/bench vet ./...
	@$(wasip1) go vet $(guest_packages)
	@$(wasip1) go -C core/bench vet $(bench_guests:%=./guest/%)
	$(say) lint ./...
	@$(lint_bin) run ./...
	@cd core/bench && $(abspath $(lint_bin)) run ./...
	@$(wasip1) $(lint_bin) run --tests=false $(guest_packages)

.PHONY: arch
arch: ## Check the import arrows and the shape of the tree
	$(say) arch "imports and tree"
	@go test ./host/app/arch_test.go ./host/app/tree_test.go

.PHONY: size
size: ## Check the sizes of the Wasm guests
	$(say) size guests
	@.ci/size.sh

.PHONY: deps
deps: ## Check which modules the binary, the plugins and a partner's plugin link
	$(say) deps .ci/deps.txt
	@.ci/deps.sh

.PHONY: tools
tools: $(lint_bin) $(msgp_bin) ## Install the pinned developer tools into bin/tools (the linter takes minutes, once)

$(lint_bin):
	$(say) install "golangci-lint $(lint_version)"
	@GOBIN=$(abspath $(@D)) go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(lint_version)

$(msgp_bin):
	$(say) install "msgp $(msgp_version)"
	@GOBIN=$(abspath $(@D)) go install github.com/tinylib/msgp@$(msgp_version)

.PHONY: clean
clean: ## Remove bin/
	@rm -rf bin
