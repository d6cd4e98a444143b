"""Fresh copies of the package of formulas, one of them perhaps with a mutant in it.

Rules kept here: nothing is written to disk, no bytecode either; a copy stands under a name of its own in
``sys.modules`` and imports nothing from the original, which stays what the truth is computed with.
"""

import ast
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import torch

import reimpl
from parity.losses import Subject
from parity.mutants.generate import Mutant, mutants_of, mutated
from parity.mutants.operators import CUT

ORIGINAL = reimpl.__name__
FOLDER = Path(reimpl.__file__).parent
NOT_MUTATED = ("__init__", "modules")  # the list of the files, and classes that only call the functions
NAME = f"{ORIGINAL}_mutant"
PROBES = "__reached__"

Statement = tuple[str, int]
"""A statement in a function: its file and line."""


def files() -> list[str]:
    """The files that have mutants."""
    return sorted(path.stem for path in FOLDER.glob("*.py") if path.stem not in NOT_MUTATED)


@cache
def mutants(file: str) -> tuple[Mutant, ...]:
    return tuple(mutants_of(file, source(file)))


@cache
def source(file: str) -> str:
    return (FOLDER / f"{file}.py").read_text(encoding="utf-8")


@cache
def needs(file: str) -> frozenset[str]:
    """The files that ``file`` stands on, itself among them."""
    found, todo = {file}, [file]
    while todo:
        new = set(_imported(ast.parse(source(todo.pop())))) - found
        found |= new
        todo += new
    return frozenset(found)


def copied(mutant: Mutant | None = None) -> Subject:
    """The formulas, with the one change. There is one copy at a time: a new one takes the last one's name.

    Raises:
        Exception: whatever the import of a mutant raises.
    """
    return _loaded(_Copy(NAME, mutant))


def probed(reached: set[Statement]) -> Subject:
    """The formulas as they are, noting in ``reached`` each statement of a function that runs."""
    return _loaded(_Copy(f"{NAME}_probed", None, reached))


def has_cut() -> bool:
    """Whether the mutant that cuts a number off from its gradient has met one that had a gradient."""
    return bool(_cut)


_cut: list[torch.Tensor] = []


def _detached(result: Any) -> Any:
    if not isinstance(result, torch.Tensor) or not result.requires_grad:
        return result
    _cut[:] = [result]
    return result.detach()


def _loaded(copy: "_Copy") -> Subject:
    _cut.clear()
    for name in [name for name in sys.modules if name.partition(".")[0] == copy.name]:
        del sys.modules[name]
    sys.meta_path.insert(0, copy)
    try:
        return Subject(copy.name, import_module(copy.name), forms=import_module(f"{copy.name}.modules"))
    finally:
        sys.meta_path.remove(copy)


class _Copy(MetaPathFinder, Loader):
    def __init__(self, name: str, mutant: Mutant | None, reached: set[Statement] | None = None) -> None:
        self.name = name
        self._mutant = mutant
        self._reached = reached

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        package, _, file = fullname.partition(".")
        if package != self.name:
            return None
        place = FOLDER / f"{file or '__init__'}.py"
        return spec_from_file_location(
            fullname, place, loader=self, submodule_search_locations=None if file else [str(FOLDER)]
        )

    def exec_module(self, module: ModuleType) -> None:
        file = module.__name__.partition(".")[2] or "__init__"
        vars(module).update({PROBES: self._reached, CUT: _detached})
        exec(self._code(file), vars(module))

    def _code(self, file: str) -> CodeType:
        if self._mutant is not None and self._mutant.file == file:
            return _compiled(file, self.name, mutated(source(file), self._mutant))
        return _plain(file, self.name, probes=self._reached is not None)


@cache
def _plain(file: str, name: str, *, probes: bool) -> CodeType:
    tree = ast.parse(source(file))
    return _compiled(file, name, _Probing(file).visit(tree) if probes else tree)


def _compiled(file: str, name: str, tree: ast.Module) -> CodeType:
    return compile(ast.fix_missing_locations(_Renaming(name).visit(tree)), str(FOLDER / f"{file}.py"), "exec")


class _Renaming(ast.NodeTransformer):
    """Lets a copy import from itself."""

    def __init__(self, name: str) -> None:
        self._name = name

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.ImportFrom:
        first, dot, rest = (node.module or "").partition(".")
        if first == ORIGINAL:
            node.module = f"{self._name}{dot}{rest}"
        return node

    def visit_Import(self, node: ast.Import) -> ast.Import:
        for alias in node.names:
            if alias.name == ORIGINAL:
                alias.name, alias.asname = self._name, alias.asname or ORIGINAL
        return node


class _Probing(ast.NodeTransformer):
    """Puts a note before each statement of a function: the same line numbers as ``Mutant.statement``."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._depth = 0

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self._depth += 1
        node.body = [line for statement in node.body for line in self._noted(statement)]
        self._depth -= 1
        return node

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if self._depth:
            for name in ("body", "orelse", "finalbody"):
                old = getattr(node, name, None)
                if isinstance(old, list):
                    setattr(node, name, [line for statement in old for line in self._noted(statement)])
            for case in [*getattr(node, "cases", []), *getattr(node, "handlers", [])]:
                self.generic_visit(case)
            return node
        return super().generic_visit(node)

    def _noted(self, statement: ast.stmt) -> Iterator[ast.stmt]:
        yield ast.parse(f"{PROBES}.add(({self._file!r}, {statement.lineno}))").body[0]
        yield self.visit(statement)


def _imported(tree: ast.Module) -> Iterator[str]:
    """The files of the package that one of them imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == ORIGINAL:
            inner = (node.module or "").partition(".")[2]
            yield from [inner] if inner else [a.name for a in node.names if (FOLDER / f"{a.name}.py").is_file()]
