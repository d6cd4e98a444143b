"""Which files are read: folders, links, strange entries, encodings, and names across files."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from parity.case import Signature
from parity.loader import MAX_BYTES, Loaded, load, tree

TEXT = "loss: l1_loss\ncases:\n  - name: {}\n    inputs: {{input: [1.0], target: [0.0]}}\n"


@pytest.fixture
def told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, signatures: Mapping[str, Signature]
) -> Callable[[], list[str]]:
    """What is wrong with the folder ``cases``."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "cases").mkdir()
    return lambda: [str(problem) for problem in load(Path("cases"), signatures).problems]


def names(loaded: Loaded) -> list[str]:
    assert loaded.problems == ()
    return [case.name for case in loaded.cases]


def test_files_are_read_in_sorted_order(tmp_path: Path, signatures: Mapping[str, Signature]) -> None:
    (tmp_path / "b").mkdir()
    for path in ("c.yml", "b/a.yaml", "a.yaml"):
        (tmp_path / path).write_text(TEXT.format(path.replace("/", "_")))
    assert names(load(tmp_path, signatures)) == ["a.yaml", "b_a.yaml", "c.yml"]


def test_file_and_folders_are_read_once(tmp_path: Path, signatures: Mapping[str, Signature]) -> None:
    (tmp_path / "a.yaml").write_text(TEXT.format("a"))
    (tmp_path / "notes.md").write_text("# no case")
    assert names(load([tmp_path, tmp_path / "a.yaml", tmp_path], signatures)) == ["a"]


def test_missing_folder_is_told(told: Callable[[], list[str]]) -> None:
    Path("cases").rmdir()
    assert told() == ["cases:1:1: no such folder or file"]


def test_folder_without_a_case_file_is_told(told: Callable[[], list[str]]) -> None:
    Path("cases/notes.txt").write_text("quirks: []\n")
    assert told() == ["cases:1:1: no case file here; cases are in files named *.yaml or *.yml"]


def test_link_out_of_the_folder_is_told(told: Callable[[], list[str]], tmp_path: Path) -> None:
    (tmp_path / "outside.yaml").write_text(TEXT.format("a"))
    Path("cases/a.yaml").symlink_to(tmp_path / "outside.yaml")
    link = f"a link out of the cases' folder, to {tmp_path / 'outside.yaml'}; put the file itself here"
    assert told() == [f"cases/a.yaml:1:1: {link}"]


def test_linked_folder_outside_is_told(told: Callable[[], list[str]], tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    Path("cases/a").symlink_to(tmp_path / "outside")
    assert told() == [
        f"cases/a:1:1: a link out of the cases' folder, to {tmp_path / 'outside'}; put the file itself here"
    ]


def test_link_within_the_folder_is_read_once(told: Callable[[], list[str]]) -> None:
    Path("cases/a.yaml").write_text(TEXT.format("a"))
    Path("cases/b.yaml").symlink_to("a.yaml")
    Path("cases/loop").symlink_to(".")
    assert told() == []


def test_link_to_nothing_is_told(told: Callable[[], list[str]]) -> None:
    Path("cases/a.yaml").symlink_to("a.yaml")
    assert told() == ["cases/a.yaml:1:1: no regular file, but named like a case file; rename it"]


def test_pipe_is_told_and_never_opened(told: Callable[[], list[str]]) -> None:
    os.mkfifo("cases/a.yaml")
    assert told() == ["cases/a.yaml:1:1: no regular file, but named like a case file; rename it"]


def test_folder_named_like_a_file_is_told(told: Callable[[], list[str]]) -> None:
    Path("cases/a.yaml").mkdir()
    assert told() == ["cases/a.yaml:1:1: a folder named like a case file; rename it"]


def test_enormous_file_is_told_before_it_is_read(told: Callable[[], list[str]]) -> None:
    with Path("cases/a.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    assert told() == ["cases/a.yaml:1:1: larger than 16 MiB; draw the numbers with a recipe, or split the file"]


def test_unreadable_file_is_told(told: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    Path("cases/a.yaml").write_text(TEXT.format("a"))
    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert told() == ["cases/a.yaml:1:1: cannot be read: Permission denied"]


def test_file_name_that_is_not_utf8_is_printable(told: Callable[[], list[str]]) -> None:
    Path(os.fsdecode(b"cases/\xff.yaml")).write_text("")
    (message,) = told()
    assert message.encode().startswith(b"cases/\\xff.yaml:1:1: the file is empty")


def test_name_repeated_in_another_file_names_the_first(told: Callable[[], list[str]]) -> None:
    Path("cases/a.yaml").write_text(TEXT.format("same"))
    Path("cases/b.yaml").write_text(TEXT.format("same"))
    assert told() == ["cases/b.yaml:3:11: repeated name 'same' for l1_loss; the first is at cases/a.yaml:3:11"]


def test_every_file_is_told_in_one_run(told: Callable[[], list[str]]) -> None:
    Path("cases/a.yaml").write_text("cases: [\n")
    Path("cases/b.yaml").write_text("a: [1\n")
    assert [line.split(":")[0] for line in told()] == ["cases/a.yaml", "cases/b.yaml"]


@pytest.mark.parametrize(
    "content",
    [b"\xef\xbb\xbf" + TEXT.format("it").encode(), TEXT.format("it").replace("\n", "\r\n").encode()],
    ids=["byte-order-mark", "crlf"],
)
def test_marks_of_other_editors_are_read(content: bytes, loaded: Callable[..., Loaded]) -> None:
    assert names(loaded(content)) == ["it"]


def test_utf16_is_told(messages: Callable[..., list[str]]) -> None:
    assert messages("cases: []".encode("utf-16")) == ["it.yaml:1:1: the byte 0xff is not UTF-8; save the file as UTF-8"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[" * 1_000_000, "it.yaml:1:65: nested deeper than 64 levels"),
        ("a: " * 1_000_000, "it.yaml:1:5: not YAML: mapping values are not allowed in this context"),
    ],
    ids=["nested-lists", "nested-mappings"],
)
def test_hostile_file_is_refused_quickly(content: str, message: str, messages: Callable[..., list[str]]) -> None:
    began = time.perf_counter()
    assert messages(content) == [message]
    assert time.perf_counter() - began < 2


def test_more_values_than_a_file_may_hold_are_told(
    messages: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tree, "MAX_NODES", 1_000)
    assert messages(f"[{'1,' * 1_001}]") == [
        "it.yaml:1:2002: more than 1,000 values in one file; draw them with a recipe"
    ]
