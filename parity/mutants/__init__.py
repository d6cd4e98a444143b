"""The mutation score of the cases: ``score`` judges, ``summary`` and ``write`` tell, ``keep`` keeps it."""

from parity.mutants.kept import figures, keep, killers
from parity.mutants.score import GOAL, Killers, Score, score
from parity.mutants.told import as_data, summary, write

__all__ = ["GOAL", "Killers", "Score", "as_data", "figures", "keep", "killers", "score", "summary", "write"]
