# make lab    opens JupyterLab on the first notebook
# make test   checks everything
# make quick  checks what can be checked in half a minute
# make docs   builds the site, into build/docs/html
# make lite   builds the course for a browser alone, into build/lite

VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready

.PHONY: lab test quick lint nbval notebooks docs lite wheel bench clean

lab: $(READY)
	$(PY) -m freepages lab notebooks

test: $(READY)
	$(PY) -m pytest -n 2 --dist loadfile

# No browser, no notebooks, few examples of every property.
quick: $(READY)
	FREEPAGES_QUICK=1 $(PY) -m pytest -n 2 --dist loadfile tests

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) .ci/count_lines.py

# Every notebook, strictly; a part of `make test`.
nbval: $(READY)
	$(PY) -m pytest -n 2 --dist loadfile notebooks

docs: $(VENV)/.docs
	$(PY) .ci/build_docs.py

lite: $(VENV)-lite/.ready
	$(VENV)-lite/bin/python .ci/build_lite.py

# Runs every notebook and writes it in its canonical form; or only some: make notebooks ONLY=notebooks/01-buddy-zones.ipynb
notebooks: $(READY)
	$(PY) .ci/rewrite_notebooks.py $(ONLY)

wheel: $(READY)
	$(PY) -m build --no-isolation

bench: $(READY)
	$(PY) -m freepages bench

clean:
	rm -rf $(VENV) $(VENV)-lite build dist .hypothesis .mypy_cache .pytest_cache .ruff_cache

$(VENV)/.docs: $(READY)
	EXTRAS=test,lint,docs sh .ci/make-venv.sh $(VENV)
	touch $@

$(VENV)-lite/.ready: pyproject.toml .ci/make-venv.sh
	EXTRAS=lite sh .ci/make-venv.sh $(VENV)-lite
	touch $@

$(READY): pyproject.toml .ci/make-venv.sh
	sh .ci/make-venv.sh $(VENV)
	touch $@
