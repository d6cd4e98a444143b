"""How far both sides are from the truth, over samples of a loss's input space: ``measure`` says it in figures."""

from parity.accuracy.measure import GROUPS, SAMPLES, Accuracy, Part, Plan, measure
from parity.accuracy.spread import BINS, SIDES, Side, Spread, Worst

__all__ = ["BINS", "GROUPS", "SAMPLES", "SIDES", "Accuracy", "Part", "Plan", "Side", "Spread", "Worst", "measure"]
