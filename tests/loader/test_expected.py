"""Expected files: read as case files are, with every problem told in one run."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from parity.case import Place
from parity.loader import Expectation, load_expected

FIRST = 'trials: "*", facet: value, because: a reason'
Load = Callable[[str], tuple[tuple[Expectation, ...], tuple[object, ...]]]


@pytest.fixture
def load(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """Reads the text of one expected file, named ``it.yaml``."""
    monkeypatch.chdir(tmp_path)

    def read(text: str) -> tuple[tuple[Expectation, ...], tuple[object, ...]]:
        Path("it.yaml").write_text(text, encoding="utf-8")
        return load_expected([Path("it.yaml")])

    return read


def test_entry_is_read(load: Load) -> None:
    text = f"- {{{FIRST}, until: 2027-03-01, link: 'https://example.org/1'}}\n- {{{FIRST}, state: never}}\n"
    found, problems = load(text.replace("value", "[value, survival]", 1))
    assert problems == ()
    assert found == (
        Expectation("*", ("value", "survival"), "a reason", Place("it.yaml", 1, 3), "not yet", date(2027, 3, 1),
                    "https://example.org/1"),
        Expectation("*", ("value",), "a reason", Place("it.yaml", 2, 3), "never"),
    )  # fmt: skip


def test_empty_list_expects_nothing(load: Load) -> None:
    assert load("[]\n") == ((), ())


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", "1:1", "the file is empty; write a list of entries, or [] for none"),
        ("a: 1", "1:1", "an expected file takes a list of entries, not a mapping"),
        ("- 5", "1:3", "takes a mapping with the keys trials, facet, because, state, until, link, not 5"),
        (f"- {{{FIRST}, state: never, untl: 1}}", "1:64", "unknown key 'untl' in an expected deviation; did you mean"),
        (f"- {{{FIRST}}}", "1:3", "the key 'until' is missing in an expected deviation: its last day, or say"),
        (f"- {{{FIRST}, state: never, until: 2027-01-01}}", "1:71", "until beside 'state: never', which has no end"),
        (f"- {{{FIRST}, until: 2027-02-30}}", "1:57", "until takes a day such as 2027-03-01, not '2027-02-30'"),
        (f"- {{{FIRST}, until: 1.3.2027}}", "1:57", "until takes a day such as 2027-03-01, not '1.3.2027'"),
        (f"- {{{FIRST}, state: nevr}}", "1:57", "unknown state 'nevr'; did you mean 'never'? states: not yet"),
        (f"- {{{FIRST}, state: never, link: a}}", "1:70", "link takes an address that begins with https://, not 'a'"),
        (f"- {{{FIRST}, state: never}}".replace("value", "valu"), "1:24", "unknown facet 'valu'; did you mean 'value'"),
    ],
    ids=["empty", "mapping", "number", "key", "no-day", "two-ends", "no-such-day", "dots", "state", "link", "facet"],
)  # fmt: skip
def test_bad_entry_is_told_with_its_place(text: str, place: str, message: str, load: Load) -> None:
    (problem,) = load(text)[1]
    assert str(problem).startswith(f"it.yaml:{place}: ")
    assert message in str(problem)


def test_every_problem_is_told_beside_the_good_entries(load: Load) -> None:
    found, problems = load(f"- {{}}\n- {{{FIRST}, state: never}}\n- 5\n")
    assert (len(found), [str(problem).split(": ")[0] for problem in problems]) == (
        1,
        ["it.yaml:1:3"] * 4 + ["it.yaml:3:3"],
    )


def test_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    _, problems = load_expected([tmp_path / "nowhere.yaml", tmp_path])
    assert [str(problem).rpartition(": ")[2] for problem in problems] == ["no such file", "not a regular file"]
