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

from parity.mutants.operators import OPERATORS, Change, called, gradients

Path = tuple[tuple[str, int | None], ...]
"""The way from the module to a node: field, and index where the field is a list."""

UNTOUCHED = ("annotation", "returns", "decorator_list", "bases")
NOT_ENTERED = (ast.Raise, ast.JoinedStr, ast.Import, ast.ImportFrom)
PLACES_OF_WARNINGS = ("stacklevel", "_stacklevel")
LONGEST = 150  # characters of a source line shown


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
    parent = _at(tree, mutant.path[:-1])
    name, index = mutant.path[-1]
    replacement = ast.copy_location(deepcopy(mutant.replacement), _at(tree, mutant.path))
    if index is None:
        setattr(parent, name, replacement)
    else:
        getattr(parent, name)[index] = replacement
    return ast.fix_missing_locations(tree)


def _made(file: str, tree: ast.Module, seen: Counter[tuple[int, str]]) -> Iterator[Mutant]:
    told: set[tuple[int, str, str]] = set()
    for site in _sites(tree, (), (tree, ()), None, inside=False):
        line = int(getattr(site.node, "lineno", 0) or getattr(site.shown[0], "lineno", 0))
        for label, replacement in _changes(tree, site):
            before, after = _shown(site, None), _shown(site, replacement)
            if before == after or (line, before, after) in told:
                continue
            told.add((line, before, after))
            seen[line, label] += 1
            yield Mutant(
                f"{file}:{line}:{label}#{seen[line, label]}",
                file, line, _cut(before), _cut(after), site.statement, site.path, replacement,
            )  # fmt: skip


def _changes(tree: ast.Module, site: _Site) -> Iterator[Change]:
    """In what makes a rule, gradients are written by hand, and what autograd would find does not count."""
    for operator in OPERATORS:
        if operator is not gradients or (site.statement is not None and _top(tree, site) not in _rules(tree)):
            yield from operator(site.node)


def _top(tree: ast.Module, site: _Site) -> str:
    """The name of the function of the file in which the site stands."""
    return str(getattr(_at(tree, site.path[:1]), "name", ""))


def _rules(tree: ast.Module) -> set[str]:
    """The functions that are handed to another one when the file is imported."""
    made = [node.value for node in tree.body if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)]
    return {argument.id for call in made for argument in call.args if isinstance(argument, ast.Name)}


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
    parent = _at(copy, rest[:-1])
    name, index = rest[-1]
    if index is None:
        setattr(parent, name, replacement)
    else:
        getattr(parent, name)[index] = replacement
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


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


def _at(node: ast.AST, path: Path) -> ast.AST:
    for name, index in path:
        found = getattr(node, name)
        node = found if index is None else found[index]
    return node
