# One command each. `make help` lists them. Everything is installed into .venv; nothing else on the machine is changed.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMPS := $(VENV)/.stamps
PROXY_SOURCES := hub_extension/proxy/package.json hub_extension/proxy/package-lock.json tools/nodejs.py
NPM_SOURCES := labextension/package.json labextension/package-lock.json $(wildcard labextension/packages/*/package.json)
LAB_SOURCES := $(shell find labextension/packages -type f -not -path '*/node_modules/*' -not -path '*/lib/*' -not -name '*.tsbuildinfo' 2>/dev/null)
# Two workers by default, whatever the machine has: the servers that tests start need the other cores.
WORKERS ?= 2
TESTS ?=
DATA ?= .data
PORT ?= 8000

.PHONY: help setup lab demo up test test-all check lint types imports generated generate format bench screenshots clean constraints lab-image runner-image

help:  ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 24

setup: $(STAMPS)/python $(STAMPS)/proxy  ## Make .venv with everything, the node proxy included

$(STAMPS)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.12 setup")'
	@[ -x $(BIN)/pip ] || $(PYTHON) -m venv $(VENV) || \
	  { echo 'The module venv does not work here (Debian and Ubuntu: apt-get install python3-venv).' >&2; rm -rf $(VENV); exit 1; }
	@mkdir -p $(STAMPS)
	@touch $@

$(STAMPS)/python: $(STAMPS)/venv pyproject.toml constraints.txt
	@echo 'Installing the Python packages into $(VENV); this takes a minute or two.'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --group dev
	@$(BIN)/python -m pip install --quiet --constraint constraints.txt --no-build-isolation --editable '.[all]'
	@touch $@

$(STAMPS)/proxy: $(STAMPS)/python $(PROXY_SOURCES)
	@echo "Installing JupyterHub's proxy into $(VENV)."
	@$(BIN)/python tools/nodejs.py proxy
	@touch $@

$(STAMPS)/npm: $(STAMPS)/python $(NPM_SOURCES)
	@echo 'Installing what building the JupyterLab extension needs into labextension/node_modules.'
	@$(BIN)/python tools/nodejs.py npm ci --prefix labextension
	@touch $@

$(STAMPS)/labextension: $(STAMPS)/npm $(LAB_SOURCES)
	@echo 'Building the JupyterLab extension.'
	@$(BIN)/python tools/nodejs.py develop >/dev/null
	@touch $@

demo: setup  ## Hub, runner and three recorded training runs on real data; leaves nothing running
	@$(BIN)/python tools/demo.py

lab: $(STAMPS)/labextension  ## Build the JupyterLab extension for the JupyterLab in .venv

up: setup lab  ## Start a hub with a runner on this machine (DATA=.data PORT=8000); Ctrl-C ends it
	@$(BIN)/dotscience-hub up --data-dir $(DATA) --port $(PORT)

test: setup lab  ## Run the tests (TESTS=tests/hub WORKERS=2)
	$(BIN)/python tools/nodejs.py npm test --prefix labextension
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TESTS)

test-all: export DOTSCIENCE_THOROUGH := 1
test-all: test  ## The same with the thorough tests, which take ten minutes more

check: lint types imports generated  ## Lint, formatting, types, imports between rooms, generated files (-k: all of them)

lint: setup
	$(BIN)/ruff check
	$(BIN)/ruff format --check --output-format concise

types: setup
	$(BIN)/mypy

imports: setup
	$(BIN)/lint-imports --no-logo

generated: setup lab
	$(BIN)/python tools/generate.py --check
	$(BIN)/python -m dotscience_cli.docs --check
	$(BIN)/python tools/conformance.py --check
	$(BIN)/python tools/nodejs.py npm run check --workspaces --if-present --prefix labextension

format: setup  ## Let ruff format and fix what it can
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

generate: setup $(STAMPS)/npm  ## Make again what follows from contract, commands and conformance tests
	$(BIN)/python -m jupyter_dotscience.client.generate
	$(BIN)/python tools/generate.py
	$(BIN)/python -m dotscience_cli.docs
	$(BIN)/python tools/conformance.py

bench: setup  ## Run the benchmarks (docs/reference/performance.md)
	$(BIN)/python -m benchmarks

screenshots: $(STAMPS)/npm lab  ## Make the pictures of the hub's pages in docs/images/pages anew
	@$(BIN)/python tools/screenshots.py

lab-image: setup  ## Build JupyterLab's container image (IMAGE, BASE as for runner-image)
	tools/build_lab_image.sh

runner-image: setup  ## Build the runner's container image (IMAGE, BASE: see tools/build_runner_image.sh)
	tools/build_runner_image.sh

constraints: setup  ## Write the versions that are installed now into constraints.txt
	$(BIN)/python tools/freeze.py

clean:  ## Remove .venv, caches and what builds left; .data (your hub) stays
	rm -rf $(VENV) hub_extension/dotscience_hub/web/static/app build dist .mypy_cache .ruff_cache .import_linter_cache .hypothesis labextension/node_modules jupyter_dotscience/labextension labextension/packages/*/lib labextension/packages/*/*.tsbuildinfo
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
