# `make run` and `make test` set everything up on a fresh machine with Python 3.11, gcc and make.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALLED := .venv/installed
PEERS := build/peers

.PHONY: help run test check accuracy bench torture format lock clean

help: ## List the targets
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

# The lock names every package, so pip resolves nothing: --no-deps prevents dlib from being
# compiled and opencv-python from overwriting opencv-python-headless.
$(INSTALLED): requirements/requirements.lock requirements/dev.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements/requirements.lock -r requirements/dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

run: $(INSTALLED) ## Run the main job on the drawn sample; it prints where the results are
	$(BIN)/thumbnail-tasks export examples/videos.csv --images-dir examples/images --out sample-data

test: $(INSTALLED) ## Run the whole test suite
	tests/browser/install.sh
	$(BIN)/python -m pytest

check: $(INSTALLED) ## Lint, check types and spelling, run the fast tests with coverage
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/codespell
	$(BIN)/python -m pytest -m "not dag and not model and not browser" --cov --cov-report=term

accuracy: $(INSTALLED) ## Measure the engines' accuracy beside their peers; DATA=<folder of labelled data>
	$(BIN)/python -m benchmarks.accuracy $(if $(DATA),--data "$(DATA)")

# Packages that conflict with the lock; if they cannot be installed, the table says so.
$(PEERS)/installed: benchmarks/speed/requirements.txt
	-$(PYTHON) -m venv $(PEERS) && $(PEERS)/bin/python -m pip install --quiet \
		--disable-pip-version-check -r $< && touch $@

bench: $(INSTALLED) $(PEERS)/installed ## Time the engines and the job beside their peers; DATA=<folder>, FULL=1 for a million rows and 5,000 pictures
	$(BIN)/python -m benchmarks.speed $(if $(DATA),--data "$(DATA)") $(if $(FULL),--full)

torture: $(INSTALLED) ## Kill the whole DAG repeatedly; KILLS=100, SEED=…
	$(BIN)/python -m tests.dag.torture $(if $(KILLS),--kills $(KILLS)) $(if $(SEED),--seed $(SEED))

format: $(INSTALLED) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Regenerate the lock files (needs uv)
	uv pip compile --python 3.11 --all-extras --override requirements/overrides.txt \
		--generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements/requirements.lock
	uv pip compile --python 3.11 --group dev --constraint requirements/requirements.lock \
		--generate-hashes --no-emit-index-url --no-header -o requirements/dev.lock
	uv pip compile --python 3.11 --no-deps --generate-hashes --no-emit-index-url --no-header \
		requirements/cuda.in -o requirements/cuda.lock

clean: ## Remove what was installed and built; results stay
	rm -rf .venv build thumbnail_tasks.egg-info
