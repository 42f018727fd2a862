# install · run · test · check · bench: each makes .venv when it is missing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: install run test test-slow check bench fuzz fuzz-stories audit licences lock bot-api pictures clean
.DEFAULT_GOAL := run

$(VENV)/.run: requirements.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.run
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

install: $(VENV)/.run ## What the bot needs, into .venv.

run: $(VENV)/.run ## With a bot token: Telegram. Without: the sandbox, a small Telegram of your own.
	@if [ -n "$$CLINIC_BOT__TELEGRAM__TOKEN" ]; then exec $(BIN)/python -m bot run; else exec $(BIN)/python -m sandbox up; fi

# The bot is started many times over: what Python has compiled is kept, also where the machine says otherwise.
test test-slow bench: export PYTHONDONTWRITEBYTECODE =

# Twice as many as there are cores: much of a story is waiting.
test: $(VENV)/.dev
	$(BIN)/python -m pytest -n $$($(BIN)/python -c 'import os; print((os.cpu_count() or 1) * 2)')

# Some take minutes: whoever has nothing left takes over from others.
test-slow: $(VENV)/.dev
	$(BIN)/python -m pytest -m slow -n $$($(BIN)/python -c 'import os; print(os.cpu_count() or 1)') --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

lock: $(VENV)/.dev ## Pins every dependency with its hashes, for all supported Python versions.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra postgres -o requirements.txt
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header pyproject.toml --extra dev -c requirements.txt -o requirements-dev.txt

SECONDS ?= 60
TARGETS ?=
fuzz: $(VENV)/.dev ## Every parser of outside bytes, SECONDS each; TARGETS names some of them (tests/fuzz/).
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'atheris>=3,<4' || echo "atheris cannot be had here."
	$(BIN)/python -m tests.fuzz $(SECONDS) $(TARGETS)

EXAMPLES ?= 200
fuzz-stories: $(VENV)/.dev ## People, dialogs and reviews, done with by chance: so many stories of each.
	EXAMPLES=$(EXAMPLES) $(BIN)/python -m pytest -n0 -m "slow or not slow" tests/fuzz/test_any_logins.py tests/bot/rules/test_whatever_happens.py tests/core/test_review_model.py

audit: $(VENV)/.dev ## Known holes of the locked packages (needs the network), and bandit beside ruff's S rules.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip-audit>=2.10,<3' 'bandit>=1.9,<2'
	$(BIN)/bandit --quiet --recursive --skip B101,B105,B311,B608 api bot core ops storage sandbox
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements.txt
	$(BIN)/pip-audit --strict --disable-pip --require-hashes -r requirements-dev.txt

licences: $(VENV)/.dev ## Writes docs/licences.md anew.
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip-licenses>=5.5,<6'
	$(BIN)/python -m tests.docs.licences

bot-api: $(VENV)/.dev ## Writes the sandbox's description of the Bot API anew, from aiogram's models.
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv run --quiet --no-project --with 'aiogram>=3.31' --with orjson python sandbox/described/make.py

pictures: $(VENV)/.dev ## Makes the README's pictures, by a story in a browser (Chromium).
	PICTURES=docs/pictures CI=true $(BIN)/python -m pytest -n0 -m slow tests/browser/test_stories.py -k approves

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
