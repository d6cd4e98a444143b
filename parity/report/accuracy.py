"""What a measurement of accuracy says on the terminal: a table, histograms, and where each side is farthest off."""

from collections.abc import Iterator, Sequence
from shlex import quote
from typing import Any

from rich.bar import Bar
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from parity.accuracy import BINS, GROUPS, SIDES, Accuracy, Part, Side, Spread, Worst
from parity.report.figures import beside, short
from parity.ulp import hexadecimal, numbers

COLOURS: dict[Side, str] = {"candidate": "blue", "torch": "dark_orange"}
FEW = 12  # elements of an input that are spelled out
WIDEST = 16  # columns of a bar


def tell_accuracy(found: Accuracy, console: Console, cases: Sequence[str] = ()) -> None:
    """Prints it; ``cases`` are the words of a command that say which cases the samples are drawn about."""
    console.print(_table(found))
    console.print("[dim]candidate / torch; errors from the truth in ulps, the mean of those that are finite[/]\n")
    for group in GROUPS:
        spreads = {part.dtype: spread for part in found.parts if (spread := part.together(group)) is not None}
        if spreads:
            console.print(_histogram(group, spreads, console.width), "")
    for part in found.parts:
        for group in GROUPS:
            for line in _farthest(found, part, part.together(group), cases):
                console.print(escape(line))
    console.print()
    for line in _closing(found):
        console.print(escape(line))


def _table(found: Accuracy) -> Table:
    table = Table(box=None, header_style="dim")
    table.add_column(escape(found.loss))
    for heading in ("elements", "worst", "mean", "99.9 %", "inf, NaN", "nearer, %", "unknown"):
        table.add_column(heading, justify="right")
    for part in found.parts:
        table.add_row(f"[bold]{part.dtype}[/]")
        for spread in part.spreads:
            table.add_row(f"  {escape(spread.quantity)}", *_cells(spread))
    return table


def _cells(spread: Spread) -> list[str]:
    nearer = " / ".join(f"{100 * spread.nearer(side):4.1f}" for side in SIDES)
    return [
        f"{spread.count:,}",
        beside(*(spread.largest(side) for side in SIDES)),
        beside(*(spread.mean(side) for side in SIDES)),
        beside(*(spread.high(side) for side in SIDES)),
        beside(*(spread.infinite(side) for side in SIDES)),
        nearer,
        f"{spread.unknown:,}",
    ]


def _histogram(what: str, spreads: dict[str, Spread], width: int) -> Table:
    """The bins down, the dtypes across, the sides beside each other: a share of the elements as number and bar."""
    size = max(2, min(WIDEST, (width - 11) // (2 * len(spreads)) - 6))
    counts = {(dtype, side): spread.histogram(side) for dtype, spread in spreads.items() for side in SIDES}
    used = [at for at in range(len(BINS)) if any(count[at] for count in counts.values())]
    table = Table(box=None, header_style="dim", padding=(0, 1, 0, 0))
    table.add_column(f"{what},\n% by ulp", justify="right")
    for dtype, side in counts:
        table.add_column(f"{dtype}\n{side}", no_wrap=True)
    for at in range(max(used, default=-1) + 1):
        shares = [(side, count[at] / max(1, count.sum())) for (_, side), count in counts.items()]
        table.add_row(_bin(at), *(_bar(share, size, COLOURS[side]) for side, share in shares))
    return table


def _bin(at: int) -> str:
    last = len(BINS) - 1
    return {0: "0", last - 1: f"> {BINS[last - 2]:g}", last: "inf, NaN"}.get(at, f"≤ {BINS[at]:g}")


def _bar(share: float, size: int, colour: str) -> Table:
    percent = 100 * share
    told = "" if not share else f"{percent:.0f}" if percent >= 9.95 else f"{percent:.1f}" if percent >= 0.05 else "<.1"
    cell = Table.grid(padding=(0, 1, 0, 0))
    cell.add_column(justify="right", min_width=3)
    cell.add_row(told, Bar(1, 0, share, width=size, color=colour))
    return cell


def _farthest(found: Accuracy, part: Part, spread: Spread | None, cases: Sequence[str]) -> Iterator[str]:
    """Where each side is farthest off; said once where that is the same element."""
    worst = {} if spread is None else dict(spread.worst)
    if len({(at.sample.number, at.quantity, at.index) for at in worst.values()}) == 1:
        worst = {"candidate": worst["candidate"]}
    for side, at in worst.items():
        whose = "both are" if len(worst) == 1 else f"{side} is"
        where = f" at {list(at.index)}" if at.index else ""
        apart = ", ".join(f"{s} {short(at.errors[s])}" for s in SIDES)
        told = [*at.numbers.items(), ("truth", at.truth)]
        yield f"{part.dtype} {at.quantity}: {whose} farthest off{where}, in ulps: {apart}"
        yield "    " + "   ".join(f"{who} {x!r} ({hexadecimal(x)})" for who, x in told)
        yield f"    sample {at.sample.number}, {at.sample.kind}, of {at.sample.trial.id}"
        yield from (f"      {line}" for line in _arguments(at))
        yield f"    again: {_again(found, part, at, cases)}"


def _arguments(at: Worst) -> Iterator[str]:
    """The inputs in full if they are small, then the options on one line."""
    tensors = at.sample.call.tensors
    for name, tensor in tensors.items():
        if tensor.numel() > FEW:
            yield f"{name}: {tuple(tensor.shape)}, in full in the JSON report"
        else:
            yield f"{name} = {_nested(numbers(tensor).tolist()) if tensor.is_floating_point() else tensor.tolist()}"
    options = {name: value for name, value in at.sample.call.arguments.items() if name not in tensors}
    if options:
        yield ", ".join(f"{name}={value!r}" for name, value in options.items())


def _nested(x: Any) -> str:
    return f"[{', '.join(map(_nested, x))}]" if isinstance(x, list) else f"{x:.6g} ({hexadecimal(x)})"


def _again(found: Accuracy, part: Part, at: Worst, cases: Sequence[str]) -> str:
    candidate = [] if found.candidate == "reimpl" else [quote(found.candidate)]
    which = ["--dtype", part.dtype, "--seed", str(found.plan.seed), "--sample", str(at.sample.number)]
    return " ".join(["parity accuracy", found.loss, *candidate, *which, *map(quote, cases)])


def _closing(found: Accuracy) -> Iterator[str]:
    for part in found.parts:
        notes = {
            "refused by torch": part.refused,
            f"unanswered by {found.candidate}": part.unanswered,
            "not drawn: the work in digits is limited" if part.drawn else "not drawn: no case to draw about": part.left,
        }
        told = "".join(f", {count:,} {what}" for what, count in notes.items() if count)
        yield f"{part.dtype}: {part.drawn:,} samples{told}"
    spreads = [spread for part in found.parts for spread in part.spreads]
    total = sum(spread.count for spread in spreads)
    shares = {side: 100 * sum(s.nearer(side) * s.count for s in spreads) / total for side in SIDES}
    yield (
        f"{found.loss}: of {total:,} elements {found.candidate} is nearer the truth in {shares['candidate']:.1f} %,"
        f" torch in {shares['torch']:.1f} %; the others are alike"
    )
