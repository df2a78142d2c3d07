# Everything a developer runs. `make demo` and `make test` need Python 3.11+ and make, nothing else prepared.

VENV ?= .venv
PYTHON ?= python3
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.ready-dev

.PHONY: demo serve test lint types pytest bench streams fuzz soak attacks vectors docs interop corpus corpus-sample differential test-all clean help

help:
	@sed -n 's/^## //p' $(MAKEFILE_LIST)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "soapkit needs Python 3.11 or later")'
	$(PYTHON) -m venv $(VENV)

# What `make demo` needs: soapkit with what a user of every feature installs.
$(READY): setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all]'
	@touch $@

# What a developer needs besides.
$(DEV_READY): setup.cfg pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@ $(READY)

## make demo       the main job, step by step: contract -> typed stubs -> endpoint -> signed and encrypted call
demo: $(READY)
	@$(BIN)/python samples/demo.py

## make serve      the demo's endpoint, left up
serve: $(READY)
	@$(BIN)/python samples/demo.py --serve

## make test       all that must stay green: pytest, mypy --strict, ruff, the architecture test; not make interop
test: $(DEV_READY) lint types pytest

lint: $(DEV_READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check soapkit tests samples benchmarks

types: $(DEV_READY)
	$(BIN)/mypy

pytest: $(DEV_READY)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --ignore=tests/interop

## make test-all   the tests on every Python from 3.11 that pyenv has
test-all:
	@for python in $$(ls -d $${PYENV_ROOT:-$$HOME/.pyenv}/versions/3.1[1-9]*/bin/python 2>/dev/null); do \
		version=$$($$python -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
		echo "== Python $$version"; \
		$(MAKE) --no-print-directory VENV=.venv-$$version PYTHON=$$python pytest || exit 1; \
	done

## make interop    soapkit against other stacks, over real sockets
interop: $(DEV_READY)
	$(BIN)/python -m pytest -q -n 2 --dist loadfile tests/interop

## make corpus     every usable contract of ../shared/corpus: load, generate, import, samples, round trips, types
corpus: $(DEV_READY)
	$(BIN)/python tests/corpus/run.py --types --write docs/corpus.rst

## make corpus-sample  a fixed, stratified sixth of them: fails where a contract that worked stops working
corpus-sample: $(DEV_READY)
	$(BIN)/python tests/corpus/run.py --sample --types --check

## make differential  soapkit and xmlschema asked about samples of real contracts, and mutations of them; an hour
differential: $(DEV_READY)
	$(BIN)/python tests/corpus/differential.py --types 200

## make bench      side by side with zeep, Spyne, suds, xsdata, pydantic-xml; writes docs/performance.rst; ONLY=security
bench: $(DEV_READY)
	$(BIN)/python benchmarks/run.py $(if $(ONLY),--only $(ONLY))

## make streams    1 GB through a client and a service, item by item: time and memory
streams: $(DEV_READY)
	$(BIN)/python benchmarks/streams.py 1024

## make fuzz       each target of tests/fuzz for SECONDS=60; prints its seed (SEED=...), keeps what it finds
SECONDS ?= 60
fuzz: $(DEV_READY)
	$(BIN)/python tests/fuzz/run.py --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

## make vectors    messages and documents that other stacks secured, of ../shared/vectors; writes docs/vectors.rst
vectors: $(DEV_READY)
	$(BIN)/python tests/vectors/run.py --write docs/vectors.rst

## make attacks    every variant of signature wrapping, and what else of tests/attacks takes minutes; ATTACKS="wrapping zeep"
attacks: $(DEV_READY)
	$(BIN)/python tests/attacks/run.py $(ATTACKS)

## make soak       a service under killed workers, a lost Redis, slow and broken callers; WRITE=docs/reliability.rst
soak: $(DEV_READY)
	$(BIN)/python tests/soak/run.py --seconds $(SECONDS) $(if $(WRITE),--write $(WRITE))

## make docs       the documentation, in docs/_build
docs: $(DEV_READY)
	$(BIN)/python -m sphinx -q -W -b html docs docs/_build

clean:
	rm -rf $(VENV) .venv-* build dist docs/_build .mypy_cache .ruff_cache .pytest_cache
