"""The changes that make mutants: what goes wrong when somebody writes or ports a loss.

Rules kept here: an operator takes one node and yields ``(label, replacement)`` pairs, each ONE change; it never edits
the node; the label says ``old to new`` and is part of the mutant's id, so it does not change lightly. Adding an
operator is adding a function to ``OPERATORS``.
"""

import ast
from collections.abc import Callable, Iterator
from copy import deepcopy

Change = tuple[str, ast.AST]
Operator = Callable[[ast.AST], Iterator[Change]]

SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
COMPARED: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
}  # fmt: skip
SIGNS: dict[type[ast.AST], str] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//", ast.Mod: "%",
    ast.BitAnd: "&", ast.BitOr: "|",
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
    ast.Is: "is", ast.IsNot: "is not", ast.In: "in", ast.NotIn: "not in", ast.And: "and", ast.Or: "or",
}  # fmt: skip
RENAMED = {
    "mean": "sum", "sum": "mean", "any": "all", "all": "any", "zeros_like": "ones_like", "ones_like": "zeros_like",
    "log1p": "log", "maximum": "minimum", "minimum": "maximum", "max": "min", "min": "max", "float32": "float64",
}  # fmt: skip
WORDS = {"none": "mean", "mean": "sum", "sum": "mean"}
RAISED = {"RuntimeError": "ValueError"}  # any other becomes a RuntimeError
CHOOSERS = ("where", "maximum", "minimum", "max", "min", "only")
COMMUTATIVE = ("maximum", "minimum", "max", "min", "namespace")
NO_ARITHMETIC = ("isinstance", "getattr", "hasattr", "len", "tuple", "bool", "int", "str", "list", "namespace", "zip")
CUT = "detached"  # the function of this name, put into a mutated file, cuts a number off from its gradient
AXES = ("axis", "dim")


def constants(node: ast.AST) -> Iterator[Change]:
    """A number becomes its neighbour, a reduction's word another, true false."""
    value = _number(node)
    if value is not None:
        other = _neighbour(value)
        yield f"{value!r} to {other!r}", ast.parse(repr(other), mode="eval").body
    elif isinstance(node, ast.Constant) and isinstance(node.value, bool):
        yield f"{node.value} to {not node.value}", ast.Constant(not node.value)
    elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in WORDS:
        yield f"{node.value} to {WORDS[node.value]}", ast.Constant(WORDS[node.value])


def signs(node: ast.AST) -> Iterator[Change]:
    """+ and -, * and /, & and |; a minus dropped."""
    if isinstance(node, ast.BinOp) and type(node.op) in SWAPPED:
        other = SWAPPED[type(node.op)]
        yield f"{SIGNS[type(node.op)]} to {SIGNS[other]}", ast.BinOp(node.left, other(), node.right)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) and not isinstance(node.operand, ast.Constant):
        yield "-x to x", node.operand


def comparisons(node: ast.AST) -> Iterator[Change]:
    """The edge moved to the other side; the comparison inverted."""
    if isinstance(node, ast.Compare):
        for at, operator in enumerate(node.ops):
            for other in COMPARED[type(operator)]:
                changed = [*node.ops[:at], other(), *node.ops[at + 1 :]]
                yield f"{SIGNS[type(operator)]} to {SIGNS[other]}", ast.Compare(node.left, changed, node.comparators)


def logic(node: ast.AST) -> Iterator[Change]:
    """``and`` and ``or``, one of their operands alone left out, ``not`` dropped."""
    if isinstance(node, ast.BoolOp):
        other = ast.Or if isinstance(node.op, ast.And) else ast.And
        yield f"{SIGNS[type(node.op)]} to {SIGNS[other]}", ast.BoolOp(other(), node.values)
        for at in range(len(node.values)):
            rest = [value for i, value in enumerate(node.values) if i != at]
            yield f"operand {at + 1} dropped", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield "not dropped", node.operand


def operands(node: ast.AST) -> Iterator[Change]:
    """A weight, a term, an epsilon or a divisor forgotten; a divisor off by one."""
    if not isinstance(node, ast.BinOp):
        return
    sign = SIGNS.get(type(node.op), "?")
    yield f"x {sign} y to x", node.left
    if isinstance(node.op, ast.Add | ast.Mult | ast.BitAnd | ast.BitOr):
        yield f"x {sign} y to y", node.right
    if isinstance(node.op, ast.Div) and not isinstance(node.right, ast.Constant):
        yield "/ n to / (n - 1)", ast.BinOp(node.left, ast.Div(), ast.BinOp(node.right, ast.Sub(), ast.Constant(1)))


def names(node: ast.AST) -> Iterator[Change]:
    """A function's sister: mean and sum, max and min, zeros and ones."""
    if isinstance(node, ast.Attribute) and node.attr in RENAMED:
        yield f"{node.attr} to {RENAMED[node.attr]}", ast.Attribute(node.value, RENAMED[node.attr], node.ctx)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in RENAMED:
        other = ast.Name(RENAMED[node.func.id], ast.Load())
        yield f"{node.func.id} to {other.id}", ast.Call(other, node.args, node.keywords)


def calls(node: ast.AST) -> Iterator[Change]:
    """A call left out for its argument: no upcast, no clamp, no rounding, no detaching, no logarithm.

    Also two arguments swapped, and a keyword argument dropped.
    """
    if not isinstance(node, ast.Call):
        return
    name = called(node)
    for keyword in node.keywords:
        if keyword.arg not in (None, "strict", "stacklevel"):
            rest = [other for other in node.keywords if other is not keyword]
            yield f"{name}: {keyword.arg} dropped", ast.Call(node.func, node.args, rest)
    if name in NO_ARITHMETIC:
        return
    if isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        yield f"x.{name}() to x", node.func.value
    for at in range(len(node.args) if name in CHOOSERS else min(len(node.args), 1)):
        if not isinstance(node.args[at], ast.Starred | ast.Constant):
            yield f"{name}() to argument {at + 1}", node.args[at]
    swap = {2: (1, 0), 3: (0, 2, 1)}.get(len(node.args))
    if swap and name not in COMMUTATIVE and (len(node.args) == 2 or name == "where"):
        yield f"{name}() swapped", ast.Call(node.func, [node.args[at] for at in swap], node.keywords)


def axes(node: ast.AST) -> Iterator[Change]:
    """Another axis."""
    if isinstance(node, ast.keyword) and node.arg in AXES:
        for other in (0, 1, -1):
            if _number(node.value) != other:
                yield f"{node.arg} to {other}", ast.keyword(node.arg, ast.parse(str(other), mode="eval").body)


def elements(node: ast.AST) -> Iterator[Change]:
    """One of a list of constants forgotten."""
    if isinstance(node, ast.Tuple | ast.List) and len(node.elts) > 1:
        for at, element in enumerate(node.elts):
            if isinstance(element, ast.Constant):
                yield f"{element.value!r} dropped", type(node)(node.elts[:at] + node.elts[at + 1 :], ast.Load())


def conditions(node: ast.AST) -> Iterator[Change]:
    """A question that is always answered the same."""
    if isinstance(node, ast.If | ast.IfExp):
        for answer in (True, False):
            changed = deepcopy(node)
            changed.test = ast.Constant(answer)
            yield f"if {answer}", changed


def statements(node: ast.AST) -> Iterator[Change]:
    """A check, a warning, a note for the backward pass left out; another exception."""
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield f"{called(node.value)}() dropped", ast.Pass()
    if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and isinstance(node.exc.func, ast.Name):
        name = node.exc.func.id
        other = RAISED.get(name, "RuntimeError")
        yield f"{name} to {other}", ast.Raise(ast.Call(ast.Name(other, ast.Load()), node.exc.args, node.exc.keywords))


def arms(node: ast.AST) -> Iterator[Change]:
    """A ``match`` arm that does what the next one does; a word that is not matched any more."""
    if isinstance(node, ast.Match):
        for at, case in enumerate(node.cases):
            other = node.cases[(at + 1) % len(node.cases)]
            changed = deepcopy(node)
            changed.cases[at] = ast.match_case(case.pattern, case.guard, other.body)
            yield f"arm {at + 1} to {(at + 1) % len(node.cases) + 1}", changed
    if isinstance(node, ast.MatchOr):
        for at in range(len(node.patterns)):
            rest = node.patterns[:at] + node.patterns[at + 1 :]
            yield f"word {at + 1} dropped", rest[0] if len(rest) == 1 else ast.MatchOr(rest)


def gradients(node: ast.AST) -> Iterator[Change]:
    """A result cut off from its gradient. Whether it has one is seen when it runs."""
    if isinstance(node, ast.Assign | ast.Return) and isinstance(node.value, ast.BinOp | ast.Call | ast.IfExp):
        changed = deepcopy(node)
        changed.value = ast.Call(ast.Name(CUT, ast.Load()), [node.value], [])
        yield CUT, changed


def slopes(node: ast.AST) -> Iterator[Change]:
    """A returned number, twice: a gradient rule that is off by a factor."""
    if not isinstance(node, ast.Return) or not isinstance(node.value, ast.BinOp | ast.Call | ast.UnaryOp):
        return
    if not (isinstance(node.value, ast.UnaryOp) and isinstance(node.value.op, ast.Not)):
        yield "doubled", ast.Return(ast.BinOp(ast.Constant(2), ast.Mult(), node.value))


OPERATORS: tuple[Operator, ...] = (
    constants, signs, comparisons, logic, operands, names, calls, axes, elements, conditions, statements, arms,
    gradients, slopes,
)  # fmt: skip


def called(node: ast.Call) -> str:
    """The last name of what is called."""
    function = node.func
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")


def _number(node: ast.AST) -> int | float | None:
    """The number that is written here, its sign included."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        inner = _number(node.operand) if isinstance(node.operand, ast.Constant) else None
        return None if inner is None else -inner
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return node.value
    return None


def _neighbour(value: float) -> int | float:
    """Another number, as near as a slip of the pen."""
    if isinstance(value, int):
        return -2 if value == -1 else value + 1
    if value == 0:
        return 1.0
    return value * 100 if abs(value) < 1e-6 else round(value * 1.2, 12)
