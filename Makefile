# Two commands do everything from a fresh clone: `make run` and `make test`.

VENV ?= .venv
OUT ?= results
ARGS ?=
PYTEST_ARGS ?=

SHELL := /bin/sh
PIP := $(VENV)/bin/python -m pip --disable-pip-version-check --quiet
# One set-up at a time, also when two terminals or `make -j` ask for it; the second finds it done.
SETUP = $(if $(shell command -v flock),flock Makefile) $(MAKE) --silent --no-print-directory
comma := ,
unexport PYTHONPATH PYTHONHOME

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test lint clean

help:
	@echo "make run    install into $(VENV) and run the published experiment in simulation; look at $(OUT)/report.html"
	@echo "            make run ARGS='--size 48 --seed 7' passes options to glasstomo reproduce"
	@echo "make test   install the test tools too; run ruff, pyright and pytest"
	@echo "            make test PYTEST_ARGS='-k projector' passes options to pytest"
	@echo "make lint   ruff and pyright only"
	@echo "make clean  remove $(VENV), build leftovers and caches ($(OUT) is kept)"
	@echo "Variables: PYTHON=/path/to/python3.11 or newer, VENV=folder, OUT=folder"

run:
	@$(SETUP) $(VENV)/.ready-run
	$(VENV)/bin/glasstomo reproduce --out "$(OUT)" $(ARGS)

test: lint
	$(VENV)/bin/python -m pytest $(PYTEST_ARGS)

lint:
	@$(SETUP) $(VENV)/.ready-test
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath "$(VENV)/bin/python"

# A name on the PATH proves nothing (pyenv leaves shims that only print an error), so each candidate is run.
# A folder that exists and is not a virtual environment is never cleared.
$(VENV)/.python:
	@set -e; found=; tried=; \
	for candidate in $(if $(PYTHON),"$(PYTHON)",python3.13 python3.12 python3.11 python3 python); do \
	  version=$$("$$candidate" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) \
	    || { $(if $(PYTHON),tried="$$tried $$candidate$(comma) which does not run";) continue; }; \
	  if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then \
	    if "$$candidate" -c 'import ensurepip, venv' 2>/dev/null; then found=$$candidate; break; fi; \
	    tried="$$tried $$candidate ($$version, without its venv module)"; \
	  else tried="$$tried $$candidate ($$version)"; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "glasstomo needs Python 3.11 or newer with its venv module; found:$${tried:- none}." >&2; \
	  echo "Install one (Debian, Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.13;" >&2; \
	  echo "any system: https://www.python.org/downloads), or name it: make run PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	if [ -n "$$(ls -A "$(VENV)" 2>/dev/null)" ] && [ ! -f "$(VENV)/pyvenv.cfg" ]; then \
	  echo "$(VENV) exists and is not a virtual environment; name another with VENV=folder" >&2; exit 1; \
	fi; \
	echo "Making $(VENV) with $$found ($$version)"; \
	"$$found" -m venv --clear "$(VENV)"; \
	touch $@

$(VENV)/.ready-run: $(VENV)/.python pyproject.toml constraints.txt
	@echo "Installing glasstomo and what it needs into $(VENV) (a minute or two, once)"
	@$(PIP) install -c constraints.txt -e '.[io]'
	@touch $@

# Only the tools are added: installing glasstomo anew would pull it from under a `make run` in progress.
$(VENV)/.ready-test: $(VENV)/.ready-run
	@echo "Installing the test tools into $(VENV)"
	@$(VENV)/bin/python -c 'import tomllib; extras = tomllib.load(open("pyproject.toml", "rb"))["project"]["optional-dependencies"]; \
	print(*extras["test"], *extras["dev"], sep="\n")' > $@.txt
	@$(PIP) install -c constraints.txt -r $@.txt
	@touch $@

clean:
	@if [ -f "$(VENV)/pyvenv.cfg" ]; then rm -rf "$(VENV)"; fi
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
