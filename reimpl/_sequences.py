"""Sequences of several lengths in one array: what torch refuses of them, and how they become rows of one length.

Rules kept here: lengths that are plain numbers are always looked at, those in an array only where there are values to
look at; a check never changes an argument.
"""

from collections.abc import Sequence
from math import prod
from operator import index

from reimpl import _checks
from reimpl._array import Array, Labels, counting, dtype_name, labels_beside, namespace, only

Lengths = Labels | Sequence[int]


def aligned(
    name: str, log_probs: Array, targets: Labels, input_lengths: Lengths, target_lengths: Lengths, blank: int
) -> int:
    """A length for each of both, and labels enough, in torch's order of refusals; gives the longest row of labels."""
    if isinstance(input_lengths, list | tuple) is not isinstance(target_lengths, list | tuple):
        raise TypeError(f"{name}(): input_lengths and target_lengths must be two arrays, or two lists or tuples")
    given = {"input_lengths": input_lengths, "target_lengths": target_lengths}
    numbers = {argument: _numbers(name, argument, lengths) for argument, lengths in given.items()}
    rank, labels = len(log_probs.shape), tuple(targets.shape)
    if rank == 0:
        raise IndexError("Dimension out of range: log_probs has no dimensions")
    if dtype_name(log_probs) not in ("float32", "float64", "object"):
        raise NotImplementedError(f'"{name}" not implemented for {dtype_name(log_probs)}')
    if 0 in log_probs.shape:
        raise RuntimeError("log_probs tensor must not be empty")
    if rank not in (2, 3):
        raise RuntimeError(f"Expected 3-dimensional tensor, but got {rank}-dimensional tensor for log_probs")
    if len(labels) not in (1, 2):
        raise RuntimeError(f"Expected 1 to 2 dimensions, but got {len(labels)}-dimensional tensor for targets")
    if not 0 <= blank < log_probs.shape[-1]:
        raise RuntimeError(f"blank must be in label range, from 0 to {log_probs.shape[-1] - 1}, not {blank}")
    rows = log_probs.shape[1] if rank == 3 else 1
    for argument, lengths in given.items():
        if (len(lengths) if isinstance(lengths, list | tuple) else prod(lengths.shape)) != rows:
            raise RuntimeError(f"{argument} must be of size batch_size, {rows}")
    spoken = numbers["target_lengths"] or labels[-1:]
    is_padded = len(labels) == 2
    _within(name, "target_lengths", spoken, labels[-1] if is_padded else sum(spoken))
    total = rows if is_padded else sum(spoken)
    if labels[0] != total:
        raise RuntimeError(f"{name}: expected targets to have size {total} at dimension 0, but got size {labels[0]}")
    _within(name, "input_lengths", numbers["input_lengths"] or (), log_probs.shape[0])
    return max(spoken)


def _numbers(name: str, argument: str, lengths: Lengths) -> list[int] | None:
    """The lengths as numbers; None where an array has none to look at."""
    try:
        if isinstance(lengths, list | tuple):
            # Of truth values torch takes any but the first.
            return [index(1.0 if place == 0 and isinstance(it, bool) else it) for place, it in enumerate(lengths)]
        is_whole = dtype_name(lengths).startswith(("int", "uint"))
    except (TypeError, AttributeError):
        raise TypeError(f"{name}(): argument '{argument}' must be an array, or a list or tuple of ints") from None
    if not is_whole:
        raise RuntimeError(f"{argument} must be integral")
    return [int(length) for length in _one_axis(lengths)] if _checks.is_concrete(lengths) else None


def _within(name: str, argument: str, lengths: Sequence[int], most: int) -> None:
    for length in lengths:
        if not 0 <= length <= most:
            raise RuntimeError(f"{name}: expected {argument} to have values from 0 to {most}, but got value {length}")


def lengths_beside(lengths: Lengths, array: Array) -> Labels:
    """The lengths as an array of one axis, where ``array`` lies."""
    if isinstance(lengths, list | tuple):
        beside = getattr(array, "device", None)  # a trace of JAX has none to name
        return namespace(array).asarray([index(length) for length in lengths], device=beside)
    return labels_beside(_one_axis(lengths), array)


def padded(targets: Labels, lengths: Labels, longest: int) -> Labels:
    """Labels end to end as rows of ``longest``, any label beyond a row's own length; rows stay what they are."""
    if len(targets.shape) == 2:
        return targets
    xp = namespace(targets)
    row = counting(lengths, lengths.shape[0])
    # The sum of the lengths before; not a cumulative sum, at which Dynamo warns.
    start = xp.sum(only(xp.expand_dims(row, axis=1) > row, lengths), axis=1, keepdims=True)
    place = start + counting(lengths, longest)
    within = xp.minimum(place, xp.full_like(place, targets.shape[0] - 1))
    return xp.reshape(xp.take(targets, _one_axis(within)), within.shape)


def _one_axis(array: Array) -> Array:
    return namespace(array).reshape(array, (-1,))
