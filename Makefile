# make            set up .venv and run the embedded default
# make test       set up .venv and run all tests (WORKERS=2 at a time)
# make quick      the tests without the slow ones
# make format     put every file into the house style
# make graph      draw the steps and the jobs as SVG (needs graphviz)
# make docs       build the documentation into site/index.html
# make readme     update the generated parts of the documentation

PYTHON ?= python3
CORES ?= $(shell nproc 2>/dev/null || echo 2)
WORKERS ?= 2
BIN := .venv/bin

.PHONY: run setup setup-test test quick format lint graph readme docs

run: setup
	$(BIN)/snakemake --cores $(CORES)

setup: .venv/ready
setup-test: .venv/ready-test

# The exact pins first; then the package itself, in place and without looking at its own ranges.
.venv/ready: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -r requirements.txt
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	touch $@

.venv/ready-test: .venv/ready requirements-test.txt requirements-docs.txt
	$(BIN)/python -m pip install --quiet -r requirements-test.txt
	touch $@

# Tests of one file share what they have made, so they stay on one worker. Threads that wait for one
# another must not spin while the other worker wants the cores.
test: setup-test lint
	OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadscope --durations 20

quick: setup-test
	$(BIN)/python -m pytest -m "not slow"

lint: setup-test
	$(BIN)/ruff check --no-cache .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/snakefmt --check Snakefile workflow/rules
	$(BIN)/snakemake --lint

format: setup-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt Snakefile workflow/rules

# Without `all`, to which everything leads, without what follows from other arrows (tred), and without
# the digests at the end of the names of a sweep's variants; from left to right.
DRAWN = sed -E -e '/label = "all"/d' -e '/-> 0$$/d' -e 's/graph\[/graph[rankdir=LR, /' \
	-e 's/(: [^ "]*\.[^ "]*)-[0-9a-f]{6}"/\1"/' | tred | dot -Tsvg
graph: setup
	$(BIN)/snakemake --rulegraph 2>/dev/null | $(DRAWN) > rulegraph.svg
	$(BIN)/snakemake --dag 2>/dev/null | $(DRAWN) > dag.svg

readme: setup-test
	PYTHONPATH=src:tests $(BIN)/python tests/workflow/test_documented_workflow.py
	PYTHONPATH=src:tests $(BIN)/python tests/data/test_hostile_inputs.py

docs: setup-test
	$(BIN)/python docs/_extensions/generate.py
	$(BIN)/sphinx-build --quiet --fresh-env --fail-on-warning --keep-going -c docs . site
	@echo "open site/index.html"
