# The few targets that people and CI share. `make demo` and `make test` create what they need on a fresh machine
# that has only Python 3.11+ and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
PEERS  := .venv-bench
ARGS   ?=

# what the roles in the image need: neither the embedded engine nor a runtime
IMAGE_EXTRAS := processors projections server registry s3
HELM_VERSION := v3.22.0
COMPOSE_VERSION := v2.16.2
# helm takes two minutes to build on two cores
BOUNDED := timeout 900

.DEFAULT_GOAL := help
.PHONY: help setup check test faults demo bench docs format lock tools clean

help:            ## Print the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

setup: $(STAMP)  ## Create the virtual environment, install hashed packages, fetch Kafka's jars
$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "error: Python 3.11 or newer is needed, $(PYTHON) is $$($(PYTHON) -V 2>&1); try: make setup PYTHON=python3.12"; exit 1; }
	@echo "==> [1/4] virtual environment in $(VENV)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "==> [2/4] packages from requirements.lock: about 360 MB to download, 1.2 GB on disk (ClickHouse engine 180 MB, Arrow 55 MB, Java 35 MB)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar on --require-hashes -r requirements.lock
	@echo "==> [3/4] chatsnapshot itself, editable"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@echo "==> [4/4] Apache Kafka's jars: 45 MB, once per user (they are kept in the cache folder)"
	@$(BIN)/python -m chatsnapshot.embedded.kafka_jars
	@touch $(STAMP)
	@echo "==> ready: make demo, make test, or $(BIN)/chatsnapshot --help"

demo: setup      ## Record a live multi-agent run, read it, prove it (ARGS=--once: end by itself)
	@$(BIN)/chatsnapshot demo $(ARGS)

# three workers: most tests wait for a broker or a process, so two cores serve them; a file stays with one worker
test: setup      ## Every test, on the real broker and the real engine (ARGS: for pytest)
	@$(BIN)/python -m pytest -n 3 --dist loadfile -m "not slow_fault" $(ARGS)

# SEED=n: the same random choices again; it is printed at the start
faults: setup    ## Every fault of the laboratory, each ending with the oracle, about 20 minutes (SEED=n, ARGS: for pytest)
	@$(if $(SEED),CHATSNAPSHOT_FAULT_SEED=$(SEED)) $(BIN)/python -m pytest tests/faults -n 3 --dist loadfile $(ARGS)

# the peers pin other versions of our libraries: an environment of their own
bench: setup $(PEERS)/.installed  ## Measure everything beside its peers, about 25 minutes (ARGS: --only sink --scale 0.1)
	@$(BIN)/python -m benchmarks --json benchmarks/results/latest.json --out docs/benchmarks.md $(ARGS)

$(PEERS)/.installed: benchmarks/requirements-peers.lock
	@echo "==> the peers' environment in $(PEERS): Quix Streams and matplotlib, about 80 MB to download, 300 MB on disk"
	@test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	@$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r benchmarks/requirements-peers.lock
	@touch $@

check: setup     ## Format, lint, types, layers
	@$(BIN)/ruff format --no-cache --check .
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/mypy
	@$(BIN)/mypy --config-file tests/mypy.ini -p tests
	@$(BIN)/lint-imports

docs: setup      ## Renew the generated documents: data model, reference, commands, AsyncAPI, architecture (ARGS=--check: only look)
	@$(BIN)/python -m docs.tools.generate $(ARGS)

format: setup    ## Put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup      ## Renew requirements.lock, and the image's two that follow from it (needs uv)
	@uv export --quiet --all-extras --no-extra s3 --all-groups --no-emit-project --no-annotate --no-header --format requirements-txt -o requirements.lock
	@uv export --quiet --frozen --no-dev $(IMAGE_EXTRAS:%=--extra %) --no-emit-project --no-annotate --no-header --format requirements-txt -o requirements-image.lock
	@echo hatchling | uv pip compile --quiet --generate-hashes --universal --no-annotate --no-header -c requirements.lock - -o requirements-build.lock

tools:           ## Fetch helm and the compose checker into .tools (needs go; without it their tests are skipped)
	@command -v go >/dev/null || { echo "no go on this machine: the chart's and compose file's tests are skipped"; exit 0; } ; \
	  mkdir -p .tools && \
	  { test -x .tools/helm || GOBIN=$(CURDIR)/.tools $(BOUNDED) go install helm.sh/helm/v3/cmd/helm@$(HELM_VERSION); } && \
	  { test -x .tools/compose-config || { GOBIN=$(CURDIR)/.tools $(BOUNDED) go install github.com/compose-spec/compose-go/v2/cmd@$(COMPOSE_VERSION) \
	    && mv .tools/cmd .tools/compose-config; }; } || \
	  echo "some tools could not be fetched: their tests are skipped"

clean:           ## Remove the virtual environment and caches (data folders stay)
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
