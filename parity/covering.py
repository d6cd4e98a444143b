"""Few of many that between them have everything there is to see: which trials of a product to judge, and how deep.

Greedy: always the one with the most that has not been seen, the first of those with as much. It takes a few more than
the fewest possible, and the same ones on every machine.
"""

from collections.abc import Collection, Hashable, Iterator, Sequence, Set
from heapq import heapify, heappop, heappush
from itertools import combinations


def cover(marks: Sequence[Set[Hashable]], seen: Set[Hashable] = frozenset()) -> Iterator[int]:
    """Which of ``marks`` are enough to have every mark that is not ``seen`` already."""
    unseen = set().union(*marks) - seen
    # What one adds can only shrink as others are taken, so a number that is still right is the largest.
    ranked = [(-len(mark), at) for at, mark in enumerate(marks)]
    heapify(ranked)
    while unseen:
        said, at = heappop(ranked)
        adds = len(marks[at] & unseen)
        if adds == -said:
            unseen -= marks[at]
            yield at
        elif adds:
            heappush(ranked, (-adds, at))


def combined(rows: Sequence[Collection[Hashable]], strength: int) -> list[int]:
    """Which ``rows`` of a table are enough to have every combination that any has in any ``strength`` columns, in their
    order: a covering array. With no more columns than that, all are needed."""
    marks = [frozenset(combinations(enumerate(row), min(strength, len(row)))) for row in rows]
    return sorted(cover(marks))
