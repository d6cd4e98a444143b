"""What is a number, what is text, and the digits that were printed."""

import math
import time
from collections.abc import Callable

import pytest

from parity.case import Case, Printed
from parity.loader.scalars import printed, resolved, respelled


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-2", -2), ("+3", 3), ("010", 10), ("1.", 1.0), (".5", 0.5), ("1e-3", 1e-3), ("1E+3", 1e3),
        ("inf", math.inf), ("+inf", math.inf), ("-inf", -math.inf), (".inf", math.inf), ("-.INF", -math.inf),
        ("0x1.8p-3", 0.1875), ("-0X.8P1", -1.0), ("0x1p-2000", 0.0), ("9223372036854775808", 2.0**63),
    ],
)  # fmt: skip
def test_number_is_read(text: str, value: float) -> None:
    assert (resolved(text), type(resolved(text))) == (value, type(value))


@pytest.mark.parametrize("text", ["nan", ".nan", ".NaN", ".NAN"])
def test_nan_is_read(text: str) -> None:
    value = resolved(text)
    assert isinstance(value, float)
    assert math.isnan(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("true", True), ("True", True), ("TRUE", True), ("false", False), ("FALSE", False)]
    + [(text, None) for text in ("", "~", "null", "Null", "NULL")],
)
def test_constant_is_read(text: str, value: bool | None) -> None:
    assert resolved(text) is value


@pytest.mark.parametrize(
    "text",
    ["1_000", "0o17", "0x1F", "0x1.8", "0xp3", "1,5", "yes", "on", "tRUE", "Inf", "NaN", "+nan", "1e", ".", "-", "e5",
     "1 2", "1e-3f", "\u0661", "12:30:00", "2024-01-01"],
)  # fmt: skip
def test_look_alike_is_text(text: str) -> None:
    assert resolved(text) == text


@pytest.mark.parametrize("text", ["1e400", "-1e400", "0x1p1024", "1" * 350, "1" * 100_000, "0x" + "f" * 500 + "p0"])
def test_number_that_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"does not fit float64; write -?inf|at most 400 are read"):
        resolved(text)


@pytest.mark.parametrize("text", ["1" * 1_000_000 + "x", "0x" + "1" * 1_000_000, "-" * 1_000_000, "1_" * 500_000])
def test_long_text_is_read_in_linear_time(text: str) -> None:
    began = time.perf_counter()
    assert (resolved(text), respelled(text)) == (text, None)
    assert time.perf_counter() - began < 1


@pytest.mark.parametrize(
    ("text", "slack"),
    [("8.5050", 0.5e-4), ("2", 0.5), ("2.", 0.5), (".25", 0.5e-2), ("1e-3", 0.5e-3), ("1.50e2", 0.5), ("-3.0", 0.05),
     ("0x1.8p-3", 0.0), ("inf", 0.0), ("-.inf", 0.0)],
)  # fmt: skip
def test_half_a_unit_of_the_last_digit_is_kept(text: str, slack: float) -> None:
    assert printed(text) == Printed(float(resolved(text)), slack)  # type: ignore[arg-type]


def test_digit_beyond_float64_is_refused() -> None:
    with pytest.raises(ValueError, match="last digit does not fit"):
        printed("0e999")


@pytest.mark.parametrize(
    ("text", "spelling"),
    [("1_000", "1000"), ("0o17", "15"), ("0b11", "3"), ("0x1F", "31"), ("1,5", "1.5"), ("1.5", "1.5"),
     ("1e-3f", "1e-3"), ("Infinity", "inf"), ("-INF", "-inf"), ("NaN", "nan"), ("1,000", None), ("one", None),
     ("", None)],
)  # fmt: skip
def test_look_alike_is_respelled(text: str, spelling: str | None) -> None:
    assert respelled(text) == spelling


def test_expect_is_a_nest_of_printed_numbers(case_of: Callable[[str], Case]) -> None:
    case = case_of("inputs: {input: [1, 2], target: [0, 0]}\noptions: {reduction: none}\nexpect: [8.50, 0x1p1]")
    assert case.expect == (Printed(8.5, 0.5e-2), Printed(2.0, 0.0))


@pytest.mark.parametrize(
    ("literal", "whole"), [("[1, 2]", True), ("[true, 0]", True), ("[]", True), ("3", True), ("[1, 2.0]", False)]
)
def test_whole_literal_is_known(literal: str, whole: bool, case_of: Callable[[str], Case]) -> None:
    given = case_of(f"inputs: {{input: {literal}, target: [0.0]}}").inputs["input"]
    assert given is not None
    assert given.whole is whole
