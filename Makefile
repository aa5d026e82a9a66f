# SPDX-License-Identifier: BSD-3-Clause-Clear
# make demo   encode and decode the sample photographs, write out/demo.html
# make test   linters, types, tests
# make wheel  dist/refsw-*.whl      make clean  forget everything that make made

PYTHON ?= $(shell for p in python3.11 python3 python3.12 python3.13 python; do \
	$$p -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
JOBS ?= 2
STRICT = refsw/syntax refsw/container refsw/entropy refsw/exact refsw/lossless refsw/tools refsw/decode/lossless.py refsw/decode/filters.py refsw/decode/tools.py refsw/spec.py refsw/io refsw/config.py refsw/configfile.py refsw/numerics.py refsw/memory.py refsw/pillow.py \
	refsw/cli/common.py refsw/cli/tools.py refsw/cli/payloads.py refsw/cli/new_tool.py refsw/cli/enc.py refsw/cli/dec.py refsw/cli/dump.py refsw/cli/probe.py refsw/cli/batch.py refsw/cli/workers.py refsw/cli/extract.py \
	$(wildcard refsw/ctc/*.py) refsw/ctc/anchors refsw/ctc/engines refsw/ctc/metrics refsw/ctc/report refsw/cli/ctc.py refsw/cli/ctc_options.py refsw/cli/ctc_show.py $(wildcard conformance)
BIN = .venv/bin
PIP = $(BIN)/python -m pip --disable-pip-version-check install -qq

.PHONY: demo test lint wheel clean

demo: .venv/installed
	$(BIN)/python tools/demo.py --samples samples --config cfg/base.yaml --out out

# pytest comes last, so that its closing line is the last line.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(JOBS)

lint: .venv/installed-test
	$(BIN)/ruff check .
	$(BIN)/mypy $(wildcard $(STRICT))

wheel: .venv/installed
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --no-deps --wheel-dir dist .

.venv/installed: pyproject.toml
	@test -n "$(PYTHON)" || { echo "refsw needs Python 3.11 or later; name it with: make PYTHON=/path/to/python3" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) --editable .
	@touch $@

.venv/installed-test: .venv/installed
	$(PIP) --editable '.[test]'
	@touch $@

clean:
	rm -rf .venv out build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
