# make demo   set up, then play the story of a wijk on four validators
# make test   set up, then run all tests
# make check  format, lint, types, import directions
# make bench  measure; make sim SEEDS=50 START=1 simulates
.PHONY: demo test check bench sim messages setup

PYTHON ?= python3
BIN := .venv/bin
SEEDS ?= 50
START ?= 1
JOBS ?= auto

setup: .venv/ready

.venv/ready: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; this is $$($(PYTHON) --version)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || sh tools/install-venv
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: setup
	$(BIN)/socialcoin demo

test: setup
	$(BIN)/pytest -n $(JOBS) --dist worksteal

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup
	$(BIN)/python -m bench

sim: setup
	$(BIN)/python -m tests.simulation.simulate --seeds $(SEEDS) --start $(START)

messages: setup
	$(BIN)/python -m genesis.locale
