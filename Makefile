# Two commands are enough: `make demo` and `make test`. Needs git, make and python3 (3.11 or newer, with venv).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
UV := $(VENV)/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header

unexport PYTHONDONTWRITEBYTECODE  # else each process that the tests start would compile all of the hub

.PHONY: setup demo check format test docs bench lock
.DELETE_ON_ERROR:

setup: $(VENV)/.dev  ## everything for working on the hub

demo: $(VENV)/.hub  ## a shop, an ERP and customers who return things; ARGS=--once for one return, told as a story
	@$(BIN)/hub demo $(ARGS)

check: $(VENV)/.dev  ## format, lint, types, import contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev  ## put the code into its format, mend what can be mended by itself
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

test: $(VENV)/.dev  ## the whole suite, real peers included, and what it shows of each connector; ARGS are pytest's
	@$(BIN)/python -m pytest -q --numprocesses=auto --maxprocesses=4 --evidence=.evidence.json $(ARGS)

docs: $(VENV)/.dev  ## write the generated parts of all README.md anew
	@$(BIN)/python -m pytest -q tests/test_house.py -k generated --accept

bench: $(VENV)/.bench  ## measure, print the table, write benchmarks/results/latest.json
	@$(BIN)/python -m benchmarks $(ARGS)

lock: $(VENV)/lock/bin/uv  ## choose the newest versions the bounds in pyproject.toml allow, and pin them with hashes
	$(UV) --upgrade pyproject.toml --group build -o hub.lock
	$(UV) --upgrade pyproject.toml --group build --group dev -c hub.lock -o dev.lock
	$(UV) --upgrade pyproject.toml --group build --group bench -c dev.lock -o bench.lock
	$(UV) --upgrade --group pyproject.toml:tryton -o tryton.lock

$(BIN)/python:
	@$(PYTHON) -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' || { \
		echo "The hub needs Python 3.11 or newer with venv; $(PYTHON) is not that." \
		"Install it (Debian: apt-get install python3-venv), or name another: make PYTHON=python3.12" >&2; exit 1; }
	@echo "making the virtual environment $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# Each stamp is newer than the lock it was installed from, so a second run has nothing to do.
$(VENV)/.hub: hub.lock pyproject.toml | $(BIN)/python
	@echo "installing the hub"
	@$(PIP) install --require-hashes -r hub.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: dev.lock $(VENV)/.hub
	@echo "installing the tools for development and tests"
	@$(PIP) install --require-hashes -r dev.lock
	@touch $@

$(VENV)/.bench: bench.lock $(VENV)/.dev
	@echo "installing what the benchmark compares with"
	@$(PIP) install --require-hashes -r bench.lock
	@touch $@

$(VENV)/lock/bin/uv: | $(BIN)/python
	@$(PYTHON) -m venv $(VENV)/lock
	@$(VENV)/lock/bin/python -m pip --disable-pip-version-check --quiet install 'uv>=0.9'
