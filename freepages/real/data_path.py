"""Where the shipped data lies: `data/` beside the package in a checkout, `freepages/data/` in a wheel."""

from pathlib import Path

from freepages.engine.errors import FreepagesError

_PACKAGE = Path(__file__).resolve().parent.parent


def data_path(*parts: str) -> Path:
    """The shipped file or folder `data/<parts>`; FreepagesError names one that is not there."""
    inside = _PACKAGE / "data"
    found = (inside if inside.is_dir() else _PACKAGE.parent / "data").joinpath(*parts)
    if not found.exists():
        raise FreepagesError(f"no shipped data {'/'.join(('data', *parts))} (looked for {found})")
    return found
