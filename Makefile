# Every verb works without arguments; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.NOTPARALLEL:

# `make CONFIGURATION=release demo` runs the same with an optimised build.
CONFIGURATION ?= debug
SWIFT_BUILD := swift build --configuration $(CONFIGURATION)
VENV := .build/venv
EMULATORS := .build/emulators-venv
PYTHON := $(VENV)/bin/python
# All at once, a thousand tests with stores and sockets run out of descriptors, and of patience.
export SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH ?= 8
SWIFT_SOURCES := Package.swift Sources Tests Benchmarks/Package.swift Benchmarks/Sources \
  Benchmarks/rpc/grpc-swift/Package.swift Benchmarks/rpc/grpc-swift/Sources Fuzz

# Tests of the vault that look into SQLite's files or use its triggers; the others run on PostgreSQL too.
SQLITE_ONLY := DisclosureTests/(atRest|failsClosed)|UpgradeTests

# Tests of drivers that start emulators; `make test-warehouses` runs them: CI has 25 minutes.
EMULATED := WarehousesTests\.(Snowflake|BigQuery|Databricks|Redshift)
# Files of tests of the running services that go on side by side: most of them wait.
PYTEST_WORKERS ?= 3
EMULATED_WALKS := $(foreach name,snowflake bigquery databricks redshift four_warehouses,Tests/Integration/test_$(name).py)

.PHONY: help
help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: deps
deps: ## Install what the build and the tests need, or say what to install
	@scripts/deps all

.PHONY: deps-build
deps-build:
	@scripts/deps build

.PHONY: build
build: deps-build ## Build the services and the CLI
	$(SWIFT_BUILD)

.PHONY: demo
demo: build ## A first sync from nothing: three services, a sample table, two runs
	@scripts/demo --binaries "$$($(SWIFT_BUILD) --show-bin-path)"

.PHONY: test
test: deps venv ## Build, then the unit tests, then the tests of the running services
	$(SWIFT_BUILD) --build-tests
	ulimit -S -n "$$(ulimit -H -n)"; \
	  export SLUICE_CRYPTOGRAPHY_VECTORS="$$($(PYTHON) -c 'import cryptography_vectors as v; print(*v.__path__)')"; \
	  swift test --configuration $(CONFIGURATION) --skip-build --disable-xctest --skip '$(EMULATED)'
	ulimit -S -n "$$(ulimit -H -n)"; SLUICE_TEST_STORE=postgresql swift test --configuration $(CONFIGURATION) \
	  --skip-build --disable-xctest --filter VaultTests --skip '$(SQLITE_ONLY)'
	SLUICE_BINARIES="$$($(SWIFT_BUILD) --show-bin-path)" $(PYTHON) -m pytest Tests/Integration \
	  -n $(PYTEST_WORKERS) --dist loadfile $(addprefix --ignore=,$(EMULATED_WALKS))

.PHONY: test-warehouses
test-warehouses: deps venv test-emulators ## Emulators of warehouses, then the drivers against them
	$(SWIFT_BUILD) --build-tests
	ulimit -S -n "$$(ulimit -H -n)"; SLUICE_EMULATORS=1 swift test --configuration $(CONFIGURATION) \
	  --skip-build --disable-xctest --filter WarehousesTests
	SLUICE_BINARIES="$$($(SWIFT_BUILD) --show-bin-path)" $(PYTHON) -m pytest $(EMULATED_WALKS) \
	  -n $(PYTEST_WORKERS) --dist loadfile

.PHONY: emulators
emulators: $(EMULATORS)/.installed ## Install what the emulators of warehouses need

.PHONY: test-emulators
test-emulators: emulators ## The emulators' own suite: clients and shapes that others publish
	cd Tests/Emulators && ../../$(EMULATORS)/bin/python -m pytest -q

.PHONY: check
check: venv ## Formatting, layers, style and protocol files
	swift format lint --strict --parallel --recursive $(wildcard $(SWIFT_SOURCES))
	scripts/check-layers --self-test
	scripts/check-layers
	scripts/check-style --self-test
	scripts/check-style
	scripts/check-protos $(PYTHON)
	$(PYTHON) scripts/describe-protos --check

.PHONY: fuzz
fuzz: deps-build ## Feed what parses foreign bytes with random ones (FUZZ_SECONDS=60 a target)
	scripts/fuzz

.PHONY: rules
rules: deps-build emulators ## Which tests each rule of payloads has, and how they ended (RULES=--table: every rule)
	$(SWIFT_BUILD) --build-tests
	ulimit -S -n "$$(ulimit -H -n)"; scripts/rule-coverage $(RULES)

.PHONY: storm
storm: build venv ## 200 MB of random and mutated payloads through a writer (STORM=options of scripts/payload-storm)
	$(PYTHON) scripts/payload-storm --binaries "$$($(SWIFT_BUILD) --show-bin-path)" $(STORM)

.PHONY: sanitize
sanitize: deps ## The unit tests under the address and the thread sanitizer
	scripts/sanitize address
	scripts/sanitize thread

.PHONY: format
format: ## Format every Swift file in place
	swift format --in-place --parallel --recursive $(wildcard $(SWIFT_SOURCES))

.PHONY: cdnow
cdnow: build ## Sync real purchases from PostgreSQL (CDNOW_CSV=path of the CSV)
	@scripts/deps all
	@scripts/cdnow --binaries "$$($(SWIFT_BUILD) --show-bin-path)"

.PHONY: bench
bench: ## Rows per second into the profile store, and of coding a batch, beside swift-protobuf
	@scripts/deps all
	swift run --package-path Benchmarks --configuration release batch-coding
	swift build --configuration release
	Benchmarks/table-to-store --binaries "$$(swift build --configuration release --show-bin-path)"

.PHONY: bench-writer
bench-writer: deps-build ## Rows per second of the profile store alone (BENCH_WRITER="ROWS BATCH FOLDER")
	swift run --package-path Benchmarks --configuration release writer-alone $(BENCH_WRITER)

.PHONY: bench-read
bench-read: emulators ## Rows per second out of each warehouse, beside its own clients (BENCH_READ=options of Benchmarks/read-table)
	swift build --package-path Benchmarks --configuration release --product warehouse-reading
	Benchmarks/read-table --binary "$$(swift build --package-path Benchmarks --configuration release \
	  --show-bin-path)/warehouse-reading" $(BENCH_READ)

.PHONY: bench-rpc
bench-rpc: deps-build ## Our gRPC server and client beside their peers (BENCH_RPC=options of Benchmarks/rpc-table)
	Benchmarks/rpc-table $(BENCH_RPC)

.PHONY: image
image: ## Container images of the three services from binaries built here
	compose/build-images

.PHONY: compose-demo
compose-demo: image ## The demo's sync through the containers: up, run, down
	scripts/compose-demo

.PHONY: clean
clean: ## Remove everything that was built
	rm -rf .build .build-address .build-thread Benchmarks/.build

# The Python packages of the tests, in a place of their own; made again when their list changes.
.PHONY: venv
venv: $(VENV)/.installed

$(VENV)/.installed: Tests/Integration/requirements.txt
	@scripts/deps all
	python3 -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

$(EMULATORS)/.installed: Tests/Emulators/requirements.txt
	@scripts/deps all
	python3 -m venv $(EMULATORS)
	$(EMULATORS)/bin/python -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@
