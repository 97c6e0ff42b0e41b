# `make run` and `make test` do all the set-up on a fresh machine with Python 3.11 and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed
PEERS := build/peers

.PHONY: help run test check accuracy bench torture format lock clean

help: ## Say what can be made
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The lock names every package, so pip resolves nothing: --no-deps is what keeps dlib from
# being compiled and opencv-python from overwriting opencv-python-headless.
$(INSTALLED): requirements/requirements.lock requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/requirements.lock -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

run: $(INSTALLED) ## Run the main job on the drawn sample and say where the results are
	$(BIN)/luigi --module thumbnail_tasks ExportAttributes \
		--videos examples/videos.csv --images-dir examples/images

test: $(INSTALLED) ## Run the whole test suite
	tests/browser/install.sh
	$(BIN)/python -m pytest

check: $(INSTALLED) ## Lint, check types, run the fast tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -m "not dag and not model and not browser"

accuracy: $(INSTALLED) ## Score the engines beside their peers; DATA=<folder of labelled data>
	$(BIN)/python -m benchmarks.accuracy $(if $(DATA),--data "$(DATA)")

# What does not fit the lock; where it cannot be had, the table says so.
$(PEERS)/installed: benchmarks/speed/requirements.txt
	-$(PYTHON) -m venv $(PEERS) && $(PEERS)/bin/python -m pip install --quiet \
		--disable-pip-version-check -r $< && touch $@

bench: $(INSTALLED) $(PEERS)/installed ## Time the engines and the job beside their peers; DATA=<folder>, FULL=1 for a million rows and 5,000 pictures
	$(BIN)/python -m benchmarks.speed $(if $(DATA),--data "$(DATA)") $(if $(FULL),--full)

torture: $(INSTALLED) ## Kill the whole DAG again and again; KILLS=100, SEED=…
	$(BIN)/python -m tests.dag.torture $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

format: $(INSTALLED) ## Put the code into its format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Make the lock files anew (needs uv)
	uv pip compile --python 3.11 --all-extras --override requirements/overrides.txt \
		--generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements/requirements.lock
	uv pip compile --python 3.11 --group dev --constraint requirements/requirements.lock \
		--generate-hashes --no-emit-index-url --no-header -o requirements/dev.lock
	uv pip compile --python 3.11 --no-deps --generate-hashes --no-emit-index-url --no-header \
		requirements/cuda.in -o requirements/cuda.lock

clean: ## Remove what was installed and computed
	rm -rf .venv data build
