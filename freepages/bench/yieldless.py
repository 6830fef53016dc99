"""The same code without its yields: what it costs that a process can be stopped at every step.

A process is a generator function, annotated to return Steps. Its twin is made from the very source: every
announcement (a yield that stands alone) is left out, and ``yield from f()`` becomes ``f()``.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any


class _Yieldless(ast.NodeTransformer):
    def visit_FunctionDef(self, function: ast.FunctionDef) -> ast.FunctionDef:
        if isinstance(function.returns, ast.Name) and function.returns.id == "Steps":
            return _Plain().visit(function)
        return self.generic_visit(function)  # type: ignore[return-value]


class _Plain(ast.NodeTransformer):
    def visit_Expr(self, statement: ast.Expr) -> ast.stmt:
        if isinstance(statement.value, ast.Yield):
            return ast.copy_location(ast.Pass(), statement)
        return self.generic_visit(statement)  # type: ignore[return-value]

    def visit_YieldFrom(self, delegation: ast.YieldFrom) -> ast.expr:
        return self.visit(delegation.value)


def _run(source: str, name: str, namespace: dict[str, Any]) -> None:
    tree = ast.fix_missing_locations(_Yieldless().visit(ast.parse(source)))
    exec(compile(tree, f"<{name} without its yields>", "exec"), namespace)


def module(original: ModuleType) -> ModuleType:
    """A copy of the module in which every process is a plain function."""
    twin = ModuleType(original.__name__)
    _run(inspect.getsource(original), original.__name__, twin.__dict__)
    twin.__dict__["straight"] = lambda result: result  # what it would have run has run when it is called
    return twin


def function(original: Any) -> Callable[..., Any]:
    """A copy of a process as a plain function, in the same globals."""
    namespace = dict(original.__globals__)
    _run(inspect.getsource(original), original.__name__, namespace)
    return namespace[original.__name__]
