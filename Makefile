PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

.PHONY: demo test check lint types contracts schemas kubernetes-schemas golden requirements tools integration clean

demo: $(VENV)/.installed  ## render an example
	cd examples/hello && ../../$(BIN)/kusion-render render hello/prod

test: $(VENV)/.installed  ## run all tests
	$(BIN)/python -m pytest -q

check: lint types contracts test  ## everything that must hold before a commit

lint: $(VENV)/.installed
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed
	$(BIN)/mypy

contracts: $(VENV)/.installed
	$(BIN)/lint-imports --no-cache

schemas: $(VENV)/.installed  ## write validators and published schemas anew
	$(BIN)/python -m kusion_render.schema.build

kubernetes-schemas: $(VENV)/.installed  ## write the pruned schemas of Kubernetes anew; needs the package index
	$(PYTHON) -m venv --clear $(VENV)/kubernetes-validate
	$(VENV)/kubernetes-validate/bin/python -m pip install -q --disable-pip-version-check --no-deps kubernetes-validate
	$(BIN)/python -m kusion_render.conformance.build $(VENV)/kubernetes-validate
	rm -rf $(VENV)/kubernetes-validate

golden: $(VENV)/.installed  ## rewrite expected output; read what changed like code
	$(BIN)/python -m pytest -q tests/test_cases.py tests/test_examples.py tests/test_docs.py tests/test_fields.py tests/test_applications.py --update-golden

requirements: $(VENV)/.installed  ## pin anew what the image of Argo CD's plug-in installs; needs the package index
	$(BIN)/python plugins/argocd/image/pin.py

tools: $(VENV)/tools/bin/helm  ## install Helm, kubectl and shellcheck for `make integration`

integration: $(VENV)/.installed tools  ## the tests against real tools; fails where one is missing
	PATH="$$PATH:$(CURDIR)/$(VENV)/tools/bin" KR_REQUIRE_TOOLS=1 $(BIN)/python -m pytest -q -m integration

$(VENV)/tools/bin/helm: tests/install_tools.py $(VENV)/.installed
	$(BIN)/python tests/install_tools.py $(VENV)/tools/bin

$(VENV)/.installed: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
