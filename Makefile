# `make demo` and `make test` are all a fresh machine needs, beside Python 3.11 or newer and a way to install packages.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
RELEASE := .venv-release
BIN := $(VENV)/bin
INSTALL := bin/python -m pip --disable-pip-version-check install --quiet
TESTED := $(INSTALL) --constraint constraints.txt
JOBS ?= 2
PRICES ?= ../shared/data/prices.parquet
RAW ?= ../shared/data/raw.parquet
GONE ?= ../shared/data/delisted
COUNT_CONFIGS ?= 100000
COUNT_FILES ?= 20000
COUNT_FLIPS ?= 1000
SEED ?= 0
FILINGS ?= ../shared/data/fundamentals/sec_edgar_point_in_time.parquet

.PHONY: help demo test test-all docs-run pages docs lint bench reading start orders events processors corrupted hostile flips fuzz sweeps rules gate universe parts after-tax optimisers intervals evidence kills mutants requirements licences vulnerabilities package fresh release-notes container sbom size picture clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1|\2/' | awk -F'|' '{printf "  %-15s %s\n", $$1, $$2}'

demo: $(VENV)/.installed ## install and run the quickstart on prices that come with the installation
	$(BIN)/engine run configs/quickstart.yaml

test: $(VENV)/.testable ## everything that must hold, documented examples too, in a few minutes
	$(BIN)/python -m pytest -n $(JOBS) --doctest-modules -m "not slow"

test-all: $(VENV)/.testable ## the same and the slow rest
	$(BIN)/python -m pytest -n $(JOBS) --doctest-modules

docs-run: $(VENV)/.testable ## every block of every page, the tour, and packages of others as they are installed: what of these is slow
	$(BIN)/python -m pytest -n $(JOBS) -m slow tests/test_docs_blocks.py tests/test_coming_from.py tests/library tests/plug_ins

pages: $(VENV)/.shown ## every kind of page in a real browser (Debian's chromium): widths, schemes, keys, axe, paper; then how fast they are there
	$(BIN)/python -m pytest -n $(JOBS) -m browser tests/browser
	$(BIN)/python benchmarks/pages.py

docs: $(VENV)/.documented ## the documentation site, into build/docs: warnings are errors, and nothing is fetched
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --fresh-env --doctree-dir build/docs-read docs build/docs

lint: $(VENV)/.testable ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.comparable $(BENCH)/.installed ## how long things take, beside other engines, on this machine
	$(BIN)/python benchmarks/bars.py
	$(BENCH)/bin/python -m pytest benchmarks --benchmark-only --benchmark-columns=min,median,iqr,rounds

reading: $(VENV)/.installed ## how long price files take to be read
	$(BIN)/python benchmarks/reading.py

start: $(VENV)/.installed ## how long commands take to begin; BEFORE= names a checkout of another state to set beside this one
	$(BIN)/python benchmarks/start.py $(BEFORE)

orders: $(VENV)/.installed ## how long orders of 200 positions take beyond the start of the program
	$(BIN)/python benchmarks/orders.py

events: $(VENV)/.testable ## raw closes with their events beside adjusted ones: every day above 1e-5 and its cause
	$(BIN)/python -m tests.support.reconciliation

processors: $(VENV)/.testable ## the same runs as on other processors: every file has to have the same bytes
	$(BIN)/python -m tests.support.processors

corrupted: $(VENV)/.testable ## read 20,000 damaged price files and count what becomes of them
	$(BIN)/python -m tests.support.corrupted_files $(COUNT_FILES)

hostile: $(VENV)/.testable ## a price server that breaks every rule, each kind in a process of its own: line, seconds, memory
	$(BIN)/python -m tests.support.hostile_server

flips: $(VENV)/.testable ## turn 1,000 bits each of a run, a sweep and a price store, and count how many are found and named
	$(BIN)/python -m tests.support.bit_flips $(COUNT_FLIPS)

fuzz: $(VENV)/.testable ## what nobody would write, as config, file, folder or journal: a table of what became of it; an hour
	JOBS=$(JOBS) $(BIN)/python -m tests.support.fuzz $(COUNT_CONFIGS) $(COUNT_FILES) $(SEED)

sweeps: $(VENV)/.installed ## whole sweeps: time beside their kernel's, threads, memory; PRICES= names your own
	$(BIN)/python benchmarks/bars.py --rounds 3 --prices $(PRICES)

rules: $(VENV)/.installed ## every rule of configs/rules on one history, as benchmarks/studies/rules.md; PRICES= and FILINGS= name your own
	$(BIN)/python benchmarks/studies/rules.py --prices $(PRICES) --filings $(FILINGS)

gate: $(VENV)/.installed ## a quality gate on one history, beside the plan without, as benchmarks/studies/gate.md; PRICES= and FILINGS= name your own
	$(BIN)/python benchmarks/studies/gate.py --prices $(PRICES) --filings $(FILINGS)

universe: $(VENV)/.installed ## a dated list with names that are gone, as benchmarks/studies/universe.md; PRICES= and GONE= name your own
	$(BIN)/python benchmarks/studies/universe.py --prices $(PRICES) --gone $(GONE)

parts: $(VENV)/.installed ## what the difference to buy-and-hold is made of, for every config, as benchmarks/studies/parts.md; PRICES= names your own
	$(BIN)/python benchmarks/studies/parts.py --prices $(PRICES)

after-tax: $(VENV)/.installed ## what a plan can do about its taxes, as benchmarks/studies/after_tax.md; RAW= names your own
	$(BIN)/python benchmarks/studies/after_tax.py --prices $(RAW)

optimisers: $(BENCH)/.installed ## every objective walked forward, as benchmarks/studies/optimisers.md, beside skfolio and cvxportfolio
	$(BENCH)/bin/python benchmarks/studies/optimisers.py --prices $(PRICES)

intervals: $(VENV)/.installed ## how often intervals hold the true difference, as benchmarks/studies/intervals.md; ten minutes
	$(BIN)/python benchmarks/studies/intervals.py

evidence: $(VENV)/.installed ## how often tests of a whole sweep are wrong, and what they find, as benchmarks/studies/evidence.md; a few minutes
	$(BIN)/python benchmarks/studies/evidence.py

kills: $(VENV)/.testable ## kill, interrupt and starve commands at every system call that changes a file, and count what is lost; hours
	$(BIN)/python -m tests.support.kills

mutants: $(VENV)/.mutable ## break the core on purpose and count what the tests notice; an hour or two
	$(BIN)/python benchmarks/mutants.py

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; set PYTHON=") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)

# without bytecode of all modules, of which most are never imported: that is a quarter of the time, and 240 MB;
# without asking what each requires, for the file names all of it
$(VENV)/.installed: $(VENV)/bin/python pyproject.toml requirements-demo.txt
	$(VENV)/$(INSTALL) --no-compile --no-deps --require-hashes --only-binary :all: --requirement requirements-demo.txt
	$(VENV)/$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# empyrical-reloaded, of pyfolio-reloaded, asks for a peewee that is an old source archive, and never imports it
$(VENV)/.testable: $(VENV)/.installed constraints.txt
	$(VENV)/$(TESTED) --no-build-isolation --editable '.[test]'
	$(VENV)/$(TESTED) --no-deps empyrical-reloaded pyfolio-reloaded
	@touch $@

$(VENV)/.shown: $(VENV)/.testable
	$(VENV)/$(TESTED) --no-build-isolation --editable '.[test,pages]'
	@touch $@

$(VENV)/.documented: $(VENV)/.installed constraints.txt
	$(VENV)/$(TESTED) --no-build-isolation --editable '.[docs]'
	@touch $@

$(VENV)/.comparable: $(VENV)/.testable
	$(VENV)/$(TESTED) --no-build-isolation --editable '.[test,bench]'
	@touch $@

$(BENCH)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/$(TESTED) --editable '.[test,bench,bench-cvxpy]'
	@touch $@

$(VENV)/.mutable: $(VENV)/.testable
	$(VENV)/$(TESTED) --no-build-isolation --editable '.[test,mutants]'
	@touch $@

$(RELEASE)/.installed: $(VENV)/bin/python constraints.txt
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/$(TESTED) build cyclonedx-bom pip-audit setuptools uv
	@touch $@

requirements: $(RELEASE)/.installed ## write requirements-demo.txt: what the demo installs, the extras audit and sample among it, in the versions of constraints.txt, with hashes for every platform
	echo setuptools | $(RELEASE)/bin/uv pip compile --quiet --universal --python-version 3.11 --constraint constraints.txt --upgrade \
		--generate-hashes --only-binary :all: --no-annotate --custom-compile-command "make requirements" \
		--output-file requirements-demo.txt --extra audit --extra sample pyproject.toml -

licences: $(VENV)/.installed ## write docs/licences.md from what the packages say themselves
	$(BIN)/python docs/licences.py

vulnerabilities: $(RELEASE)/.installed ## ask the Python Packaging Advisory Database about every version that the demo installs
	$(RELEASE)/bin/pip-audit --strict --require-hashes --disable-pip --requirement requirements-demo.txt

package: $(RELEASE)/.installed ## build wheel and source archive into dist
	rm -rf dist
	$(RELEASE)/bin/python -m build --quiet --no-isolation

fresh: package $(VENV)/.installed ## install the wheel, and each extra, as a new user would, outside the tree; print what they take; minutes
	$(BIN)/python -m tests.support.fresh_installs

release-notes: ## print the newest section of the changelog; TAG=v0.2.0: that of a version, which has to be this one
	@$(PYTHON) docs/release_notes.py $(if $(TAG),--tag $(TAG))

container: ## build the image of the demo with docker
	docker build --tag portfolio-engine .

sbom: $(RELEASE)/.installed ## write dist/sbom.json: what the demo installs as CycloneDX, with hashes; no time and no number of its own in it
	mkdir -p dist
	$(RELEASE)/bin/cyclonedx-py requirements --output-reproducible --pyproject pyproject.toml --output-file dist/sbom.json requirements-demo.txt

size: $(VENV)/.installed ## how much disk the installation takes, in MB, the largest packages first
	@du -sm $(VENV)/lib/python*/site-packages $(VENV)/lib/python*/site-packages/* | sort -rn | head -n 16

picture: ## draw the rooms and who imports whom from the imports, into docs/architecture.md
	$(PYTHON) docs/picture.py

clean: ## remove what was installed, built and cached here; runs are yours and stay
	rm -rf $(VENV) $(BENCH) $(RELEASE) build *.egg-info .benchmarks .pytest_cache .mypy_cache .ruff_cache .hypothesis
