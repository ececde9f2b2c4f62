# make        set up .venv when needed and run the pipeline with config/config.yaml
# make test   the same set-up plus the test tools; lint, types, tests
# make test-faults  the long suites of tests/faults: a hundred kills, thousands of damaged files (half an hour)
# make test-slurm   the pipeline on a SLURM of one node that it starts; needs root, Debian or Ubuntu
# make bench  the measurements of docs/performance.md
# make docs   the documentation as a site, in results/site: needs no network to read
# make pictures  draw the pictures of the documentation again
# make models make the scenes, collect, train and compare as for the shipped models (hours)
# make clean  remove results and the virtual environment

PYTHON ?= python3
VENV := .venv
BIN := $(CURDIR)/$(VENV)/bin
CORES ?= all
JOBS ?= 2
LEARNING := results/learning
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := run
.PHONY: run setup setup-test lint format types test test-faults test-slurm bench docs pictures learning-scenes models clean

run: setup
	snakemake --cores $(CORES)

setup: $(VENV)/.installed
setup-test: $(VENV)/.installed-test

$(VENV)/.installed: requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "namo-collect needs Python 3.11 or later; try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed requirements-test.txt requirements-docs.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-test.txt
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed requirements-docs.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-docs.txt
	@touch $@

lint: setup-test
	ruff check .
	ruff format --check .
	snakefmt --check Snakefile workflow
	snakemake --lint

format: setup-test
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

types: setup-test
	mypy

test: lint types
	pytest --numprocesses auto --dist worksteal

test-faults: setup-test
	NAMO_KILLS=100 NAMO_FUZZ=2000 pytest -s tests/faults --ignore tests/faults/test_fuzz_scenes.py
	NAMO_FUZZ=10000 pytest -s tests/faults/test_fuzz_scenes.py

test-slurm: setup-test
	bash tests/slurm/install.sh
	NAMO_TEST_SLURM=1 pytest tests/slurm

bench: setup
	python -m benchmarks.run_all

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --quiet
	@echo results/site/index.html

# Of the figures of performance.md and learning.md the measurements are needed too.
pictures: setup
	for draw in example concepts diagrams sheets rasters; do python docs/pictures/draw_$$draw.py || exit 1; done

# Scenes go on where they stopped and are not made twice.
learning-scenes: setup
	namo scenes generate --config resources/models/scenes.yaml --output $(LEARNING)/scenes --jobs $(JOBS)
	namo scenes generate --config resources/models/test_scenes.yaml --output $(LEARNING)/test_scenes --jobs $(JOBS)

models: learning-scenes
	snakemake --cores $(CORES) rounds
	python workflow/scripts/choose_models.py --output resources/models --models $(LEARNING)/round_*/models

clean:
	rm -rf $(VENV) results .snakemake
