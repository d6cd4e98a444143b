"""A measurement of accuracy as a picture: error against magnitude, and how often which error, for both sides."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from parity.accuracy import BINS, GROUPS, SIDES, Accuracy, Side, Spread
from parity.errors import ParityError
from parity.report.files import put
from parity.ulp import Numbers

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

KINDS = (".png", ".svg")
COLOURS: dict[Side, str] = {"candidate": "#0072b2", "torch": "#d55e00"}  # told apart by colour-blind readers too
MARKERS: dict[Side, dict[str, Any]] = {
    "torch": {"s": 22, "facecolors": "none", "linewidths": 0.7},
    "candidate": {"s": 5, "linewidths": 0},
}
HALF: dict[str, Any] = {"color": "0.5", "linewidth": 0.8, "linestyle": "--"}
MOST = 3000  # points of a panel and side: more hide each other; the farthest off are among them
LEAST = 1e-3  # ulps: smaller errors are drawn there, but for 0
TINIEST = 1e-45  # a truth: the smallest number of float32
LEAST_SHARE = 0.01  # percent


def check_plot(path: Path) -> None:
    """Fails before the work, not after it.

    Raises:
        ParityError: ``path`` is of no kind that can be drawn, or there is nothing to draw with.
    """
    if path.suffix.lower() not in KINDS:
        raise ParityError(f"--plot {path}: a plot is a file of {' or '.join(KINDS)}")
    try:
        import matplotlib  # noqa: F401, PLC0415
    except ImportError:
        raise ParityError("--plot needs matplotlib: pip install 'loss-parity[plot]'") from None


def plot(found: Accuracy, path: Path) -> None:
    """Draws ``found`` to ``path``: a row for each dtype; the same picture, byte for byte, for the same numbers.

    Raises:
        ParityError: the file cannot be written.
    """
    from matplotlib import rc_context  # noqa: PLC0415, an extra

    with rc_context({"svg.hashsalt": found.loss, "font.size": 9, "axes.titlesize": 10}):
        figure = _figure(found)
        undated = {"Date": None} if path.suffix.lower() == ".svg" else {}
        put(path, "plot", lambda place: figure.savefig(place, dpi=150, metadata=undated))


def _figure(found: Accuracy) -> "Figure":
    from matplotlib.figure import Figure  # noqa: PLC0415, an extra

    rows = [part for part in found.parts if part.spreads]
    figure = Figure(figsize=(16, 1.3 + 2.9 * len(rows)), layout="constrained")
    panels = figure.subplots(len(rows), 4, squeeze=False, width_ratios=(5, 4, 5, 4))
    for part, row in zip(rows, panels, strict=True):
        for group, (points, bars) in zip(GROUPS, (row[:2], row[2:]), strict=True):
            spread = part.together(group)
            title = f"{part.dtype}: {group}"
            if spread is None:
                points.set_axis_off()
                bars.set_axis_off()
                continue
            _draw_points(points, spread, title)
            _draw_bars(bars, spread, f"{title}, {spread.count:,} elements")
    names = {"candidate": f"candidate: {found.candidate}", "torch": "torch"}
    handles = [*(_handle(side, names[side]) for side in SIDES), _half_an_ulp()]
    figure.legend(handles=handles, loc="outside upper right", ncols=3, frameon=False, fontsize=11)
    drawn = f"{found.plan.samples} samples each" if found.plan.only is None else f"sample {found.plan.only}"
    title = f"{found.loss}: errors from the truth in ulps   (seed {found.plan.seed}, {drawn})"
    figure.suptitle(title, x=0.01, ha="left", fontsize=13)
    return figure


def _handle(side: Side, label: str) -> Any:
    from matplotlib.lines import Line2D  # noqa: PLC0415, an extra

    fill = "none" if side == "torch" else COLOURS[side]
    size = 7 if side == "torch" else 4
    return Line2D([], [], linestyle="", marker="o", color=COLOURS[side], mfc=fill, markersize=size, label=label)


def _half_an_ulp() -> Any:
    from matplotlib.lines import Line2D  # noqa: PLC0415, an extra

    return Line2D([], [], **HALF, label="½ ulp: a right rounding at most")


def _draw_points(axes: "Axes", spread: Spread, title: str) -> None:
    size = np.abs(spread.truth)
    across = _Axis.over(size, TINIEST)
    upward = _Axis.over(np.concatenate(list(spread.errors.values())), LEAST)
    for side in reversed(SIDES):  # the candidate's dots within torch's circles where both agree
        chosen = _chosen(spread.errors[side])
        x, y = across.placed(size[chosen]), upward.placed(spread.errors[side][chosen])
        fill = None if side == "torch" else COLOURS[side]
        axes.scatter(x, y, edgecolors=COLOURS[side], color=fill, alpha=0.55, rasterized=True, **MARKERS[side])
    axes.axhline(0.5, **HALF, zorder=0)
    axes.set(xscale="log", yscale="log", title=title, xlabel="|truth|", ylabel="error, ulp")
    axes.set(xlim=across.limits, ylim=upward.limits)
    axes.set_xticks(list(across.ticks), labels=list(across.ticks.values()))
    axes.set_yticks(list(upward.ticks), labels=list(upward.ticks.values()))
    axes.minorticks_off()


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic axis of whole powers of ten, from ``low`` to ``high``, with places for 0 and infinity beyond."""

    low: int
    high: int

    @classmethod
    def over(cls, x: Numbers, least: float) -> "_Axis":
        """An axis for ``x``; what is smaller than ``least`` stands at its lower end."""
        shown = np.maximum(x[(x > 0) & np.isfinite(x)], least)
        powers = np.log10(shown) if shown.size else np.zeros(1)
        return cls(int(np.floor(powers.min())), max(int(np.ceil(powers.max())), int(np.floor(powers.min())) + 2))

    @property
    def _margin(self) -> float:
        return (self.high - self.low) / 12

    def placed(self, x: Numbers) -> Numbers:
        inside = np.clip(x, 10.0**self.low, 10.0**self.high)
        zero, infinite = (10 ** (end + step) for end, step in ((self.low, -self._margin), (self.high, self._margin)))
        return np.where(x == 0, zero, np.where(np.isinf(x), infinite, inside))

    @property
    def limits(self) -> tuple[float, float]:
        return 10 ** (self.low - 1.6 * self._margin), 10 ** (self.high + 1.6 * self._margin)

    @property
    def ticks(self) -> dict[float, str]:
        """Their places and labels: 0, seven powers or so, infinity."""
        step = max(1, round((self.high - self.low) / 6))
        powers = [power for power in range(self.low, self.high + 1) if power % step == 0]
        named = {10.0**p: f"{10.0**p:g}" if -2 <= p <= 2 else f"$10^{{{p}}}$" for p in powers}
        zero, infinite = self.placed(np.array([0.0, np.inf]))
        return {float(zero): "0", **named, float(infinite): "∞"}


def _chosen(errors: Numbers) -> NDArray[np.int64]:
    """The elements to draw, in order: all, or a tenth of them for being farthest off and the rest evenly."""
    if errors.size <= MOST:
        return np.arange(errors.size)
    farthest = np.argsort(-errors, kind="stable")[: MOST // 10]
    return np.unique(np.concatenate((farthest, np.linspace(0, errors.size - 1, MOST - MOST // 10).astype(np.int64))))


def _draw_bars(axes: "Axes", spread: Spread, title: str) -> None:
    shares = {side: 100 * spread.histogram(side) / max(1, spread.count) for side in SIDES}
    places = np.arange(len(BINS))
    for side, shift in zip(SIDES, (-0.2, 0.2), strict=True):
        axes.bar(places + shift, shares[side], width=0.4, color=COLOURS[side], linewidth=0)
    axes.set(yscale="log", ylim=(LEAST_SHARE, 150), title=title, xlabel="error up to, ulp", ylabel="elements, %")
    axes.set_yticks([0.01, 0.1, 1, 10, 100], labels=["0.01", "0.1", "1", "10", "100"])
    names = ["0", *(f"{end:g}" for end in BINS[1:-2]), "more", "∞"]
    axes.set_xticks(places, labels=names, rotation=60)
    axes.minorticks_off()
