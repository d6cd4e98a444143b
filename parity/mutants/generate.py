"""All mutants of one source file, by stable ids.

A generator of our own, on the syntax tree: mutmut and cosmic-ray edit files on disk, run whole test suites, and know
nothing of axes, clamps, upcasts and detaching. Here a mutant is a tree that is compiled in a process of its own.

Rules kept here: docstrings, annotations, imports, decorators, texts of messages and the place that a warning names
(``stacklevel``) are never mutated; two changes that read the same are one mutant.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field

from parity.mutants.operators import OPERATORS, called

Path = tuple[tuple[str, int | None], ...]
"""The way from the module to a node: field, and index where the field is a list."""

UNTOUCHED = ("annotation", "returns", "decorator_list", "bases")
NOT_ENTERED = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)
PLACES_OF_WARNINGS = ("stacklevel", "_stacklevel")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change to one file. ``statement`` is the line of the statement in a function that it stands in, None where
    it runs on import."""

    id: str
    file: str
    line: int
    before: str
    after: str
    statement: int | None = None
    path: Path = field(default=(), repr=False, compare=False)
    replacement: ast.AST = field(default_factory=ast.Pass, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class _Site:
    node: ast.AST
    path: Path
    shown: tuple[ast.AST, Path]
    statement: int | None


def mutants_of(file: str, source: str) -> list[Mutant]:
    """The mutants of ``source``, which is called ``file`` in their ids, in the order of the text."""
    tree = ast.parse(source)
    seen: Counter[tuple[int, str]] = Counter()
    return list(_made(file, tree, seen))


def mutated(source: str, mutant: Mutant) -> ast.Module:
    """The tree of ``source`` with the mutant's change."""
    tree = ast.parse(source)
    _put(tree, mutant.path, ast.copy_location(deepcopy(mutant.replacement), _at(tree, mutant.path)))
    return ast.fix_missing_locations(tree)


def _made(file: str, tree: ast.Module, seen: Counter[tuple[int, str]]) -> Iterator[Mutant]:
    told: set[object] = set()
    for site in _sites(tree, (), (tree, ()), None, inside=False):
        line = int(getattr(site.node, "lineno", 0) or getattr(site.shown[0], "lineno", 0))
        for label, replacement in (change for operator in OPERATORS for change in operator(site.node)):
            before, after = _shown(site, None), _shown(site, replacement)
            same = {(line, before, after), (site.path[0], _whole(tree, site, replacement))}
            if before == after or same & told:
                continue
            told |= same
            seen[line, label] += 1
            yield Mutant(
                f"{file}:{line}:{label}#{seen[line, label]}",
                file, line, before, after, site.statement, site.path, replacement,
            )  # fmt: skip


def _whole(tree: ast.Module, site: _Site, replacement: ast.AST) -> str:
    """The function, or whatever stands at the top of the file, with the change; two ways to it are one mutant."""
    _put(tree, site.path, replacement)
    try:
        return ast.dump(_at(tree, site.path[:1]))
    finally:
        _put(tree, site.path, site.node)


def _sites(
    node: ast.AST, path: Path, shown: tuple[ast.AST, Path], statement: int | None, *, inside: bool
) -> Iterator[_Site]:
    """Every node that may be changed; ``shown`` is the nearest one worth showing, ``inside`` says: in a function."""
    if isinstance(node, ast.stmt | ast.match_case):
        shown = (node, path)
    if isinstance(node, ast.stmt) and inside:
        statement = node.lineno
    if path:
        yield _Site(node, path, shown, statement)
    if isinstance(node, NOT_ENTERED) or (isinstance(node, ast.Call) and called(node) == "warn"):
        return
    for name, index, child in _children(node):
        body = isinstance(node, ast.FunctionDef) and name == "body"
        yield from _sites(child, (*path, (name, index)), shown, statement, inside=inside or body)


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in UNTOUCHED:
            continue
        for index, child in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(child, ast.AST) and not _is_left_alone(node, name, index, child):
                yield name, index, child


def _is_left_alone(parent: ast.AST, name: str, index: int | None, child: ast.AST) -> bool:
    if isinstance(child, ast.keyword):
        return child.arg in PLACES_OF_WARNINGS
    if isinstance(child, ast.Expr):
        return isinstance(child.value, ast.Constant)
    if isinstance(parent, ast.arguments) and name == "defaults" and index is not None:
        arguments = [*parent.posonlyargs, *parent.args]
        return arguments[len(arguments) - len(parent.defaults) + index].arg in PLACES_OF_WARNINGS
    return isinstance(parent, ast.UnaryOp) and isinstance(parent.op, ast.USub) and isinstance(child, ast.Constant)


def _shown(site: _Site, replacement: ast.AST | None) -> str:
    """The statement around the site in one line, as it is or with the change."""
    node, start = site.shown
    copy = _bare(node, keep=site.path[len(start) :])
    rest = site.path[len(start) :]
    if replacement is None or not rest:
        return _text(copy if replacement is None else _bare(replacement, keep=()))
    _put(copy, rest, replacement)
    return _text(copy)


def _bare(node: ast.AST, keep: Path) -> ast.AST:
    """A copy without the statements that stand below it (a ``match`` keeps its arms), as far as the way does not lead
    there."""
    copy = deepcopy(node)
    inner = {name for name, _ in keep}
    if (
        isinstance(copy, ast.FunctionDef | ast.ClassDef | ast.If | ast.For | ast.While | ast.With)
        and "body" not in inner
    ):
        copy.body = [ast.Expr(ast.Constant(...))]
    if isinstance(copy, ast.If | ast.For | ast.While) and "orelse" not in inner:
        copy.orelse = []
    return copy


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.match_case):
        node = ast.Match(ast.Name("_", ast.Load()), [node])
    if isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call | ast.Constant):
        node = ast.Pass()  # an expression that nobody takes does what nothing does
    return " ".join(ast.unparse(ast.fix_missing_locations(node)).split())


def _at(node: ast.AST, path: Path) -> ast.AST:
    for name, index in path:
        found = getattr(node, name)
        node = found if index is None else found[index]
    return node


def _put(tree: ast.AST, path: Path, node: ast.AST) -> None:
    parent, (name, index) = _at(tree, path[:-1]), path[-1]
    if index is None:
        setattr(parent, name, node)
    else:
        getattr(parent, name)[index] = node
