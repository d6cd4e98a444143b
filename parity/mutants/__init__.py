"""The mutation score of the cases: ``score`` judges, ``summary`` and ``write`` tell."""

from parity.mutants.score import GOAL, Score, score
from parity.mutants.told import as_data, summary, write

__all__ = ["GOAL", "Score", "as_data", "score", "summary", "write"]
