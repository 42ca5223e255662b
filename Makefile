# Two commands do everything on a machine with Python 3.11 or newer: `make run` and `make test`.
# Each target brings its own environment up to date first; stamps in .venv make repeats instant.

# Candidates, tried in this order; name another with `make run PYTHON=/path/to/python3.12`.
PYTHON ?= python3 python3.13 python3.12 python3.11
VENV ?= .venv
BIN := $(VENV)/bin
VENV_CLOUD ?= .venv-cloud
CDK := tools/cdk/node_modules/.bin/cdk
# Which deployment the AWS targets mean: dev, staging, prod, or a name of your own.
STAGE ?= dev
# Extra arguments for the command a target runs: `make test ARGS='-k labels'`.
ARGS ?=

MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run demo test test-waiting test-others crash-test mock-test live-test check bench lock upgrade prices clean synth bootstrap deploy destroy cloud cloud-test cost
.PHONY: install install-dev compile-locks check-format check-lint check-imports check-types check-machines check-asl check-locks check-packages

help:  ## List what there is.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-16s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: $(VENV)/.run  ## Install, do the main job on the model that ships, and keep serving. Ctrl-C stops it.
	@exec $(BIN)/promptpilot demo --keep-serving $(ARGS)

demo: $(VENV)/.run  ## Do the main job once; succeeds only if it truly worked.
	@exec $(BIN)/promptpilot demo $(ARGS)

# Half of the tests mostly wait for servers and clocks, so both halves run at the same time.
WAITING = tests/conformance tests/embedded tests/engine tests/live

test: $(VENV)/.dev  ## Run all tests (ARGS='-k word' picks some).
	@$(if $(ARGS),exec $(BIN)/pytest $(ARGS),$(MAKE) -j2 test-waiting test-others)

test-waiting: $(VENV)/.dev
	@exec $(BIN)/pytest $(WAITING)

test-others: $(VENV)/.dev
	@exec $(BIN)/pytest $(addprefix --ignore=,$(WAITING))


crash-test: $(VENV)/.dev  ## Kill the process at every write that a workflow of all kinds of steps makes.
	@exec $(BIN)/pytest -m every_write tests/embedded/test_crash_points.py $(ARGS)

# Outside of `make test`, which needs neither Node nor a network.
mock-test: $(VENV)/.dev tools/aimock/node_modules  ## Call a mock server of the vendors' formats that others wrote (needs Node 20.15 and npm).
	@exec $(BIN)/pytest tests/contract/test_vendor_fakes.py $(ARGS)

# Outside of `make test`: it needs keys and a network, and costs under a cent.
live-test: $(VENV)/.dev  ## Call the vendors whose keys are in the environment (OPENAI_API_KEY, ...); skips the others.
	@exec $(BIN)/pytest tests/live_vendors --force-enable-socket -v -rs $(ARGS)

check: check-format check-lint check-imports check-types check-machines check-locks  ## Formatting, lint, import contracts, types, state machines, locks.

bench: $(VENV)/.dev  ## Measure against the floors and print the figures (ARGS='http chain cold', '--peers').
	@exec $(BIN)/python -m bench $(ARGS)

synth: $(VENV)/.cdk  ## Write the AWS templates of STAGE to cdk.out; needs no account and no network.
	$(BIN)/python app.py -c stage=$(STAGE) $(ARGS)

bootstrap: $(VENV)/.cdk $(CDK)  ## Once for an AWS account and region: prepare it for deployments.
	$(CDK) bootstrap --app "$(BIN)/python app.py" -c stage=$(STAGE) $(ARGS)

deploy: $(VENV)/.cdk $(CDK)  ## Deploy STAGE to the AWS account of your credentials, then upload the web app.
	@mkdir -p build
	$(CDK) deploy --app "$(BIN)/python app.py" --all -c stage=$(STAGE) --require-approval never --outputs-file build/outputs.json $(ARGS)
	$(BIN)/python -m cloud.upload_web build/outputs.json

destroy: $(VENV)/.cdk $(CDK)  ## Remove STAGE from the AWS account; what prod keeps on purpose stays.
	$(CDK) destroy --app "$(BIN)/python app.py" --all -c stage=$(STAGE) $(ARGS)

cloud: $(VENV)/.run $(VENV)/.cdk $(VENV_CLOUD)/.installed  ## Deploy to an emulated cloud on this machine and keep it running. Ctrl-C stops it.
	@exec $(BIN)/python -m cloud $(ARGS)

cloud-test: $(VENV)/.dev $(VENV_CLOUD)/.installed  ## Prove the deployment end to end on an emulated cloud.
	@exec $(BIN)/pytest tests/cloud $(ARGS)

cost: $(VENV)/.dev $(VENV_CLOUD)/.installed  ## Price 1,000 executions and an idle month, from the templates and counted calls.
	@exec $(BIN)/python -m cloud.cost $(ARGS)

lock: $(BIN)/uv  ## Write the lock files anew after a change of a requirements*.in; versions stay where they may.
	@$(MAKE) compile-locks

upgrade: $(BIN)/uv  ## Like lock, but with the newest versions.
	@$(MAKE) compile-locks COMPILE_FLAGS=--upgrade

prices: $(VENV)/.dev  ## Write the prices of models anew, from the genai-prices that is installed.
	$(BIN)/python -m tools.model_prices

clean:  ## Remove what the targets made. Your data in .promptpilot stays.
	rm -rf $(VENV) $(VENV_CLOUD) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis bench/results tools/*/node_modules cdk.out build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- Environment ---------------------------------------------------------------------------------

install: $(VENV)/.run  ## Only bring the environment up to date.
install-dev: $(VENV)/.dev  ## The same with what tests, checks and benchmarks need.

# The lock files name every package with its hashes, so nothing has to be resolved (--no-deps). uv takes seconds where
# pip takes half a minute; where uv does not run, or does not reach the package index that pip is set up for, pip does it.
define install_locked
	@echo "Installing $(1)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(1) || \
	 { echo "Installing with pip instead of uv; this takes longer."; $(BIN)/python -m pip install --quiet --no-deps --require-hashes -r $(1); }
endef

$(BIN)/uv: requirements-uv.txt
	@python=$$(for candidate in $(PYTHON); do \
	   if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$candidate"; break; fi; done); \
	 if [ -z "$$python" ]; then \
	   echo "PromptPilot Pro needs Python 3.11 or newer. Tried: $(PYTHON). Name one with PYTHON=/path/to/python3." >&2; exit 1; fi; \
	 echo "Making $(VENV) with $$("$$python" --version)"; "$$python" -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --no-deps --require-hashes --only-binary :all: -r $< || \
	 { echo "uv is not to be had here; pip will install the rest."; printf '#!/bin/sh\nexit 1\n' > $@; chmod +x $@; }
	@touch $@

$(VENV)/.run: $(BIN)/uv requirements.txt pyproject.toml
	$(call install_locked,requirements.txt)
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable . || \
	 $(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.cdk: $(BIN)/uv requirements-cdk.txt
	$(call install_locked,requirements-cdk.txt)
	@touch $@

tools/cdk/node_modules: tools/cdk/package-lock.json
	cd tools/cdk && npm ci --no-audit --no-fund
	@touch $@

$(CDK): tools/cdk/node_modules ;

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(call install_locked,requirements-dev.txt)
	@touch $@

# The emulator pins libraries that ours must be free of, so it has an environment of its own.
$(VENV_CLOUD)/.installed: $(BIN)/uv requirements-cloud.txt
	@echo "Installing requirements-cloud.txt"
	@$(BIN)/python -m venv $(VENV_CLOUD)
	@$(BIN)/uv pip install --quiet --python $(VENV_CLOUD)/bin/python --no-deps --require-hashes -r requirements-cloud.txt || \
	 $(VENV_CLOUD)/bin/python -m pip install --quiet --no-deps --require-hashes -r requirements-cloud.txt
	@touch $@

# The development lock keeps to the versions of the other, so that one .venv serves both.
COMPILE = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--excludes requirements-excludes.txt --custom-compile-command "make lock" $(COMPILE_FLAGS)

# The layers of the Lambda functions keep to the same versions. Lambda lays them over each other, so what the runtime
# layer has is in no other: a folder with a requirements.in is a layer upon that one.
LAYER_CONSTRAINTS = -c requirements.txt -c requirements-cdk.txt
LAYER_LOCKS = $(patsubst %.in,%.txt,$(filter-out layers/runtime/%,$(wildcard layers/*/requirements.in)))

compile-locks:
	$(COMPILE) requirements-uv.in -o requirements-uv.txt
	$(COMPILE) requirements.in -o requirements.txt
	$(COMPILE) -c requirements.txt requirements-cdk.in -o requirements-cdk.txt
	$(COMPILE) -c requirements.txt -c requirements-cdk.txt requirements-dev.in -o requirements-dev.txt
	$(COMPILE) $(LAYER_CONSTRAINTS) layers/runtime/requirements.in -o layers/runtime/requirements.txt
	@set -e; for lock in $(LAYER_LOCKS); do $(COMPILE) $(LAYER_CONSTRAINTS) -c layers/runtime/requirements.txt \
	  $$(sed -n 's/^\([a-z0-9-]*\)==.*/--no-emit-package \1/p' layers/runtime/requirements.txt) $${lock%.txt}.in -o $$lock; done
	$(COMPILE) requirements-cloud.in -o requirements-cloud.txt

# --- Checks --------------------------------------------------------------------------------------

check-format: $(VENV)/.dev
	$(BIN)/ruff format --check .

check-lint: $(VENV)/.dev
	$(BIN)/ruff check .

check-imports: $(VENV)/.dev
	$(BIN)/lint-imports

check-types: $(VENV)/.dev
	$(BIN)/mypy
	$(BIN)/mypy bench tools cloud
	$(BIN)/mypy stacks app.py

check-machines: $(VENV)/.dev
	$(BIN)/python -m tools.state_machines build/asl
	$(BIN)/python -m tools.lint_machines build/asl

check-asl: check-machines tools/asl/node_modules  ## Also check the state machines with asl-validator (needs Node and npm).
	$(BIN)/python -m tools.state_machines build/asl-random --random 50
	cd tools/asl && npx --no-install asl-validator $$(printf -- ' --json-path %s' $(CURDIR)/build/asl/*.json $(CURDIR)/build/asl-random/*.json)

tools/asl/node_modules: tools/asl/package-lock.json
	cd tools/asl && npm ci --no-audit --no-fund
	@touch $@

tools/aimock/node_modules: tools/aimock/package-lock.json
	cd tools/aimock && npm ci --no-audit --no-fund
	@touch $@

# Outside of `make test`, which needs no network: the layers are installed from the package index.
check-packages: $(VENV)/.dev  ## Build what the Lambda functions are made of, and check that it is complete and small.
	$(BIN)/pytest -m packages tests/packaging $(ARGS)

# A lock is up to date when making it anew, starting from itself, changes nothing.
check-locks: $(VENV)/.dev
	@anew=$$(mktemp -d) && trap 'rm -rf "$$anew"' EXIT && cp --parents requirements* layers/*/requirements* "$$anew" && \
	 $(MAKE) -s -C "$$anew" -f "$(CURDIR)/Makefile" VENV="$(abspath $(VENV))" compile-locks && \
	 for lock in requirements*.txt layers/*/requirements.txt; do cmp -s "$$lock" "$$anew/$$lock" || { echo "$$lock is not up to date: run make lock" >&2; exit 1; }; done
	@echo "The lock files are up to date."
