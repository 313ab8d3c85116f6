# `make` alone lists what there is.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
# Recipes find snakemake, dvc and python in the environment, as a person with it activated does.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
TARGETS := help install reproduce test test-slow test-gpu test-slurm test-browser torture check format lock pages pipelines status verify record sync push pull
# Overlays whose names are experiments' names (fusionnet/config/experiment.py): a colon in another would stop every target.
EXPERIMENTS := $(filter-out $(TARGETS),$(shell ls config/experiments | sed -n 's/^\([A-Za-z][A-Za-z0-9_-]*\)\.yaml$$/\1/p'))
LINTED := fusionnet scripts tests benchmarks examples workflow

.PHONY: $(TARGETS) $(EXPERIMENTS)

help: ## List the targets
	@awk -F ':.*## ' '/^# --- /{print "\n" substr($$0, 7)} /^[a-z$$()A-Z-]+:.*## /{printf "  %-20s%s\n", $$1, $$2}' Makefile
	@echo
	@echo "status and results take EXPERIMENT=name, as in: make record EXPERIMENT=isbi2012; make NAME runs an experiment:"
	@echo $(EXPERIMENTS) | fold -s -w 78 | sed 's/^/  /'

$(VENV)/installed: requirements.lock pyproject.toml
	$(PYTHON) workflow/check_python.py
	$(PYTHON) -m venv $(VENV)
	pip install --quiet --disable-pip-version-check -r requirements.lock -e .
	touch $@

# --- run

install: $(VENV)/installed ## Create .venv with the pinned requirements

reproduce: install ## Run the default experiment to its figures
	snakemake --cores 8 --resources gpu=1

$(EXPERIMENTS): install
	snakemake $@ --cores 8 --resources gpu=1

status: install ## Show where the trainings of EXPERIMENT are: step, score, rate, time left
	python scripts/status.py $(EXPERIMENT)

# --- results (docs/dvc.md)

record: install ## After snakemake: let DVC record the results of EXPERIMENT without computing them again
	python scripts/records.py record $(EXPERIMENT)

sync: install ## After git checkout: put that commit's results in place and tell Snakemake that they are current
	python scripts/records.py sync $(EXPERIMENT)

push: install ## Send the recorded results to DVC's remote
	python scripts/records.py push $(EXPERIMENT)

pull: install ## After git clone or git pull: get the commit's results from DVC's remote, and sync
	python scripts/records.py pull $(EXPERIMENT)

verify: install ## Run the default experiment again, elsewhere, and say whether it meets its record, repro.json
	python scripts/verify.py $(EXPERIMENT) $(if $(REPLICATE),--replicate $(REPLICATE))

# --- develop

test: install ## Run the test suite, a file at a time on each core
	pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-slow: install ## Run the long suite
	pytest -m slow

test-gpu: install ## Run the tests that need a CUDA device
	pytest -m gpu

test-slurm: install ## Run the tests that start a Slurm cluster here (Debian's slurmctld, slurmd, slurm-client, munge; root)
	pytest -m slurm -rs

test-browser: install ## Run the tests of the report's page in Chromium (Debian's package, installed if missing: root)
	command -v chromium > /dev/null || apt-get install --yes --no-install-recommends chromium
	pytest -rs tests/fusionnet/report/page/test_*_browser.py

torture: install ## Kill, damage and overload it for hours, and write the counts on docs/guarantees.md
	TORTURE_RECORD=1 pytest -m "" tests/torture tests/workflow/test_kills.py

check: install ## Lint, type-check and check the format, changing nothing
	ruff check $(LINTED)
	ruff format --check $(LINTED)
	mypy
	snakefmt --check workflow
	snakemake --lint

format: install ## Format Python and Snakemake files
	ruff check --fix $(LINTED)
	ruff format $(LINTED)
	snakefmt workflow

lock: ## Write requirements.lock anew for all Pythons, keeping its pins (needs uv); then test with it
	uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header pyproject.toml \
		--constraints requirements.lock --output-file requirements.resolved
	grep '^#' requirements.lock > requirements.new
	grep -vE '^(cuda|nvidia|triton)' requirements.resolved >> requirements.new
	mv requirements.new requirements.lock
	rm requirements.resolved

pages: install ## Write the numbers of the committed reports into the pages that quote them
	python -m workflow.fill_pages README.md docs/results.md docs/segment.md

pipelines: install ## List in dvc.yaml the code that each stage's script imports now
	python workflow/list_code.py dvc.yaml results/*/dvc.yaml
