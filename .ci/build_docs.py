"""Builds the site: python .ci/build_docs.py [FOLDER], by default build/docs/html.

Sphinx renders the stored notebooks. For each stepper and game in them, the run is exported as a page that
plays without a kernel, and stands where the notebook has its still. The cells run for that, a notebook a
processor, in processes that display nothing.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS, DOCS = ROOT / "notebooks", ROOT / "docs"
ROOMS = ("zone", "virtqueue", "host", "debate")
LICENCES = sorted(path for path in (ROOT / "data").glob("*/README.md") if path.parent.name != "bench")
HEIGHT = 744  # pixels of a stepper in a page


# -- the pages that play


def export_steppers(path: Path, folder: Path) -> None:
    """Run the cells of one notebook and export each stepper and game that a cell ends with.

    Called in a process of its own; FOLDER/NAME-cell.html is the page of the cell with that id.
    """
    from IPython.core.interactiveshell import InteractiveShell

    from freepages.lab.stepper import Stepper

    os.chdir(path.parent)
    shell = InteractiveShell.instance()
    if shell.display_formatter:
        shell.display_formatter.active_types = []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        done = shell.run_cell("".join(cell["source"]), silent=False)
        done.raise_error()
        if isinstance(done.result, Stepper):
            done.result.export(folder / f"{path.stem}-{cell['id']}.html", large=True)


def exported(folder: Path) -> None:
    """The pages of all notebooks."""
    folder.mkdir(parents=True)
    call = [sys.executable, __file__, "--export"]

    def one(path: Path) -> None:
        result = subprocess.run([*call, str(path), str(folder)], capture_output=True, text=True, timeout=300)
        if result.returncode:
            raise SystemExit(f"build_docs: {path}: {result.stderr or result.stdout}")

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, sorted(NOTEBOOKS.rglob("*.ipynb"))))


def frame(page: str, alt: str) -> str:
    return (
        f'<iframe class="fp-page" src="{page}" title="{alt}" loading="lazy" width="100%" height="{HEIGHT}" '
        'style="border:0"></iframe>'
    )


# -- the sources


def lay_out(source: Path, pages: Path) -> None:
    """All that Sphinx reads, in one folder."""
    shutil.copytree(DOCS, source)
    static = source / "_static"
    static.mkdir(exist_ok=True)
    shutil.copytree(pages, static / "steppers")
    for path in sorted(NOTEBOOKS.rglob("*")):
        name = path.relative_to(NOTEBOOKS)
        target = source / "course" / name
        if path.suffix == ".ipynb" and ".ipynb_checkpoints" not in path.parts:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(json.dumps(with_pages(path, pages, depth=len(name.parts))), encoding="utf-8")
        elif path.suffix == ".md":
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, target)
    (source / "course.md").write_text(course(source), encoding="utf-8")
    (source / "changes.md").write_text((ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), encoding="utf-8")
    bench = (ROOT / "data" / "bench" / "README.md").read_text(encoding="utf-8")
    shutil.copy(ROOT / "data" / "bench" / "cost_by_size.png", source)
    (source / "benchmarks.md").write_text(local(bench), encoding="utf-8")
    told = [local(path.read_text(encoding="utf-8").replace("\n#", "\n##")) for path in LICENCES]
    head = "# Data, and its licences\n\nWhat ships in `data/`, where it is from, and under which licence.\n\n"
    (source / "data.md").write_text(head + "\n\n".join(f"#{one}" for one in told), encoding="utf-8")
    home = source / "index.md"
    text = re.sub(
        r"```\{stepper\} (\w+)\n```",
        lambda found: home_stepper(found[1], static),
        home.read_text(encoding="utf-8"),
    )
    home.write_text(text, encoding="utf-8")
    reference(source / "reference")


def local(text: str) -> str:
    """Markdown of the tree without links to files that the site has not."""
    return re.sub(r"(?<!!)\[([^\]]+)\]\((?![a-z]+:|#)[^)]*\)", r"\1", text)


def home_stepper(name: str, static: Path) -> str:
    from freepages.lab.shipped import shipped_scenario
    from freepages.lab.stepper import Stepper

    Stepper(shipped_scenario(name)).export(static / "steppers" / f"{name}.html", large=True)
    return f"```{{raw}} html\n{frame(f'_static/steppers/{name}.html', f'a stepper: {name}')}\n```"


def with_pages(path: Path, pages: Path, depth: int) -> dict[str, Any]:
    """The notebook, with a page that plays where it has a stepper's still; a picture's words as Sphinx wants
    them.
    """
    notebook: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":
            text = "".join(cell["source"])
            cell["source"] = re.sub(r"\]\(([^)#\s:]*)#([^)\s]+)\)", with_slug, text)
        for output in cell.get("outputs", ()):
            if alt := output.get("metadata", {}).get("image/png", {}).get("alt"):
                cell["metadata"]["mystnb"] = {"image": {"alt": alt}}
        page = pages / f"{path.stem}-{cell['id']}.html"
        if cell["cell_type"] == "code" and page.exists():
            html = frame(
                f"{'../' * depth}_static/steppers/{page.name}", "a stepper that plays without a kernel"
            )
            for output in cell["outputs"]:
                if "image/png" in output.get("data", {}):
                    output["data"] = {"text/html": [html], "text/plain": output["data"]["text/plain"]}
    return notebook


def with_slug(link: re.Match[str]) -> str:
    """A link to a heading: JupyterLab keeps its capitals and signs, and the site has small letters only."""
    slug = re.sub(r"[^\w-]", "", link[2].lower())
    return f"]({link[1]}#{slug})"


def course(source: Path) -> str:
    """The table of contents of the course: the main line, further notebooks, and what stands beside them."""
    names = [path.relative_to(source).with_suffix("").as_posix() for path in source.glob("course/**/*.ipynb")]
    names += [path.relative_to(source).with_suffix("").as_posix() for path in source.glob("course/**/*.md")]
    parts = {
        "The main line": lambda name: re.match(r"course/[01]\d-", name),
        "Further notebooks": lambda name: re.match(r"course/2\d-", name),
        "Beside them": lambda name: re.match(r"course/[a-z]", name) and name.count("/") == 1,
        "To teach from": lambda name: name.startswith("course/workshop/"),
        "Solutions": lambda name: name.startswith("course/solutions/"),
    }
    text = ["# The course", "One idea each. The minutes are counted from what is in a notebook."]
    told = dict(
        re.findall(r"^- \[.*\]\(notebooks/(.*?)\)(: .*)$", (ROOT / "README.md").read_text("utf-8"), re.M)
    )
    for title, belongs in parts.items():
        some = sorted(filter(belongs, names))
        if some:
            text.append(f"## {title}\n\n```{{toctree}}\n:hidden:\n\n" + "\n".join(some) + "\n```")
            text.append("\n".join(f"- {entry(source, name, told)}" for name in some))
    return "\n\n".join(text) + "\n"


def entry(source: Path, name: str, told: dict[str, str]) -> str:
    """A line of the table of contents: the page, its minutes, and what README says of it."""
    [path] = source.glob(f"{name}.*")
    found = re.search(r"\*About (\d+ minutes)\.", path.read_text(encoding="utf-8"))
    minutes = f", {found[1]}" if found else ""
    return f"[]({name}){minutes}{told.get(path.name, '')}"


def reference(folder: Path) -> None:
    """A page a room: every public name of its modules. The first page has what a notebook imports."""
    import freepages

    folder.mkdir(exist_ok=True)
    top = ["# Reference", "What `from freepages import ...` gives. The rooms below have a page each."]
    for name in freepages.__all__:
        where = getattr(getattr(freepages, name), "__module__", freepages._ROOMS[name])
        kind = "autofunction" if name[0].islower() else "autodata" if name.isupper() else "autoclass"
        short = "\n   :no-value:" if kind == "autodata" else ""
        top.append(f"## {name}\n\nIts code is in `{where.replace('.', '/')}.py`.")
        top.append(f"```{{eval-rst}}\n.. {kind}:: {where}.{name}\n   :noindex:{short}\n```")
    top.append("```{toctree}\n:maxdepth: 1\n\n" + "\n".join(ROOMS) + "\n```")
    (folder / "index.md").write_text("\n\n".join(top) + "\n", encoding="utf-8")
    for room in ROOMS:
        text = [f"# {room}"]
        for path in sorted((ROOT / "freepages" / room).glob("*.py")):
            if path.stem != "__init__":
                text.append(f"## {path.stem}")
                text.append(f"```{{eval-rst}}\n.. automodule:: freepages.{room}.{path.stem}\n```")
        (folder / f"{room}.md").write_text("\n\n".join(text) + "\n", encoding="utf-8")


def build(out: Path) -> int:
    work = ROOT / "build" / "docs"
    shutil.rmtree(work, ignore_errors=True)
    exported(work / "pages")
    lay_out(work / "source", work / "pages")
    words = ["-q", "-j", "auto", "-W", "--keep-going", "-b", "html", "-d", str(work / "trees")]
    return subprocess.run([sys.executable, "-m", "sphinx", *words, str(work / "source"), str(out)]).returncode


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", nargs="?", type=Path, default=ROOT / "build" / "docs" / "html")
    parser.add_argument("--export", nargs=2, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.export:
        export_steppers(options.export[0].resolve(), options.export[1].resolve())
    else:
        sys.exit(build(options.out))
