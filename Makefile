# `make run` and `make test` set everything up on a fresh machine with make and Python 3.11 to 3.13.

# The first that runs: pyenv has commands for versions that are not active.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3.13 python3,\
	$(shell $(name) -c 'print("$(name)")' 2>/dev/null)))
BIN := .venv/bin
INSTALLED := .venv/installed
NOTEBOOK := thumbnail_tasks/engines/notebook.lock
DEV := .venv/installed-dev
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
PEERS := build/peers
PYTEST = $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(if $(SEED),--randomly-seed=$(SEED))

.PHONY: help run test test-thorough test-all check accuracy bench bench-gpu torture format lock clean

help: ## List the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The locks name every package, so pip resolves nothing: --no-deps prevents opencv-python from
# overwriting opencv-python-headless, and dlib from being compiled.
$(INSTALLED): requirements/requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit("$(PYTHON): expected \
	Python 3.11, 3.12 or 3.13; found: %d.%d. Choose another: make PYTHON=..." % sys.version_info[:2])'
	@echo "Installing the packages into .venv: 1.0 GB, about 2 minutes. Nothing is compiled"
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes -r requirements/requirements.lock
	$(PIP) --no-build-isolation --editable .
	touch $@

$(DEV): $(INSTALLED) $(NOTEBOOK) requirements/dev.lock
	@echo "Installing the packages of the tests and of the notebook's engines: 2.7 GB, about 4 minutes"
	$(PIP) --require-hashes -r $(NOTEBOOK) -r requirements/dev.lock
	touch $@

run: $(INSTALLED) ## Run the main job on the drawn sample; it prints where the results are
	$(BIN)/thumbnail-tasks export examples/videos.csv --images-dir examples/images --out sample-data

test: $(DEV) ## Run the tests, except those marked thorough or slow; SEED=… repeats an order, TEST_DATA=none hides real data
	tests/browser/install.sh
	$(PYTEST) -m "not thorough and not slow"

test-thorough: $(DEV) ## Run those that `make test` leaves out, except those marked slow
	tests/browser/install.sh
	$(PYTEST) -m "thorough and not slow"

test-all: $(DEV) ## Run all tests, as before a release
	tests/browser/install.sh
	$(PYTEST)

check: $(DEV) ## Lint, check types and spelling, run the fast tests with coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder -m "not dag and not model and not browser and not thorough" --cov --cov-report=term

accuracy: $(DEV) ## Measure the engines' accuracy beside their peers; DATA=<folder of labelled data>, FONTS=<folder>, TESSDATA_PREFIX=<folder>
	$(BIN)/python -m benchmarks.accuracy $(if $(DATA),--data "$(DATA)") $(if $(FONTS),--fonts "$(FONTS)")

# Packages that conflict with the lock; if they cannot be installed, the table says so.
$(PEERS)/installed: benchmarks/speed/requirements.txt
	-$(PYTHON) -m venv $(PEERS) && $(PEERS)/bin/python -m pip install --quiet \
		--disable-pip-version-check -r $< && touch $@

bench: $(DEV) $(PEERS)/installed ## Time the engines and the job beside their peers; DATA=<folder>, FULL=1 for a million rows and 5,000 pictures
	$(BIN)/python -m benchmarks.speed $(if $(DATA),--data "$(DATA)") $(if $(FULL),--full)

bench-gpu: $(DEV) ## Time the networks on a GPU, batch by batch, and the stages; needs requirements/cuda.lock. ARGS=--on-cpu tries it without
	$(BIN)/python -m benchmarks.speed.gpu $(if $(DATA),--data "$(DATA)") $(ARGS)

torture: $(DEV) ## Kill the whole DAG repeatedly; KILLS=100, SEED=…, DATA_DIR=s3://bucket/prefix
	$(BIN)/python -m tests.dag.torture $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED)) $(if $(DATA_DIR),--data-dir $(DATA_DIR))

format: $(DEV) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# Each holds on all versions of Python that the project runs on, and adds to the one before.
COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --override requirements/overrides.txt
without = $$(sed -nE 's/^([A-Za-z0-9._-]+)==.*/--no-emit-package \1/p' $(1))

lock: ## Regenerate the lock files (needs uv)
	$(COMPILE) pyproject.toml --extra luigid --group build -o requirements/requirements.lock
	$(COMPILE) pyproject.toml --extra notebook --constraint requirements/requirements.lock \
		$(call without,requirements/requirements.lock) -o $(NOTEBOOK)
	$(COMPILE) pyproject.toml --extra s3 --constraint requirements/requirements.lock \
		$(call without,requirements/requirements.lock) -o requirements/s3.lock
	$(COMPILE) pyproject.toml --extra ray --constraint requirements/requirements.lock \
		$(call without,requirements/requirements.lock) -o requirements/ray.lock
	$(COMPILE) --group dev --constraint requirements/requirements.lock --constraint $(NOTEBOOK) \
		--constraint requirements/s3.lock --constraint requirements/ray.lock \
		$(call without,requirements/requirements.lock $(NOTEBOOK)) -o requirements/dev.lock
	$(COMPILE) --no-deps requirements/cuda.in -o requirements/cuda.lock
	$(COMPILE) --no-deps requirements/notebook-cuda.in --constraint requirements/cuda.lock \
		-o requirements/notebook-cuda.lock

clean: ## Remove what was installed and built; results stay
	rm -rf .venv build thumbnail_tasks.egg-info
