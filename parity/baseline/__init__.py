"""How far a candidate is from torch, and how slow, beside what a committed file keeps of it."""

from parity.baseline.figures import (
    FACETS,
    Baseline,
    Difference,
    Key,
    check_request,
    differences,
    measured,
    moved,
    timed,
)
from parity.baseline.file import environment, nested, read

__all__ = [
    "FACETS", "Baseline", "Difference", "Key", "check_request", "differences", "environment", "measured", "moved",
    "nested", "read", "timed",
]  # fmt: skip
