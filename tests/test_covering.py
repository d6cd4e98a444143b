"""Few rows of many have every combination that there is."""

from itertools import combinations, product

import pytest

from parity.covering import combined, cover

ROWS = list(product("abc", "xy", range(4), (True, False)))


@pytest.mark.parametrize("strength", [1, 2, 3])
def test_every_combination_of_so_many_columns_is_there(strength: int) -> None:
    chosen = [ROWS[at] for at in combined(ROWS, strength)]
    for columns in combinations(range(4), strength):
        assert {tuple(row[c] for c in columns) for row in chosen} == {tuple(row[c] for c in columns) for row in ROWS}


@pytest.mark.parametrize(("strength", "most"), [(1, 4), (2, 16), (3, 32)])
def test_few_rows_are_enough(strength: int, most: int) -> None:
    assert len(combined(ROWS, strength)) <= most < len(ROWS)


def test_no_more_columns_than_the_strength_take_every_row() -> None:
    assert combined(ROWS, 4) == combined(ROWS, 5) == list(range(len(ROWS)))


def test_rows_keep_their_order() -> None:
    assert combined(ROWS, 2) == sorted(combined(ROWS, 2))


def test_what_is_seen_already_need_not_be_covered() -> None:
    assert list(cover([{1, 2}, {2, 3}, {3}], seen={1, 2})) == [1]


def test_of_two_that_add_as_much_the_first_is_taken() -> None:
    assert list(cover([{1}, {2, 3}, {3, 2}, {1, 2}])) == [1, 0]
