# Set-up, demo, tests. Needs Python 3.11 or newer and make; uv is used where it is there.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TRYTON := .venv-tryton
PEERS := .venv-bench
UV := $(shell command -v uv 2>/dev/null)

.PHONY: demo demo-reset setup up test check bench bench-full lock

demo: $(VENV)/runtime
	@$(BIN)/approdo demo

demo-reset: $(VENV)/runtime
	@$(BIN)/approdo demo --reset

setup: $(VENV)/runtime

up: $(VENV)/runtime
	@$(BIN)/approdo up

# On each database everything that touches one.
test: $(VENV)/dev $(TRYTON)/ready
	@sh tools/test-services.sh
	@$(BIN)/python -m compileall -q src tests
	@sh tools/tests.sh $(BIN)

check: $(VENV)/dev
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@APPRODO_HOME=$$(mktemp -d) DJANGO_SETTINGS_MODULE=approdo.settings $(BIN)/python -m django makemigrations --check --dry-run
	$(BIN)/python tools/translations.py --check

bench: $(VENV)/dev $(PEERS)/ready
	@$(BIN)/python -m compileall -q src tests bench
	$(call on_both,bench/store.py)
	$(BIN)/python bench/import_orders.py
	$(BIN)/python bench/quota.py
	$(BIN)/python bench/while_downloading.py
	$(BIN)/python bench/engine.py
	$(BIN)/python bench/start.py
	$(call on_both,bench/documents.py)
	$(call on_both,bench/export.py)
	@$(draw)

# Takes its time, and disk: a million documents of ten lines.
bench-full: bench
	$(BIN)/python bench/import_orders.py --orders 100000 --peer-orders 0
	$(BIN)/python bench/import_orders.py --orders 10000 --only-new --peer-orders 0 --database sqlite
	$(BIN)/python bench/import_orders.py --orders 1000000 --only-new --peer-orders 0 --database sqlite
	! $(BIN)/python tests/postgres.py || \
		$(BIN)/python bench/engine.py --database postgresql --clicks 0 --steps 0 --procedures 1000
	$(call on_both,bench/documents.py --documents 1000000)
	$(call on_both,bench/export.py --documents 100000)
	@$(draw)

# On SQLite and, where it is installed, on PostgreSQL; what measures both by itself needs no such help.
on_both = $(BIN)/python $(1) && { ! $(BIN)/python tests/postgres.py || $(BIN)/python $(1) --database postgresql; }
draw = [ ! -e $(PEERS)/ready ] || $(PEERS)/bin/python bench/pictures.py

# Versions and hashes only; run it after a change of the dependencies in pyproject.toml.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		pyproject.toml -o requirements/runtime.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--extra dev -c requirements/runtime.txt pyproject.toml -o requirements/dev.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		--group pyproject.toml:erp -o requirements/erp.txt
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
		-c requirements/runtime.txt --group pyproject.toml:bench -o requirements/bench.txt

$(VENV)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Approdo needs Python 3.11 or newer; name one with make PYTHON=python3.12"; exit 1; }
	@echo "Making $(VENV) …"
ifdef UV
	@$(UV) venv --quiet --clear --python $(PYTHON) $(VENV)
else
	@$(PYTHON) -m venv --clear $(VENV)
endif
	@touch $@

# The project itself needs no build: a path file makes src/ importable, and the command is one line.
$(VENV)/runtime: requirements/runtime.txt | $(VENV)/python
	@echo "Installing what Approdo needs (versions and hashes are pinned) …"
	@$(call install,requirements/runtime.txt)
	@$(call link)
	@touch $@

$(VENV)/dev: requirements/dev.txt $(VENV)/runtime
	@echo "Installing what its tests need …"
	@$(call install,requirements/dev.txt)
	@touch $@

# Without it one test is skipped, and says so.
$(TRYTON)/ready: requirements/erp.txt | $(VENV)/dev
	@echo "Installing Tryton, the ERP of one test …"
	@$(PYTHON) -m venv --clear $(TRYTON) && $(call install_into,$(TRYTON),$<) && touch $@ \
		|| echo "Tryton could not be installed: the test that needs it is skipped."

# Without it what stands beside the hub is not measured and nothing is drawn.
$(PEERS)/ready: requirements/bench.txt | $(VENV)/dev
	@echo "Installing what the hub is compared with …"
	@$(PYTHON) -m venv --clear $(PEERS) && $(call install_into,$(PEERS),$<) && touch $@ \
		|| echo "It could not be installed: the hub is measured without."

install = $(call install_into,$(VENV),$(1))

# Into the virtual environment $(1) what the lock file $(2) names.
ifdef UV
install_into = VIRTUAL_ENV=$(1) $(UV) pip install --quiet --require-hashes -r $(2)
else
install_into = $(1)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r $(2)
endif

link = $(BIN)/python tools/link.py
