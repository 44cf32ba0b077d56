# demo, test, check and bench set up all they need by themselves, in .venv and its like beside this file.

PORT ?= 8080
MINUTES ?= 10
SOAK_OBJECTS ?= 2000
SOAK_HISTORIES ?= 400
PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.10,$(if $(call supported,$(name)),$(name))))
# PYTHON=... chooses the Python to set up with; deploy.sh reads a variable of this name too, and means another.
unexport PYTHON
supported = $(shell $(1) -c 'import sys; print("yes" if (3, 10) <= sys.version_info < (3, 14) else "")' 2>/dev/null)

EXPORT_SOURCES := $(shell find export pages predictor examples/digits/saved_model -type f -not -name "*.pyc")
CODE := main.py deployment emulator evaluation export pages predictor results service settings storage backfill tests examples benchmarks
TENSORFLOW_JS := tests/export/javascript
INSTALL := -m pip install --disable-pip-version-check --progress-bar off --quiet
# Every Python that is supported, in one file: what differs between them has a marker.
LOCK := UV_PYTHON_DOWNLOADS=never UV_CUSTOM_COMPILE_COMMAND="make lock" .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.10 --no-annotate

.DEFAULT_GOAL := help
.PHONY: help demo emulate test soak fuzz load check format lock bench clean

help: ## Show what there is to make.
	@sed -n 's/^\([a-z]*\):[^#]*## \(.*\)/\1 \2/p' Makefile | while read -r name text; do printf '%-9s %s\n' "$$name" "$$text"; done

demo: build/digits.onnx ## Convert the example and serve it on PORT.
	@echo
	@echo "Serving on port $(PORT); stop with Ctrl-C. Open http://localhost:$(PORT)/ or, in another terminal:"
	@echo "  curl --data-binary @examples/digits/samples/3.png 'localhost:$(PORT)/?top_k=3'"
	@MODEL=$< .venv/bin/functions-framework --target classify --port $(PORT)

emulate: build/digits.onnx ## Label uploads to a local Cloud Storage.
	@.venv/bin/python -m emulator.labelling $<

test: .venv/dev .venv-runtime/installed .venv-lowest/installed .venv-backfill/installed $(TENSORFLOW_JS)/node_modules/installed build/digits.onnx ## Run every test, a file on each processor at a time.
	DIGITS_MODEL=build/digits.onnx .venv/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder
	DIGITS_MODEL=build/digits.onnx .venv-backfill/bin/python -m pytest -n auto --dist loadfile --no-loadscope-reorder tests/backfill

soak: .venv/dev .venv-backfill/installed build/digits.onnx ## Label SOAK_OBJECTS uploads with faults, and try SOAK_HISTORIES histories; takes some minutes.
	SOAK_OBJECTS=$(SOAK_OBJECTS) PROMISE_EXAMPLES=$(SOAK_HISTORIES) .venv/bin/python -m pytest -s tests/service/upload/test_soak.py tests/service/upload/test_promise.py
	DIGITS_MODEL=build/digits.onnx BACKFILL_EXAMPLES=$(SOAK_HISTORIES) .venv-backfill/bin/python -m pytest tests/backfill/test_race.py

fuzz: .venv/dev build/digits.onnx ## Try mutated pictures and requests for MINUTES.
	.venv/bin/python -m tests.fuzz build/digits.onnx --seconds $$(($(MINUTES) * 60))

load: .venv/dev build/digits.onnx ## Ask a local function with 64 clients for a minute.
	.venv/bin/python -m tests.load build/digits.onnx

check: .venv/dev ## Check format, lint and types.
	.venv/bin/ruff format --check $(CODE)
	.venv/bin/ruff check $(CODE)
	.venv/bin/mypy

format: .venv/dev ## Format the code, and mend what lint can mend.
	.venv/bin/ruff check --fix $(CODE)
	.venv/bin/ruff format $(CODE)

lock: .venv/dev ## Renew the versions that are deployed, exported and backfilled with.
	$(LOCK) requirements.txt --output-file constraints.txt
	$(LOCK) export/requirements.txt --output-file export/constraints.txt
	$(LOCK) backfill/requirements.txt --output-file backfill/constraints.txt

bench: .venv/bench .venv-bench/installed .venv-runtime/installed .venv-backfill/installed ## Measure ARGS (default: all, in forty minutes) beside the alternatives.
	@.venv/bin/python -m benchmarks $(ARGS)

clean: ## Remove all that was set up or built.
	rm -rf .venv .venv-runtime .venv-lowest .venv-bench .venv-backfill build $(TENSORFLOW_JS)/node_modules

build/digits.onnx: $(EXPORT_SOURCES) | .venv/export
	@mkdir -p build
	.venv/bin/python -m export examples/digits/saved_model -o $@ --drawing white-on-black

.venv/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.10 to 3.13 was found; set PYTHON to one."; exit 1; }
	@echo "Setting up .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv || { echo "Python's venv module is missing; on Debian: apt install python3-venv"; exit 1; }
	@touch $@

.venv/export: requirements.txt export/requirements.txt export/constraints.txt | .venv/python
	@echo "Installing TensorFlow and onnxruntime into .venv; this takes a minute or two, once"
	@.venv/bin/python $(INSTALL) -r export/requirements.txt -c export/constraints.txt
	@touch $@

.venv/dev: requirements.txt export/requirements.txt export/constraints.txt requirements-dev.txt | .venv/python
	@echo "Installing what the tests need into .venv; this takes a minute or two, once"
	@.venv/bin/python $(INSTALL) -r requirements-dev.txt -c export/constraints.txt
	@touch $@ .venv/export

.venv/bench: benchmarks/requirements.txt | .venv/export
	@.venv/bin/python $(INSTALL) -r $<
	@touch $@

# The other servers want other versions of what they share with us, and the resolver of a recent pip.
.venv-bench/installed: benchmarks/requirements-peers.txt | .venv/python
	@echo "Installing other servers into .venv-bench, to compare with; this takes a minute, once"
	@$(PYTHON) -m venv .venv-bench
	@.venv-bench/bin/python $(INSTALL) --upgrade pip
	@.venv-bench/bin/python $(INSTALL) -r $<
	@touch $@

# Beam wants older versions of some packages than the function has.
.venv-backfill/installed: requirements.txt backfill/requirements.txt backfill/constraints.txt tests/backfill/requirements.txt | .venv/python
	@echo "Installing Apache Beam into .venv-backfill; this takes a minute, once"
	@$(PYTHON) -m venv .venv-backfill
	@.venv-backfill/bin/python $(INSTALL) -r tests/backfill/requirements.txt -c backfill/constraints.txt
	@touch $@

.venv-runtime/installed: requirements.txt constraints.txt | .venv/python
	@echo "Installing what is deployed into .venv-runtime"
	@$(PYTHON) -m venv .venv-runtime
	@.venv-runtime/bin/python $(INSTALL) -r requirements.txt -c constraints.txt
	@touch $@

.venv-lowest/installed: requirements.txt | .venv/dev
	@echo "Installing the lowest versions that requirements.txt allows into .venv-lowest"
	@$(PYTHON) -m venv .venv-lowest
	@.venv/bin/uv pip install --quiet --python .venv-lowest/bin/python --resolution lowest-direct -r requirements.txt
	@touch $@

# Without npm, or where it fails, the tests that ask TensorFlow.js are skipped, and say so.
$(TENSORFLOW_JS)/node_modules/installed: $(TENSORFLOW_JS)/package-lock.json
	@if command -v npm >/dev/null; then \
		echo "Installing TensorFlow.js into $(TENSORFLOW_JS), for the tests"; \
		npm ci --prefix $(TENSORFLOW_JS) --no-audit --no-fund --silent && touch $@ || true; \
	fi
