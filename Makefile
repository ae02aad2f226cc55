# Yida (驿答): everything a person does with this repository. `make` alone explains itself.

PY := .venv/bin/python
.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help install run test train lint format bench lock clean

help:  ## List these targets
	@echo "Yida (驿答): a courier company's self-service assistant"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile
	@echo "The port is YIDA_PORT (8000); every setting is in .env.example."

install:  ## Make .venv and fetch every pinned library (Python 3.10 and Node 18 or newer needed)
	@scripts/install

run: install  ## Start it: install, database, demo data, model if there is none, then serve
	@echo "==> Bringing the database up to date"
	@$(PY) -m bot migrate
	@echo "==> Model: trained only if there is none for the present data (two minutes; the first time some five more)"
	@$(PY) -m bot train --if-needed
	@echo "==> Loading the demo data and starting (about ten seconds); Ctrl-C ends it"
	@exec env YIDA_CODE_SENDER=$${YIDA_CODE_SENDER:-print} $(PY) -m bot serve --demo

train: install  ## Train a new model from data/, domain.yml and config.yml
	@$(PY) -m bot train

# One thread, and the tests give way: threads that wait for each other beside four busy workers burn twice the time.
test:  ## Run every check and every test
	@scripts/install dev
	@echo "==> Training in the background, if there is no model for the present data: most tests need none"
	@OMP_NUM_THREADS=1 $(PY) -m tests.support.model >/dev/null 2>&1 & trap "kill $$! 2>/dev/null || true" EXIT; \
		$(MAKE) --no-print-directory lint && nice -n 10 $(PY) -m pytest -n 4 --dist loadfile --no-loadscope-reorder

lint:  ## Check style (ruff) and types (mypy)
	@scripts/install dev
	@echo "==> ruff"
	@$(PY) -m ruff check .
	@echo "==> mypy"
	@$(PY) -m mypy

format:  ## Mend what ruff can mend by itself
	@scripts/install dev
	@$(PY) -m ruff check --fix .

bench:  ## Run the benchmarks: what survives kills, and how fast it answers
	@scripts/install dev
	@for name in kill latency against_stock import_speed reports; do \
		echo "==> $$name"; $(PY) -m "benchmarks.$$name" || exit 1; done

lock:  ## Resolve pyproject.toml and package.json into the locks anew
	@scripts/install dev
	@scripts/lock

clean:  ## Remove what was installed and cached (data in var/ and models/ stays)
	rm -rf .venv node_modules bot/widget/static/vendor .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
