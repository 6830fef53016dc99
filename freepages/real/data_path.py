"""Where the shipped files lie: beside the package in a checkout, inside it in a wheel."""

from pathlib import Path

from freepages.engine.errors import FreepagesError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """The shipped file or folder `data/<parts>`; FreepagesError names one that is not there.

    Examples
    --------
    >>> data_path("debate", "table.json").name
    'table.json'
    """
    return _shipped("data", *parts)


def notebooks_path() -> Path:
    """The folder of the shipped notebooks; FreepagesError where there is none."""
    return _shipped("notebooks")


def _shipped(folder: str, *parts: str) -> Path:
    inside = _PACKAGE / folder
    found = (inside if inside.is_dir() else _PACKAGE.parent / folder).joinpath(*parts)
    if not found.exists():
        raise FreepagesError(f"no shipped {'/'.join((folder, *parts))} (looked for {found})")
    return found
