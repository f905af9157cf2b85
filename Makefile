# Everything sets itself up: a virtual environment with the locked dependencies, then the work.
# `make` alone lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test coverage check bench testbed generate lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1|\2/' | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

# The stamp is newer than the lock file exactly when what is installed is what is locked.
$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "kube-mcp needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version). Set PYTHON=python3.12, say." >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

run: $(STAMP) ## serve the kubeconfig's cluster, or the demo where none answers
	@$(BIN)/kube-mcp serve --or-demo --log-format text $(ARGS)

test: $(STAMP) ## run every test that can run here (ARGS="-k logs" narrows)
	@$(BIN)/python -m pytest $(ARGS)

coverage: $(STAMP) ## run the tests that need no cluster and show what they do not reach
	@$(BIN)/python -m coverage erase
	@$(BIN)/python -m coverage run -m pytest -q -m "not cluster and not node and not image" $(ARGS)
	@$(BIN)/python -m coverage combine -q && $(BIN)/python -m coverage report

check: $(STAMP) ## format, lint, types, layers
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(STAMP) ## measure against the bare API call and the incumbent, as ratios
	@$(BIN)/python -m benchmarks $(ARGS)

testbed: $(STAMP) ## start a real control plane on loopback and stay up (ARGS="--pods 500")
	@$(BIN)/python -m testbed up $(ARGS)

generate: $(STAMP) ## write again every generated file
	@$(BIN)/python -m scripts.generate

lock: $(STAMP) ## resolve the dependencies again (names, versions and hashes only)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet $(ARGS) pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile --universal --python-version 3.11 --generate-hashes --no-annotate --no-header --quiet $(ARGS) pyproject.toml --group dev -o requirements/dev.txt

clean: ## remove what the targets above made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.*
