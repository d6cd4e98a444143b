.PHONY: parity test thorough check bench mutants references clean help
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
REFERENCES := .venv-references

parity: $(STAMP) ## The main job: every case, to reports/parity.json, junit.xml and index.html
	$(BIN)/parity check --json reports/parity.json --junit reports/junit.xml --html reports/index.html

test: $(STAMP) ## The whole test suite, on all cores
	$(BIN)/pytest -q -n auto

thorough: $(STAMP) ## What the tests sample, over everything: honest variants on 200 draws, fakes, truths, seeds, threads; hours
	$(BIN)/pytest tests/thorough -n auto

check: $(STAMP) ## ruff, its formatter, and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(STAMP) ## torch against the formulas, eager and compiled, forward and backward
	$(BIN)/pytest tests/benchmarks --benchmark-only --benchmark-group-by=group --benchmark-columns=median,iqr,rounds

mutants: $(STAMP) ## The mutation score of the cases: every wrong formula that one change makes
	$(BIN)/parity mutants --json reports/mutants.json

references: $(REFERENCES)/.installed ## Every case beside torchvision and TensorFlow, and on the newest torch, in an environment of its own
	$(REFERENCES)/bin/pytest -q -p no:cacheprovider tests/test_bridge.py tests/test_references.py \
		tests/test_examples.py::test_port_to_tensorflow_agrees
	$(REFERENCES)/bin/parity check --json reports/references.json

clean: ## Remove the environment, caches and generated reports
	rm -rf .venv $(REFERENCES) .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
	rm -f reports/parity.json reports/junit.xml reports/index.html reports/mutants.json reports/references.json

help: ## What there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(STAMP): pyproject.toml constraints.txt
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

$(REFERENCES)/.installed: pyproject.toml constraints-references.txt
	test -d $(REFERENCES) || $(PYTHON) -m venv $(REFERENCES)
	$(REFERENCES)/bin/pip install --quiet --constraint constraints-references.txt --editable '.[references]'
	touch $@
