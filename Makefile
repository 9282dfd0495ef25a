# Needs make and Python 3.11 or newer; another interpreter: make PY=python3.13
PY ?= python3
V := .venv
BIN := $(V)/bin
STAMP := $(V)/.installed
PYTEST := $(BIN)/python -m pytest
PARALLEL := -n auto --dist worksteal
COMPILE := UV_CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/uv pip compile --quiet --universal \
	--python-version 3.11 --generate-hashes --no-annotate $(if $(upgrade),--upgrade)
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
NEW_MIGRATION := import sys, alembic.command, migrations; \
	alembic.command.revision(migrations.config(""), message=sys.argv[1])
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test cover setup lint check bench lock fmt fast migration chaos soak security audit live pictures

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP) ## Install, start everything, sync a practice per vendor, stay up (args="--once")
	@$(BIN)/pms-sync demo $(args)

test: $(STAMP) ## Install and run every test that needs no vendor account (args="-k name")
	@$(PYTEST) $(PARALLEL) -m "not live" $(args)

cover: $(STAMP) ## The same, and say which lines no test reaches; it takes half as much CPU again
	@$(PYTEST) $(PARALLEL) -m "not live" --cov --cov-report=term:skip-covered $(args)

setup: $(STAMP) ## Install everything from the hashed locks into .venv
	@echo "Everything is in $(V)"

lint: $(STAMP) ## Check style, types and import contracts
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy
	@$(BIN)/lint-imports

check: lint test ## Lint and test: what .ci/run runs

bench: $(STAMP) ## Measure against the peers and the limits (args="...")
	@$(BIN)/python -m bench $(args)

lock: $(STAMP) ## Resolve the locks again (upgrade=1 takes the newest versions)
	@$(COMPILE) --group dev --group embedded pyproject.toml -o requirements.lock
	@$(COMPILE) -c requirements.lock pyproject.toml -o requirements.image.lock
	@echo uv | $(COMPILE) - -o bootstrap.lock

fmt: $(STAMP) ## Format and fix what can be fixed
	@$(BIN)/ruff check --fix-only
	@$(BIN)/ruff format

fast: $(STAMP) ## Unit tests only, in seconds
	@$(PYTEST) -q -m "not integration and not e2e and not browser and not live" $(args)

migration: $(STAMP) ## Write an empty migration (m="Add a column")
	@$(BIN)/python -c '$(NEW_MIGRATION)' "$(m)"

chaos: $(STAMP) ## Break everything at once, and look for what was lost (CHAOS=1000 SEED=7)
	@CHAOS=$(or $(CHAOS),1000) SEED=$(SEED) $(PYTEST) -q -s tests/chaos/test_chaos.py $(args)
	@$(PYTEST) tests/e2e $(args)

soak: $(STAMP) ## Judge living practices, interleavings, callers and kills, with tables (length=20)
	@SOAK=$(or $(length),20) $(PYTEST) -q -s tests/sync/test_accuracy.py \
		tests/sync/test_interleavings.py tests/pushes/test_interleavings.py \
		tests/voice/test_interleavings.py \
		tests/domain/test_merge_laws.py tests/domain/test_joining.py \
		tests/e2e/test_many_callers.py tests/e2e/test_calls_under_fire.py tests/checks $(args)
	@$(BIN)/python -m tests.voice.mutants

security: $(STAMP) ## Fuzz, replay, inject and starve it at full length, with figures
	@SOAK=1 $(PYTEST) -q -s tests/security tests/webhooks/test_malformed_signatures.py \
		tests/infra/test_sealing.py tests/storage/test_audit_chain.py $(args)

audit: $(STAMP) ## Look for known holes in both locks, and write sbom.cdx.json
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.image.lock
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip -r requirements.lock
	@$(BIN)/python docker/sbom.py requirements.image.lock > sbom.cdx.json

live: $(STAMP) ## Read a day of a vendor's sandbox, keys from the environment (pms=gentu LIVE_OPTIONS=...)
	@$(PYTEST) -m live -k "$(pms)" $(args)

pictures: $(STAMP) ## Draw the README's pictures anew
	@SCREENSHOTS=docs/screenshots $(PYTEST) -q tests/browser/test_run_sheet_page.py -k seen_whole

# uv does the work, trusting the machine's certificates or else its own; plain pip does it, more
# slowly, where uv cannot.
$(STAMP): requirements.lock bootstrap.lock pyproject.toml
	@$(PY) -c '$(NEW_ENOUGH)' || { echo "Python 3.11 or newer is needed: make PY=python3.13" >&2; exit 1; }
	@echo "Installing into $(V); the first time takes a few minutes"
	@$(BIN)/python -c '' 2>/dev/null || $(PY) -m venv --clear $(V) >/dev/null 2>&1 \
		|| $(PY) -m venv --clear --without-pip $(V)
	@pip="$(BIN)/python -m pip"; \
	$$pip --version >/dev/null 2>&1 || pip="$(PY) -m pip --python $(BIN)/python"; \
	uv="$(BIN)/uv pip install -q --python $(BIN)/python"; \
	locked="--require-hashes -r requirements.lock"; \
	project="--no-deps --no-build-isolation -e ."; \
	{ $$pip install -q --require-hashes -r bootstrap.lock \
		&& { $$uv --system-certs $$locked 2>/dev/null || $$uv $$locked; } && $$uv $$project; } \
	|| { $$pip install -q $$locked && $$pip install -q $$project; }
	@touch $@
