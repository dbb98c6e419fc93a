# Each target does what it needs first. Needs Python 3.11 or newer and make, nothing else.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export PYTHONDONTWRITEBYTECODE := # empty: else each of the processes that tests start compiles all of services/ anew

.DEFAULT_GOAL := help
.PHONY: help install demo up test test-long test-fast test-browser bench faults check schemas lock clean

help: ## What can be asked for
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | column -t -s '|'

install: $(INSTALLED) ## Make .venv and install everything from the lock file, with hashes

$(INSTALLED): requirements.lock pyproject.toml
	@test -n "$(PYTHON)" || { echo "Roeland needs Python 3.11 or newer; none was found (python3 --version)"; exit 1; }
	@echo "Installing into $(VENV) (the first time this downloads about 250 MB) …"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --disable-pip-version-check --no-compile --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 $(VENV)/lib services >/dev/null || true # all cores; some libraries carry files that are no Python
	@touch $(INSTALLED)

demo: install ## A crisis message to everybody, end to end, on real parts; shows what became of each recipient
	@$(BIN)/roeland demo

up: install ## Kafka, PostgreSQL, a mail sink, a Twilio stand-in and the services; Ctrl-C stops them
	@$(BIN)/roeland up

test: install ## The tests, on real Kafka and PostgreSQL; some ten minutes on two cores
	@$(BIN)/python -m tests.stack $(BIN)/pytest -n 3 --dist loadfile --no-loadscope-reorder -m "not long and not browser"

test-long: install ## The tests that break or start whole stacks, the demo and a look at every page in Chromium among them; some forty minutes
	@$(BIN)/python -m tests.stack $(BIN)/pytest -m long

test-fast: install ## The tests that need no server
	@$(BIN)/pytest -m "not stack and not browser"

test-browser: install ## Pages and mails in Chromium, with axe-core; pictures of all of it in .screenshots/
	@command -v chromium-headless-shell >/dev/null || command -v chromium >/dev/null || { \
		echo "Chromium is missing: apt-get install --no-install-recommends chromium-headless-shell"; exit 1; }
	@$(BIN)/pytest -q -m "not long" tests/browser

bench: install ## Speed, CPU, memory and latency beside smtp-source, in 20 minutes; FIGURES="mail urgent" for some
	@$(BIN)/python -m tests.benchmarks $(FIGURES)

faults: install ## Kills, outages and stalls at full length, and a random mix; OPTIONS="--seed 7 --minutes 5" for another
	@ROELAND_TEST_MACHINE_EXAMPLES=400 ROELAND_TEST_MACHINE_STEPS=40 \
		$(BIN)/python -m tests.stack $(BIN)/pytest -q --timeout 900 tests/store/test_state_machine.py
	@$(BIN)/python -m tests.faults $(OPTIONS)

check: install ## ruff, mypy --strict, the layers, and whether schemas/ is what the models say
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m services.domain.schemas --check

schemas: install ## Write schemas/ anew from the models
	@$(BIN)/python -m services.domain.schemas

lock: install ## Resolve requirements.lock anew (needs uv: pip install uv)
	@uv pip compile --universal --generate-hashes --all-extras --python-version 3.11 --no-emit-index-url --no-header \
		--quiet --upgrade pyproject.toml -o requirements.lock

clean: ## Remove what was installed and made here, but not the data in .roeland
	@rm -rf $(VENV) .bench .screenshots .mypy_cache .ruff_cache .import_linter_cache .hypothesis
