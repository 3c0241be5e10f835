# Two commands matter: `make run` starts everything, `make test` proves everything.
.DEFAULT_GOAL := help
.NOTPARALLEL:
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

CARGO := cargo
NPM_CI := npm ci --no-audit --no-fund --loglevel=error
MUSTER := target/release/muster
DATA := .muster
WEB_SOURCES := $(shell find web/src web/public web/index.html web/vite.config.ts web/vite.reporter.config.ts web/tsconfig.json -type f)

BUILD_NEEDS := protoc:protobuf-compiler cc:gcc
# The client of etcd, which only tests compile, imports the well-known types of protobuf.
TEST_NEEDS := /usr/include/google/protobuf/descriptor.proto:libprotobuf-dev chromium:chromium firefox-esr:firefox-esr nft:nftables ip:iproute2 turnserver:coturn openssl:openssl

stage = @printf '\n\033[1m==> %s\033[0m\n' '$(1)'

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: run
run: build ## Build what changed and start Muster at https://localhost:4443
	@exec $(MUSTER) up --data-dir $(DATA)

.PHONY: build
build: deps-build web/dist/.stamp ## Build the program and the call page
	@$(CARGO) build --release --locked --package muster

.PHONY: test
test: deps fmt tidy purity web clippy unit fuzz-sample release e2e ## Prove everything, as CI does

.PHONY: model
model: deps-build ## Walk through every order of events of the cluster, within larger bounds than make test
	@$(CARGO) test --release --locked --package cluster --test exhaustive -- --include-ignored --nocapture

.PHONY: mornings
mornings: deps-build ## Live through N (100000) days drawn from seeds, from FROM (0) on; stops at the first that goes wrong
	@$(CARGO) build --profile long --locked --package simulation
	@target/long/simulation mornings $(or $(N),100000) $(or $(FROM),0)

.PHONY: launches
launches: deps-build ## The same in worlds whose nodes a provider launches, N (10000) of them; names all that go wrong
	@$(CARGO) build --release --locked --package simulation
	@target/release/simulation fleets $(or $(N),10000) $(or $(FROM),0)

.PHONY: nights
nights: deps release e2e/node_modules/.stamp ## Live through N (50) nights with real processes and browsers, SEED=… to repeat one's nights
	$(call stage,Nights)
	@NIGHTS=$(or $(N),50) node e2e/run.mjs e2e/tests/nights.test.mjs e2e/tests/schedule.test.mjs

.PHONY: fleet
fleet: release e2e/node_modules/.stamp ## Launch 20 nodes at once, N (20) times; start master and nodes in every order
	@ROUNDS=$(or $(N),20) ORDERS=24 GAP_MS=10000 node e2e/run.mjs e2e/tests/launches.test.mjs e2e/tests/orders.test.mjs

.PHONY: lab
lab: deps release e2e/node_modules/.stamp ## Call through every network of the laboratory, after every morning and with every cause of a missing picture
	$(call stage,Laboratory of networks)
	@LAB=whole node e2e/run.mjs e2e/net/all.mjs

.PHONY: bench
bench: deps-build web/dist/.stamp ## Measure a node under load, beside the floor of the same minute, and a large cluster's master
	@$(CARGO) build --release --locked --package muster --package bench --package simulation
	@target/release/bench load
	@target/release/bench evidence
	@tools/need.sh turnserver:coturn
	@target/release/bench relay
	@target/release/simulation scale

.PHONY: fuzz
fuzz: deps-build ## Look for inputs that break a parser, FUZZ_SECONDS (600) for each
	@fuzz/run.sh search $(or $(FUZZ_SECONDS),600)

# --- what is missing is installed -------------------------------------------------------------------------------

.PHONY: deps
deps: deps-build ## Install what building and testing need
	$(call stage,What building and testing need)
	@tools/need.sh $(TEST_NEEDS)

.PHONY: deps-build
deps-build:
	@tools/need.sh $(BUILD_NEEDS)

%/node_modules/.stamp: %/package-lock.json %/.npmrc
	@cd $* && $(NPM_CI)
	@touch $@

web/dist/.stamp: web/node_modules/.stamp $(WEB_SOURCES)
	@cd web && npm run --silent build -- --logLevel warn
	@touch $@

# --- stages of the test ----------------------------------------------------------------------------------------

.PHONY: fmt
fmt:
	$(call stage,Format)
	@$(CARGO) fmt --all --check
	@$(CARGO) fmt --manifest-path fuzz/Cargo.toml --check

.PHONY: tidy
tidy:
	$(call stage,Tidiness)
	@node --test --test-reporter=spec tools/tidy.test.mjs
	@node tools/tidy.mjs

.PHONY: purity
purity:
	$(call stage,Purity of the pure crates)
	@node --test --test-reporter=spec tools/purity.test.mjs
	@node tools/purity.mjs

.PHONY: web
web: web/node_modules/.stamp
	$(call stage,Call page)
	@cd web && npm run --silent lint
	@$(MAKE) web/dist/.stamp

.PHONY: clippy
clippy: web/dist/.stamp
	$(call stage,Lints)
	@$(CARGO) clippy --quiet --workspace --all-targets --locked -- -D warnings

.PHONY: unit
unit: web/dist/.stamp
	$(call stage,Unit and integration tests)
	@tools/etcd.sh
	@$(CARGO) test --quiet --workspace --locked

.PHONY: fuzz-sample
fuzz-sample:
	$(call stage,Parsers against the kept corpus and some seconds of fuzzing)
	@fuzz/run.sh sample 5

.PHONY: release
release: web/dist/.stamp
	$(call stage,Release build)
	@$(CARGO) build --quiet --release --locked --package muster

.PHONY: e2e
e2e: e2e/node_modules/.stamp
	$(call stage,Real browsers and real SDKs against the release build)
	@node e2e/run.mjs
