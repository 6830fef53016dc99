"""The site: the stored notebooks with steppers that play without a kernel, how-tos, and the reference.

`make docs` runs .ci/build_docs.py, which lays the sources together in build/docs and calls Sphinx there.
"""

import re
from importlib.metadata import version as installed

project = "freepages"
author = "freepages contributors"
copyright = "freepages contributors"
release = version = installed("freepages")

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}
root_doc = "index"
exclude_patterns = ["**.ipynb_checkpoints"]

# The stored outputs are what is shown: nbval holds them true.
nb_execution_mode = "off"
nb_merge_streams = True
nb_ipywidgets_js: dict[str, dict[str, str]] = {}  # the steppers on the site are pages of their own
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 4
suppress_warnings = ["mystnb.unknown_mime_type", "myst.header", "ref.python"]

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True}
python_maximum_signature_line_length = 88
add_module_names = False
napoleon_google_docstring = False

html_theme = "sphinx_book_theme"
html_title = "freepages"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["site.js"]
html_theme_options = {
    "show_navbar_depth": 1,
    "navbar_persistent": [],  # the search stands beside the page
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
}
# No request leaves the site: no fonts, no scripts and no pictures from elsewhere.
html_context = {"default_mode": "auto"}


def plain(line: str) -> str:
    """A line of a docstring, whose stars and last underscores are no markup."""
    parts = re.split(r"(``.*?``|`.*?`)", line)
    parts[::2] = [re.sub(r"(?<=\w)_(?!\w)", r"\\_", part).replace("*", r"\*") for part in parts[::2]]
    return "".join(parts)


def as_columns(app: object, what: str, name: str, of: object, options: object, lines: list[str]) -> None:
    """A docstring's columns (a name, two spaces, what it is) stay columns: as a block of their own."""
    column = re.compile(r"^[\w`*()., ]+?\s{2,}\S")
    told: list[str] = []
    inside = example = False
    for line in lines:
        example = line.startswith(">>> ") or (example and bool(line.strip()))
        if example:
            told.append(line)
            continue
        begins = bool(column.match(line)) and not line.startswith(" ")
        if begins and not inside:
            told += ["", ".. code-block:: text", ""]
        inside = begins or (inside and bool(line.strip()) and line.startswith("  "))
        if not inside and told and told[-1].startswith("    ") and line.strip():
            told.append("")
        told.append(f"    {line}" if inside else plain(line))
    lines[:] = told


def setup(app: object) -> None:
    app.connect("autodoc-process-docstring", as_columns)  # type: ignore[attr-defined]
