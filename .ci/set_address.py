"""Writes the project's address where it belongs: python .ci/set_address.py https://github.com/OWNER/NAME

A release step. pyproject.toml gets its URLs, CITATION.cff its repository, and README Binder's badge. A second
call with another address replaces the first.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FIRST = "notebooks/00-start-here.ipynb"


def set_address(root: Path, address: str) -> None:
    """Write the address into the three files below ``root``."""
    found = re.fullmatch(r"https://github\.com/([\w.-]+/[\w.-]+?)/?", address)
    if not found:
        raise SystemExit(f"set_address: {address!r} is not https://github.com/OWNER/NAME")
    address = f"https://github.com/{found[1]}"
    binder = f"https://mybinder.org/v2/gh/{found[1]}/HEAD?urlpath=lab/tree/{FIRST}"
    urls = f'[project.urls]\nRepository = "{address}"\nIssues = "{address}/issues"\n\n'
    replace(root / "pyproject.toml", r"(?:\[project\.urls\]\n(?:\w.*\n)*\n)?(?=\[project\.scripts\])", urls)
    replace(
        root / "CITATION.cff", r"(?:repository-code: .*\n)?(?=license: )", f'repository-code: "{address}"\n'
    )
    badge = f"\n[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder})\n"
    replace(root / "README.md", r"(?<=\A# freepages\n)(?:\n\[!\[Open in Binder\].*\n)?", badge)


def replace(path: Path, what: str, words: str) -> None:
    """Write ``words`` for the first place that matches."""
    text, times = re.subn(what, lambda _: words, path.read_text(encoding="utf-8"), count=1)
    if not times:
        raise SystemExit(f"set_address: {path.name}: the place for the address is not found")
    path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("set_address: give the address, https://github.com/OWNER/NAME")
    set_address(ROOT, sys.argv[1])
