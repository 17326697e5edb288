# The few targets that people and CI share. `make demo` and `make test` create what they need on a fresh machine
# that has only Python 3.11+ and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
ARGS   ?=

.DEFAULT_GOAL := help
.PHONY: help setup check test demo format lock clean

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
	@$(BIN)/python -m pytest -n 3 --dist loadfile $(ARGS)

check: setup     ## Format, lint, types, layers
	@$(BIN)/ruff format --no-cache --check .
	@$(BIN)/ruff check --no-cache .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: setup    ## Put the code into shape
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

lock: setup      ## Renew requirements.lock (needs uv)
	@uv export --quiet --all-extras --all-groups --no-emit-project --no-annotate --no-header --format requirements-txt -o requirements.lock

clean:           ## Remove the virtual environment and caches (data folders stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache dist build
