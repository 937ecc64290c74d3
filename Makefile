# make demo   installs Headrace into .venv and streams a video from a swarm on this machine
# make test   installs what the tests need, then lints, type checks and tests
# make help   lists the rest

VENV   := .venv
BIN    := $(VENV)/bin
PYTHON ?= python3

# What a shell may have set for other programs must not reach the environment built here.
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX PIP_REQUIRE_VIRTUALENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint format unit cov e2e install system docs bench-setup bench bench-quick bench-planner bench-scaling bench-serving bench-sharing clean

help:
	@echo 'make demo           install into $(VENV) and stream a video from a swarm on this machine'
	@echo 'make test           install what the tests need; lint, types, layers, tests, coverage'
	@echo 'make lint           ruff, mypy, import-linter'
	@echo 'make format         let ruff put the sources in order'
	@echo 'make unit           the quick tests only'
	@echo 'make e2e            the tests with the real engine, real swarms and real players only'
	@echo 'make docs           write docs/cli.md anew'
	@echo 'make bench-setup    videos, torrents and the emulator of the swarm lab (root, Debian; RIVALS=1: other tools too)'
	@echo 'make bench          the swarm lab: all tools in all scenarios, five times, then the report (root, hours)'
	@echo 'make bench-quick    two revisions side by side in under 10 minutes (root): A=REV B=REV'
	@echo 'make bench-planner  time and memory of a re-plan'
	@echo 'make bench-scaling  how costs grow with pieces and read heads; writes docs/benchmarks/scaling.md'
	@echo 'make bench-serving  throughput, cold files and many viewers, against nginx'
	@echo 'make bench-sharing  several torrents on one link: who stalls (root)'
	@echo 'make clean          remove $(VENV) and what tools left behind'

# The stamps hold the project's metadata: an environment is built again when that changes.
$(VENV)/.demo: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) '$(PYTHON)' .
	@touch $@

$(VENV)/.dev: pyproject.toml scripts/make-venv
	@scripts/make-venv $(VENV) '$(PYTHON)' '.[dev]'
	@touch $@ $(VENV)/.demo

install: $(VENV)/.demo

demo: $(VENV)/.demo
	@$(BIN)/headrace demo

system:
	@scripts/system-packages

test: system $(VENV)/.dev
	@scripts/run-tests $(BIN)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

unit: $(VENV)/.dev
	$(BIN)/pytest -m 'not e2e and not root'

cov: $(VENV)/.dev
	$(BIN)/pytest tests/core tests/index --cov=headrace.core --cov=headrace.index --cov-fail-under=95

e2e: $(VENV)/.dev
	$(BIN)/pytest -m 'e2e or root'

docs: $(VENV)/.dev
	$(BIN)/python -m headrace.cli.reference > docs/cli.md.new
	mv docs/cli.md.new docs/cli.md

bench-setup: $(VENV)/.dev
	$(BIN)/python -m bench setup $(if $(RIVALS),--rivals)

# RUN has more arguments of the run, such as RUN='S1 S2 --tools headrace,peerflix --reps 3'; OUT is the folder of the rows.
OUT ?= $(HOME)/.cache/headrace-bench/results/$(shell date --utc +%F)
bench: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]' </dev/null
	$(BIN)/python -m bench run --out '$(OUT)' $(RUN)
	$(BIN)/python -m bench limit
	$(BIN)/python -m bench report '$(OUT)'

A ?= HEAD~1
B ?= HEAD
bench-quick: $(VENV)/.dev
	$(BIN)/python -m bench quick '$(A)' '$(B)'

bench-planner: $(VENV)/.dev
	$(BIN)/python bench/planner.py

bench-scaling: $(VENV)/.dev
	$(BIN)/python -m pip install --quiet --editable '.[bench]' </dev/null
	$(BIN)/python -m bench scaling

bench-serving: $(VENV)/.dev
	@scripts/system-packages nginx-light curl
	$(BIN)/python -m bench serving

bench-sharing: $(VENV)/.dev
	$(BIN)/python -m bench sharing

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .coverage dist build
