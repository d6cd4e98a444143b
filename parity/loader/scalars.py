"""What a plain scalar of a case file means: YAML 1.2's booleans and null, decimal numbers, hexadecimal floats.

Rules kept here: a scalar is a number only if ``docs/cases.md`` says so, and then it fits float64; the digits printed
are kept where they are to be met; every pattern is read in linear time, whatever it is held against.
"""

import re
from collections.abc import Iterator

from parity.case import Printed

Plain = None | bool | int | float | str

NUMBER_FORMS = "numbers are written 1, -2.5, 1e-3, inf, nan or 0x1.8p-3"
HEXADECIMAL = r"[-+]?0[xX](?:[0-9a-fA-F]+(?:\.[0-9a-fA-F]*)?|\.[0-9a-fA-F]+)[pP][-+]?[0-9]+"
SPECIAL = r"[-+]?(?:inf|\.inf|\.Inf|\.INF)|nan|\.nan|\.NaN|\.NAN"
_MAX_LENGTH = 400  # a float64 written out in full has 309 digits before its point
_CONSTANTS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_WHOLE = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?(?:[0-9]+(?:\.(?P<tail>[0-9]*))?|\.(?P<digits>[0-9]+))(?:[eE](?P<exponent>[-+]?[0-9]+))?")
_HEXADECIMAL = re.compile(HEXADECIMAL)
_SPECIAL = re.compile(SPECIAL)
_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{3})+")


def resolved(text: str) -> Plain:
    """The value of a plain scalar; ValueError, with what to write instead, for a number that does not fit float64."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _SPECIAL.fullmatch(text):
        return float(text.replace(".", ""))
    if _DECIMAL.fullmatch(text) or _HEXADECIMAL.fullmatch(text):
        return _number(text)
    return text


def _number(text: str) -> int | float:
    if len(text) > _MAX_LENGTH:
        raise ValueError(f"a number of {len(text)} characters; at most {_MAX_LENGTH} are read")
    try:
        value = float.fromhex(text) if _HEXADECIMAL.fullmatch(text) else float(text)
    except OverflowError:
        value = float("inf")
    if abs(value) == float("inf"):
        raise ValueError(f"{text} does not fit float64; write {'-' if text.startswith('-') else ''}inf")
    # Beyond int64 a whole number is a float, as no tensor could hold it otherwise.
    return int(text) if _WHOLE.fullmatch(text) and -(2**63) <= int(text) < 2**63 else value


def printed(text: str) -> Printed:
    """A number with half a unit of the last digit it was printed with; hex floats, inf and nan are exact."""
    value = resolved(text)
    if isinstance(value, bool | str | None):
        raise TypeError(f"{text!r} is no number")
    decimal = _DECIMAL.fullmatch(text)
    if decimal is None:
        return Printed(float(value), 0.0)
    decimals = len(decimal["tail"] or decimal["digits"] or "")
    slack = float(f"0.5e{int(decimal['exponent'] or 0) - decimals}")
    if slack == float("inf"):
        raise ValueError(f"{text}: its last digit does not fit float64")
    return Printed(float(value), slack)


def respelled(text: str) -> str | None:
    """How ``text``, which looks like a number but is text, is written as one."""
    return next((spelling for spelling in _spellings(text.strip()) if _is_number(spelling)), None)


def _spellings(text: str) -> Iterator[str]:
    if len(text) > _MAX_LENGTH:
        return
    yield text
    yield text.replace("_", "")
    yield text.lower().replace("infinity", "inf")
    if not _THOUSANDS.fullmatch(text):  # 1,500 is 1500 to some and 1.5 to others
        yield text.replace(",", ".")
    try:
        yield str(int(text, 0))
    except ValueError:
        yield text.rstrip("fFdDlL")


def _is_number(text: str) -> bool:
    try:
        value = resolved(text)
    except ValueError:
        return False
    return isinstance(value, int | float) and not isinstance(value, bool)
