# make run · make test · make check · make index · make bench
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
# On Linux, the address of PyTorch's CPU builds (README) makes the install small: make run TORCH_INDEX=...
TORCH := torch==2.13.0 $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))

.PHONY: run index test check bench

run: $(VENV)/.installed index
	$(BIN)/python app.py serve

index: $(VENV)/.installed
	@$(BIN)/python app.py index || [ $$? -eq 1 ]  # 1: some files could not be read and were named

# In two processes; tests/conftest.py says which tests stay together, and in which order.
test: $(VENV)/.installed-dev
	$(BIN)/python -m pytest -n 2 --dist loadgroup --no-loadscope-reorder

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/.installed-dev
	$(BIN)/python -m benchmarks.run $(BEIR)

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or newer is needed. Name it: make run PYTHON=python3.12"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install $(TORCH)
	$(BIN)/python -m pip install -e .
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install -e '.[dev]'
	@touch $@
