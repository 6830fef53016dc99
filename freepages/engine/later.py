"""numpy as ``np``, loaded when something of it is first asked for; and the names of its types.

What is stepped page by page computes nothing with arrays, so it neither waits for numpy nor needs it: where
Python runs in a browser it may not be there. A module that is arrays throughout imports numpy itself. From
Python 3.15 on this is ``lazy import numpy as np`` (PEP 810).
"""

from __future__ import annotations

from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from freepages.engine.errors import FreepagesError


class Later(ModuleType):
    """Stands for a module until something of it is asked for.

    Raises FreepagesError then, where there is no such module.
    """

    def __getattr__(self, name: str) -> Any:
        try:
            module = import_module(self.__name__)
        except ModuleNotFoundError as error:
            if error.name != self.__name__:
                raise
            raise FreepagesError(f"this needs {self.__name__}, which is not installed here") from None
        self.__dict__.update(vars(module))  # so that nothing comes by here again
        return getattr(module, name)


if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike as ArrayLike
    from numpy.typing import NDArray as NDArray
else:
    np = Later("numpy")
    ArrayLike = NDArray = Any
