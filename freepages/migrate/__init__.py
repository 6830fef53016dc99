"""One migration of one guest, by the clock: ``from freepages.migrate import Guest, migrate``.

The names are loaded when first asked for, since whoever wants one module of this room wants no other.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from freepages.migrate.guest import Guest as Guest
    from freepages.migrate.timed_migration import migrate as migrate

_MODULES = {"Guest": "freepages.migrate.guest", "migrate": "freepages.migrate.timed_migration"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module 'freepages.migrate' has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_MODULES})
