# `make demo` and `make test` are all a fresh machine needs, beside Python 3.11 or newer and a way to install packages.
PYTHON ?= python3
VENV := .venv
BENCH := .venv-bench
RELEASE := .venv-release
BIN := $(VENV)/bin
INSTALL := bin/python -m pip --disable-pip-version-check install --quiet --no-compile
TESTED := $(INSTALL) --constraint constraints.txt
JOBS ?= 2
PRICES ?= ../shared/data/prices.parquet
GONE ?= ../shared/data/delisted
COUNT_CONFIGS ?= 100000
COUNT_FILES ?= 20000
SEED ?= 0
FILINGS ?= ../shared/data/fundamentals/sec_edgar_point_in_time.parquet

