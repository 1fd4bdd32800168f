# Thin lines over .venv/bin. The first one run sets .venv up; the rest is in the `sadu` command and the tools' settings.

SHELL := /bin/sh
BIN := .venv/bin
# Our own modules too are compiled once and not at each start.
unexport PYTHONDONTWRITEBYTECODE
READY := .venv/.ready

# One worker per logical core, at least two, and no more than the test database has connections for.
WORKERS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2); [ $$n -gt 2 ] || n=2; [ $$n -lt 8 ] || n=8; echo $$n)

.DEFAULT_GOAL := help
.PHONY: help dev test check soak bench requirements \
	check-style check-types check-layers check-schema check-models check-migrations check-requirements

help:
	@echo 'make dev            everything on this machine: databases, API, worker, demo shop. RESET=1 starts anew'
	@echo 'make test           the whole suite, in parallel. ARGS="-k orders" passes options to pytest'
	@echo 'make check          style, types, layers, schema, models, migrations, requirements'
	@echo 'make soak           the long tests: kill loops'
	@echo 'make bench          ratios of speed to hand-written code. ONLY=list,item,order,signed,mixed,visits,tenants; PROFILE=1'
	@echo 'make requirements   export uv.lock to requirements.txt, for machines without uv'

# No shell in between (the lines below have no shell characters), so that a signal to make reaches the command.
dev: $(READY)
	@$(BIN)/sadu dev $(if $(filter-out 0 no false,$(RESET)),--reset)

test: $(READY)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

soak: $(READY)
	$(BIN)/pytest -m soak $(ARGS)

# Prints and keeps the figures; fails where a target that must be reached is missed.
bench: $(READY)
	@$(BIN)/python -m bench $(if $(ONLY),--only $(ONLY)) $(if $(filter-out 0 no false,$(PROFILE)),--profile)

check: check-style check-types check-layers check-schema check-models check-migrations check-requirements

check-style: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

check-types: $(READY)
	$(BIN)/basedpyright

check-layers: $(READY)
	$(BIN)/lint-imports

check-schema: $(READY)
	$(BIN)/sadu schema --check

check-models: $(READY)
	$(BIN)/sadu migrate --check

check-migrations: $(READY)
	@mkdir -p build
	$(BIN)/sadu migrate --sql > build/migrations.sql
	$(BIN)/squawk build/migrations.sql

# Wherever there is a uv, the machine's or the one in .venv, it can tell whether the export is still true.
FIND_UV = for uv in uv $(BIN)/uv; do if $$uv --version >/dev/null 2>&1; then break; else uv=; fi; done
EXPORT = export --frozen --quiet --no-emit-project --no-annotate --no-header --output-file

check-requirements: $(READY)
	@mkdir -p build
	@$(FIND_UV); if [ -z "$$uv" ]; then echo 'requirements.txt not checked: no uv here'; else \
		$$uv $(EXPORT) build/requirements.txt && cmp build/requirements.txt requirements.txt || \
		{ echo 'requirements.txt differs from uv.lock: run make requirements'; exit 1; }; fi

requirements: $(READY)
	@$(FIND_UV); $${uv:-uv} $(EXPORT) requirements.txt

$(READY): pyproject.toml uv.lock requirements.txt scripts/bootstrap.sh
	@sh scripts/bootstrap.sh
	@touch $@
