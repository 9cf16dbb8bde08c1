# Every target does its own set-up in .venv: a bare machine needs Python 3.11 or newer, make, bash and a network.
#
#   make benchmark ARGS="--preset full --input my-guitar.wav"      ARGS goes to the command that the target runs
#   make test ARGS="tests/audio -k resample"
#   make setup PYTHON=/opt/python3.12/bin/python3                 the Python to build .venv with
#   make setup CONSTRAINTS=                                       newest versions instead of the tested ones

SHELL := /bin/bash
PYTHON ?=
ARGS ?=
JOBS ?= auto
CONSTRAINTS ?= constraints.txt

VENV := .venv
RUN := $(VENV)/bin/python
STAMPS := $(VENV)/.stamps
CODE := circuitnn $(wildcard benchmarks)

# Compiled programs are kept between runs, inside the project.
export JAX_COMPILATION_CACHE_DIR := $(CURDIR)/.jax_cache
export JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS := 0.2
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Most of the tests' time is the compiler's. XLA's older way of writing kernels compiles in less than half of it; what is
# not run for long is not optimised either. Slow tests that train or fit, notebooks and `make benchmark` run as they do for
# users: with the older kernels a neural tone stack of the Bassman ends 0.75 dB off in a corner, in place of 0.08 dB.
SOON_COMPILED := --xla_cpu_parallel_codegen_split_count=1 \
  --xla_backend_extra_options=xla_cpu_disable_new_fusion_emitters=true,xla_cpu_small_while_loop_byte_threshold=300000
QUICK_TO_COMPILE := --xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true $(SOON_COMPILED)
# Programs, pages and identification run for long too, and are as exact with the older kernels.
LONGER := $(addprefix tests/,benchmarks docs estimation)
FIT := $(addprefix tests/,study tone train)

# One worker a core, and small matrices: threads of BLAS would only wait for each other.
TEST = OPENBLAS_NUM_THREADS=1 $(RUN) -m pytest -n $(JOBS) --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help setup setup-bench benchmark state-matching comparative hidden-modulation training-speed nodal-speed nodal-accuracy hard-circuits wdf-speed realtime tone-stacks klon recipes identification ledger second-order low-pass training-losses study-tests claims test lint format docs pages wheel notebooks constraints clean

help: ## this list
	@echo "circuitnn: differentiable audio circuits in JAX"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "ARGS=\"...\" is handed on, for example: make benchmark ARGS=\"--preset full\""

setup: $(STAMPS)/plots $(STAMPS)/dev $(STAMPS)/docs ## everything a developer needs, in .venv
	@echo "==> ready: $(RUN)"

setup-bench: $(STAMPS)/bench ## PyTorch, for the comparisons with it (large)
	@echo "==> PyTorch is ready in $(VENV)"

benchmark: $(STAMPS)/plots ## exposure bias of recurrent models on a diode clipper: the report, in minutes
	@echo "==> running the exposure-bias benchmark"
	@$(RUN) -m benchmarks.exposure_bias $(ARGS)

state-matching: $(STAMPS)/plots ## state-matched GRUs on an overdrive and on a phaser: a report, in minutes
	@echo "==> running the state-matching benchmark"
	@$(RUN) -m benchmarks.state_matching $(ARGS)

comparative: $(STAMPS)/plots ## networks of three published comparisons on overdrives, compressors and filters: a report
	@echo "==> running the comparative study"
	@$(RUN) -m benchmarks.comparative $(ARGS)

hidden-modulation: $(STAMPS)/plots ## a phaser whose oscillator is hidden, after a second of its output (minutes)
	@echo "==> running the hidden-modulation benchmark"
	@$(RUN) -m benchmarks.hidden_modulation $(ARGS)

training-speed: $(STAMPS)/plots $(STAMPS)/bench ## speed of a training step against PyTorch
	@echo "==> running the training-speed benchmark"
	@$(RUN) -m benchmarks.training_speed $(ARGS)

nodal-speed: $(STAMPS)/plots ## speed of the nodal model on the circuits of the catalogue, beside ngspice
	@echo "==> running the nodal-speed benchmark"
	@$(RUN) -m benchmarks.nodal_speed $(ARGS)

nodal-accuracy: $(STAMPS)/plots ## the nodal model against ngspice on the circuits of the catalogue
	@echo "==> running the nodal-accuracy benchmark"
	@$(RUN) -m benchmarks.nodal_accuracy $(ARGS)

hard-circuits: $(STAMPS)/plots ## circuits that solvers lose, 20 dB too loud, for a minute each (half an hour)
	@echo "==> running the hard-circuits benchmark"
	@$(RUN) -m benchmarks.hard_circuits $(ARGS)

wdf-speed: $(STAMPS)/plots ## speed of wave digital filters, beside the nodal model
	@echo "==> running the wdf-speed benchmark"
	@$(RUN) -m benchmarks.wdf_speed $(ARGS)

realtime: $(STAMPS)/plots ## what a second of sound costs in blocks of each size, in Python and in C (half an hour)
	@echo "==> running the realtime benchmark"
	@$(RUN) -m benchmarks.realtime $(ARGS)

tone-stacks: $(STAMPS)/plots ## neural filters that follow three tone stacks: errors, stability, cost (half an hour)
	@echo "==> running the tone-stack benchmark"
	@$(RUN) -m benchmarks.tone_stacks $(ARGS)

klon: $(STAMPS)/plots ## the whole Klon: its speed, and networks in its driven path (half an hour)
	@echo "==> running the Klon benchmark"
	@$(RUN) -m benchmarks.klon $(ARGS)

recipes: $(STAMPS)/plots ## what each network reaches on two pedals in ten minutes of training (hours)
	@echo "==> running the recipes benchmark"
	@$(RUN) -m benchmarks.recipes $(ARGS)

identification: $(STAMPS)/plots ## simulated units through identify: coverage of its intervals, wrong netlists found (hours)
	@echo "==> running the identification benchmark"
	@$(RUN) -m benchmarks.identification $(ARGS)

ledger: $(STAMPS)/plots ## laws that every circuit and device has to obey, and broken models to refuse (half an hour)
	@echo "==> running the ledger"
	@XLA_FLAGS="$(QUICK_TO_COMPILE) $$XLA_FLAGS" $(RUN) -m benchmarks.ledger $(ARGS)

second-order: $(STAMPS)/plots ## what helps models to learn the second-order clipper (half an hour)
	@echo "==> learning the second-order clipper"
	@$(RUN) -m benchmarks.second_order $(ARGS)

low-pass: $(STAMPS)/plots ## a resonant low pass at knob positions that models never saw (an hour and more)
	@echo "==> learning the low pass"
	@$(RUN) -m benchmarks.low_pass $(ARGS)

training-losses: $(STAMPS)/plots ## which loss to train with, by what a model of hearing says of the outcome (half an hour)
	@echo "==> training with each loss"
	@$(RUN) -m benchmarks.training_losses $(ARGS)

study-tests: $(STAMPS)/plots ## how often the tests of a study are wrong, on simulated ones (a quarter of an hour)
	@echo "==> simulating studies"
	@$(RUN) -m benchmarks.statistics $(ARGS)

claims: $(STAMPS)/plots ## what the pages of the studies claim, with commands; the quick ones made anew (minutes)
	@echo "==> checking claims"
	@$(RUN) -m benchmarks.claims $(ARGS)

test: $(STAMPS)/plots $(STAMPS)/dev ## the tests (without ngspice or PyTorch, what needs them is skipped)
	@echo "==> running the tests"
	@XLA_FLAGS="$(QUICK_TO_COMPILE) $$XLA_FLAGS" $(TEST) -m "not slow" $(ARGS)

test-slow: $(STAMPS)/plots $(STAMPS)/dev ## the tests that take more than a few seconds each
	@echo "==> running the slow tests"
	@failed=0; \
	$(TEST) -m slow $(or $(ARGS),$(FIT)) || failed=1; \
	$(if $(ARGS),,XLA_FLAGS="$(SOON_COMPILED) $$XLA_FLAGS" $(TEST) -m slow $(LONGER) || failed=1; \
	XLA_FLAGS="$(QUICK_TO_COMPILE) $$XLA_FLAGS" $(TEST) -m slow $(FIT:%=--ignore=%) $(LONGER:%=--ignore=%) || failed=1;) \
	exit $$failed

# What a user of pip gets: nothing of it needs this folder, make or bash.
wheel: $(STAMPS)/venv ## the package as a wheel in dist/, installed in a fresh environment and tried
	@echo "==> building the wheel"
	@rm -rf dist build/fresh
	@$(RUN) -m pip wheel --quiet --no-deps --wheel-dir dist .
	@echo "==> installing it in build/fresh"
	@$(RUN) -m venv build/fresh
	@build/fresh/bin/python -m pip install --quiet $(addprefix --constraint ,$(CONSTRAINTS)) dist/*.whl
	@echo "==> trying its command"
	@cd build && fresh/bin/circuitnn --version && fresh/bin/circuitnn check diode_clipper > check.txt && \
	  fresh/bin/circuitnn guitar fresh/in.wav --seconds 1 && \
	  fresh/bin/circuitnn run tube_screamer_clipping fresh/in.wav fresh/out.wav --volts 0.3 && \
	  fresh/bin/circuitnn response bassman -o fresh/bassman.csv
	@echo "==> dist/ has a wheel that works"

lint: $(STAMPS)/dev ## ruff (format and rules) and mypy
	@failed=0; \
	echo "==> ruff: format"; $(RUN) -m ruff format --check . || failed=1; \
	echo "==> ruff: rules"; $(RUN) -m ruff check . || failed=1; \
	echo "==> mypy: types"; $(RUN) -m mypy $(CODE) || failed=1; \
	exit $$failed

format: $(STAMPS)/dev ## put the files in order with ruff
	@$(RUN) -m ruff format .
	@$(RUN) -m ruff check --fix .

docs: $(STAMPS)/plots $(STAMPS)/docs ## the pages, in site/; runs the notebooks
	@echo "==> running the notebooks"
	@XLA_FLAGS="$(SOON_COMPILED) $$XLA_FLAGS" $(RUN) notebooks/execute.py --check
	@$(MAKE) --no-print-directory pages

pages: $(STAMPS)/plots $(STAMPS)/docs ## the pages, in site/, with the notebooks as they are (a minute)
	@echo "==> building the pages"
	@$(RUN) -m docs.tools.catalogue_page --check
	@$(RUN) -m docs.tools.schematics --check
	@$(RUN) -m docs.tools.devices_page --check
	@$(RUN) -m docs.tools.situations_page --check
	@NO_MKDOCS_2_WARNING=1 $(RUN) -m mkdocs build --strict --quiet
	@$(RUN) docs/tools/check_api.py site
	@echo "==> open site/index.html"

notebooks: $(STAMPS)/plots $(STAMPS)/docs ## run the notebooks and keep what they show
	@$(RUN) notebooks/execute.py $(ARGS)

constraints: $(STAMPS)/plots $(STAMPS)/dev $(STAMPS)/docs $(STAMPS)/bench ## write constraints.txt from what is installed
	@echo "# The versions that the tests run with, on Python 3.11. Written by make constraints, used by every target." > $@.new
	@$(RUN) -m pip freeze --exclude-editable --exclude pip | sed 's/+.*//' | grep -v -E '^(nvidia|cuda|triton)' >> $@.new
	@mv $@.new $@.txt

clean: ## remove caches and built pages (.venv and results/ stay)
	@rm -rf .jax_cache .pytest_cache .ruff_cache .mypy_cache .hypothesis site build dist
	@find . -name __pycache__ -type d -not -path './$(VENV)/*' -prune -exec rm -rf {} +
	@echo "==> removed caches and built pages; $(VENV) and results/ stay"

# ---- set-up ---------------------------------------------------------------------------------------------------------

IS_NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))

$(STAMPS)/venv:
	@found=; \
	for candidate in $(or $(PYTHON),python3 python3.11 python3.12 python3.13 python); do \
	  if "$$candidate" -c "$(IS_NEW_ENOUGH)" > /dev/null 2>&1; then found=$$candidate; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
	  echo "circuitnn needs Python 3.11 or newer, and found none among: $(or $(PYTHON),python3 python3.11 python3.12 python3.13 python)." >&2; \
	  for candidate in $(or $(PYTHON),python3); do \
	    echo "  $$candidate is: $$("$$candidate" --version 2>&1 | tail -n 1)" >&2; done; \
	  echo "Install one (Debian, Ubuntu: apt install python3.11 python3.11-venv; macOS: brew install python@3.11)," >&2; \
	  echo "or name it: make $(or $(MAKECMDGOALS),setup) PYTHON=/path/to/python3.11" >&2; \
	  exit 1; \
	fi; \
	if ! "$$found" -c "import ensurepip, venv" > /dev/null 2>&1; then \
	  echo "$$found ($$("$$found" --version)) has no venv module, which the set-up needs." >&2; \
	  echo "Install it (Debian, Ubuntu: apt install python3-venv), or name another Python with PYTHON=..." >&2; \
	  exit 1; \
	fi; \
	echo "==> making $(VENV) with $$("$$found" --version)"; \
	if [ -e $(VENV) ] && ! $(RUN) -c "$(IS_NEW_ENOUGH)" > /dev/null 2>&1; then clear=--clear; fi; \
	"$$found" -m venv $$clear $(VENV) || { \
	  echo "Could not make $(VENV) in $(CURDIR): is the folder writable, the disk full?" >&2; exit 1; }; \
	mkdir -p $(STAMPS) && touch $@

# plots, dev, docs, bench: the extras of pyproject.toml
$(STAMPS)/%: pyproject.toml $(CONSTRAINTS) | $(STAMPS)/venv
	@echo "==> installing circuitnn[$*] into $(VENV) (minutes the first time)"
	@set -o pipefail; \
	$(RUN) -m pip install --editable '.[$*]' $(addprefix --constraint ,$(CONSTRAINTS)) \
	  | awk '/^Collecting|^ +Downloading .*[0-9] [MG]B\)/ { sub(/ \(from.*/, ""); print "    " $$0; fflush() }' || { \
	  echo >&2; \
	  echo "Could not install what circuitnn[$*] needs; pip says above what failed." >&2; \
	  echo "Without a network, point pip at a folder of wheels: PIP_NO_INDEX=1 PIP_FIND_LINKS=/wheels make ..." >&2; \
	  echo "Where a tested version does not exist for this Python or machine: make $(or $(MAKECMDGOALS),setup) CONSTRAINTS=" >&2; \
	  exit 1; }
	@touch $@
