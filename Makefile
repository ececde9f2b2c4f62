# make        set up .venv when needed and run the pipeline with config/config.yaml
# make test   the same set-up plus the test tools; lint, types, fast tests: a few minutes
# make test-all     the same and then the slow tests; what CI runs
# make test-coverage  every branch of the modules that keep results, or it fails; two minutes
# make test-slow    the slow tests alone: whole pages, kills, rounds of learning
# make test-faults  the long suites of tests/faults: 150 kills, thousands of mutants (three quarters of an hour)
# make test-crash   power cuts at thousands of moments of small runs (an hour or two)
# make test-simulation  thousands of interleavings of chunk jobs, merges, kills and damage (an hour or two)
# make test-processors  the same rows on five emulated processors, 300 environments (half an hour)
# make fuzz TARGET=scenes SECONDS=3600  fuzz what reads files, guided by coverage; Linux, x86-64
# make mutation MODULE=namo/files.py  change a module in every small way, and see what its tests notice
# make test-slurm   the pipeline on a SLURM of one node that it starts; needs root, Debian or Ubuntu
# make test-cloud   object stores and profiles of clouds, in a virtual environment of their own
# make bench  the measurements of docs/performance.md
# make docs   the documentation as a site, in results/site: needs no network to read
# make lock   write requirements*.txt from pyproject.toml again, and envs/namo.yaml from them;
#             UPGRADE=--upgrade: newest versions
# make pictures  draw the pictures of the documentation again
# make models generate the scenes, collect, train and compare as for the shipped models (hours)
# make benchmark-scenes  draw, measure and pack the frozen scenes of `snakemake benchmark` again (hours)
# make clean  remove results and the virtual environment

PYTHON ?= python3
VENV := .venv
CLOUD := .venv-cloud
MUTATION := .venv-mutation
BIN := $(CURDIR)/$(VENV)/bin
CORES ?= all
JOBS ?= 2
LEARNING := results/learning
STATES ?= 3000
INTERLEAVINGS ?= 5000
ENVIRONMENTS ?= 300
TARGET ?= scenes
SECONDS ?= 3600
MODULE ?= namo/files.py
UPGRADE ?=
LOCK = uv pip compile pyproject.toml --quiet --universal --generate-hashes --no-annotate \
	--no-emit-package torch --constraint requirements-torch.txt --custom-compile-command "make lock" $(UPGRADE)
PYTEST := pytest --numprocesses logical --dist worksteal
SLOW_WORKERS = $$(python -c 'import os; print(2 * os.cpu_count())')
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := run
.PHONY: run setup setup-test lint format types test test-slow test-all test-coverage test-explore test-faults test-crash test-simulation test-processors fuzz fuzz-keep mutation test-slurm test-cloud bench docs lock pictures learning-scenes models benchmark-scenes clean

run: setup
	snakemake --cores $(CORES)

setup: $(VENV)/.installed
setup-test: $(VENV)/.installed-test

$(VENV)/.installed: requirements.txt requirements-torch.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "namo-collect needs Python 3.11 or later; try: make PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.txt
	$(BIN)/python -m pip install --quiet --requirement requirements-torch.txt
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
	$(PYTEST) -m "not slow"

# Most of their time these tests wait for other processes, so there are more of them than cores.
test-slow: setup-test
	PYTEST_XDIST_AUTO_NUM_WORKERS=$(SLOW_WORKERS) $(PYTEST) -m slow

test-all: test test-slow

# The modules are listed in pyproject.toml; tests mirror them.
KEEPING := $(addprefix tests/test_,files.py cache_files.py regular_files.py locks.py) \
	$(addprefix tests/collection/test_,journal.py stored.py) \
	$(addprefix tests/results/test_,assemble.py collected_scenes.py merge_collections.py parts.py plain_pickle.py \
	records.py tables.py)

test-coverage: setup-test
	@mkdir -p results
	coverage run -m pytest -m "not slow" $(KEEPING)
	coverage report

# Property tests on a thousand examples that no run before has seen.
test-explore: setup-test
	$(PYTEST) -m hypothesis --hypothesis-profile=explore

test-faults: setup-test
	NAMO_KILLS=100 NAMO_WORKER_KILLS=50 NAMO_INTERRUPTS=1000 NAMO_DAMAGED=1000 NAMO_FUZZ=2000 \
		pytest -s tests/faults --ignore tests/faults/test_fuzz_scenes.py
	NAMO_SCHEDULES=50 pytest -s tests/collection/test_worker_schedules.py
	NAMO_FUZZ=10000 pytest -s tests/faults/test_fuzz_scenes.py

test-crash: setup-test
	NAMO_CRASH_STATES=$(STATES) $(PYTEST) -rP tests/crash tests/*/test_power_cuts.py

test-simulation: setup-test
	NAMO_INTERLEAVINGS=$(INTERLEAVINGS) $(PYTEST) -rP tests/simulation -k interleaving

test-processors: setup-test
	NAMO_PROCESSOR_ENVIRONMENTS=$(ENVIRONMENTS) pytest -s tests/processors

$(VENV)/.installed-fuzz: $(VENV)/.installed-test pyproject.toml
	$(BIN)/python -m pip install --quiet --editable ".[fuzz]"
	@touch $@

# Targets are the files of tests/fuzzing/targets.
fuzz: $(VENV)/.installed-fuzz
	python -m tests.fuzzing.fuzz $(TARGET) $(SECONDS)

# The inputs of earlier runs that matter become the corpus in the repository.
fuzz-keep: $(VENV)/.installed-fuzz
	python -m tests.fuzzing.fuzz $(TARGET) 0 --keep

# In environments of their own: botocore needs older packages than the locks have, and what mutmut
# needs is to change nothing else.
$(CLOUD)/.installed: EXTRA := cloud-tests
$(MUTATION)/.installed: EXTRA := mutation
$(CLOUD)/.installed $(MUTATION)/.installed: $(VENV)/.installed-test pyproject.toml
	$(PYTHON) -m venv $(@D)
	$(@D)/bin/python -m pip install --quiet --requirement requirements-test.txt
	$(@D)/bin/python -m pip install --quiet --requirement requirements-torch.txt
	$(@D)/bin/python -m pip install --quiet --editable ".[$(EXTRA)]"
	@touch $@

mutation: $(MUTATION)/.installed
	$(CURDIR)/$(MUTATION)/bin/python -m tests.mutation.mutate $(MODULE)

test-slurm: setup-test
	bash tests/slurm/install.sh
	NAMO_TEST_SLURM=1 pytest tests/slurm

test-cloud: $(CLOUD)/.installed
	PATH=$(CURDIR)/$(CLOUD)/bin:$$PATH pytest tests/workflow/test_store.py tests/workflow/test_cloud_profiles.py

bench: setup
	python -m benchmarks.run_all

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 python -m mkdocs build --quiet
	@echo results/site/index.html

# Existing pins are kept where they fit; the three files agree with each other.
lock: setup-test
	$(LOCK) --extra learn --extra export --extra slurm --output-file requirements.txt
	$(LOCK) --extra docs --constraint requirements.txt --output-file requirements-docs.txt
	$(LOCK) --extra dev --constraint requirements.txt --constraint requirements-docs.txt \
		--output-file requirements-test.txt
	python envs/pin_conda.py

# The charts of performance.md and learning.md also need their measurements.
pictures: setup
	for draw in example front concepts diagrams sheets rasters; do python docs/pictures/draw_$$draw.py || exit 1; done

# Interrupted runs resume, and finished scenes are not generated twice.
learning-scenes: setup
	namo scenes generate --config resources/models/scenes.yaml --output $(LEARNING)/scenes --jobs $(JOBS)
	namo scenes generate --config resources/models/test_scenes.yaml --output $(LEARNING)/test_scenes --jobs $(JOBS)

models: learning-scenes
	snakemake --cores $(CORES) rounds
	python workflow/scripts/choose_models.py --output resources/models --models $(LEARNING)/round_*/models

# Interrupted runs resume. Only to change the recipe: published figures are of the scenes as they are.
benchmark-scenes: setup
	python -m benchmarks.benchmark_scenes --jobs $(JOBS)

clean:
	rm -rf $(VENV) $(CLOUD) $(MUTATION) results .snakemake
