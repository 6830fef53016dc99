"""JSON made into dataclasses, each value held to the type that its field declares."""

from __future__ import annotations

import dataclasses
import types
from typing import Any, get_args, get_origin, get_type_hints

from freepages.engine.errors import FreepagesError, unknown


def typed(value: Any, hint: Any, where: str, **given: Any) -> Any:
    """`value`, as json.loads gives it, as an instance of `hint`; a FreepagesError says where it is not one.

    Knows int (never negative, below 2**63), bool, str, X | None, dict[str, X], tuples and dataclasses.
    A dataclass's field may be missing if it has a default; a field it does not have is an error.
    Fields of the outermost dataclass that are not JSON's to tell are `given`.
    """
    origin, args = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return None if value is None else typed(value, args[0], where)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        _expect(isinstance(value, dict), where, "an object")
        hints = get_type_hints(hint)
        needed = {field.name for field in dataclasses.fields(hint) if _needed(field)}
        for name in sorted(needed - value.keys() - given.keys()):
            raise FreepagesError(f"{where}: no field '{name}'")
        for name in sorted(value.keys() - (hints.keys() - given.keys())):
            raise unknown(f"{where}: field", name, sorted(hints.keys() - given.keys()))
        told = {name: typed(some, hints[name], f"{where}.{name}") for name, some in value.items()}
        return hint(**told, **given)
    if origin is dict:
        _expect(isinstance(value, dict), where, "an object")
        return {name: typed(some, args[1], f"{where}[{name!r:.60}]") for name, some in value.items()}
    if origin is tuple:
        _expect(isinstance(value, list), where, "a list")
        inner = [args[0]] * len(value) if args[-1] is Ellipsis else args
        return tuple(_all(value, inner, where))
    if hint is int:
        _expect(type(value) is int and 0 <= value < 1 << 63, where, "a whole number below 2**63")
    else:
        _expect(type(value) is hint, where, {str: "a text", bool: "true or false"}[hint])
    return value


def _all(values: list[Any], hints: Any, where: str) -> list[Any]:
    _expect(len(values) == len(hints), where, f"a list of {len(hints)}")
    return [
        typed(some, hint, f"{where}[{at}]") for at, (some, hint) in enumerate(zip(values, hints, strict=True))
    ]


def _needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _expect(true: bool, where: str, what: str) -> None:
    if not true:
        raise FreepagesError(f"{where} is not {what}")
