"""One file per way to be wrong in ``tests/malformed``; its ``# expect`` lines say what must be told, all of it."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from parity.case import Signature
from parity.loader import load

FOLDER = Path(__file__).parents[1] / "malformed"
FILES = sorted(FOLDER.glob("*.yaml"))


def expected(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    return [line.removeprefix("# expect ") for line in lines if line.startswith("# expect ")]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_malformed_file_is_reported_as_its_head_says(
    path: Path, signatures: Mapping[str, Signature], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(FOLDER)
    problems = load(Path(path.name), signatures).problems
    assert [f"{it.place.line}:{it.place.column} {it.message}" for it in problems] == expected(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_malformed_file_expects_something(path: Path) -> None:
    assert expected(path)


def test_good_cases_beside_bad_ones_are_loaded(signatures: Mapping[str, Signature]) -> None:
    found = load(FOLDER / "bad_ones_among_good.yaml", signatures)
    assert [case.name for case in found.cases] == ["good", "good_too"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_bad_case_is_not_loaded(path: Path, signatures: Mapping[str, Signature]) -> None:
    assert {case.name for case in load(path, signatures).cases} <= {"good", "good_too", "same"}
