# Everything a fresh machine needs is Python 3.11 or newer, and make.
#   make demo       the main job, from images to readings, on a synthetic cohort
#   make test       the quick tests: a few minutes
#   make test-slow  those that take long: notebooks, the README's commands, killed runs, simulations
#   make check      style, types and spelling, as the continuous integration checks them
#   make docs       the documentation as a site: docs/_build/html/index.html

PYTHON ?= python3
VENV ?= .venv
DEMO ?= demo
PYTEST_ARGS ?=

ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
INSTALL = $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
SCREEN := $(BIN)/radiomics-screen

.PHONY: help demo test test-slow check docs docs-links gallery clean

help:
	@sed -n 's/^#   //p' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed; say which: make PYTHON=python3.12 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV)

# a stamp for each kind of installation, renewed when what is to be installed changes
$(VENV)/installed: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing the package and what it computes with (some minutes the first time) ..."
	$(INSTALL) -e .
	@touch $@

$(VENV)/installed-test: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing the package and what its tests need (some minutes the first time) ..."
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/installed

$(VENV)/installed-dev: pyproject.toml constraints.txt | $(BIN)/python
	$(INSTALL) -e '.[dev]'
	@touch $@ $(VENV)/installed $(VENV)/installed-test

$(VENV)/installed-docs: pyproject.toml constraints.txt | $(BIN)/python
	@echo "installing the package and what its documentation needs (some minutes the first time) ..."
	$(INSTALL) -e '.[docs]'
	@touch $@ $(VENV)/installed

demo: $(VENV)/installed
	$(SCREEN) sample $(DEMO)/sample
	$(SCREEN) extract $(DEMO)/sample/cases.csv --output $(DEMO)/features.parquet --preset breast-ultrasound --jobs 2 --overwrite
	$(SCREEN) fit $(DEMO)/features.parquet --target pathology --positive malignant --group patient_id --output $(DEMO)/model --overwrite
	$(SCREEN) predict $(DEMO)/model $(DEMO)/sample/cases.csv --output $(DEMO)/readings.csv --jobs 2
	@echo
	@echo "On synthetic images, which say nothing about any patient:"
	@echo "  table       $(DEMO)/features.parquet"
	@echo "  provenance  $(DEMO)/features.provenance.json"
	@echo "  model       $(DEMO)/model"
	@echo "  evaluation  $(DEMO)/model/evaluation.json, $(DEMO)/model/metrics.csv"
	@echo "  report      $(DEMO)/model.report.html"
	@echo "  readings    $(DEMO)/readings.csv (of the cases that the model was fitted on)"

# a worker that has nothing left to do takes tests of another
PYTEST = $(BIN)/python -m pytest --numprocesses auto --dist worksteal

test: $(VENV)/installed-test
	$(PYTEST) -m "not slow" $(PYTEST_ARGS)

test-slow: $(VENV)/installed-test
	$(PYTEST) -m slow $(PYTEST_ARGS)

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell

# warnings are errors; nothing is downloaded
docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -q -n -W --keep-going -b html docs docs/_build/html
	@echo "documentation  docs/_build/html/index.html"

# external links, too: needs the internet
docs-links: $(VENV)/installed-docs
	$(BIN)/python -m sphinx -q -b linkcheck docs docs/_build/linkcheck

# the notebooks run, and the gallery shows what they print and draw (some minutes)
gallery: $(VENV)/installed-test
	$(BIN)/python docs/execute_notebooks.py

clean:
	rm -rf $(VENV) $(DEMO) build dist docs/_build .pytest_cache .mypy_cache .ruff_cache .hypothesis
