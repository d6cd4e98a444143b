"""Boxes (x1, y1, x2, y2) as the losses of detection see them: where two of them overlap, what encloses both, and how
their losses are reduced; never a loss.
"""

from typing import NamedTuple

from reimpl._array import Array, dtype_name, namespace
from reimpl._reduction import plain


class Sides(NamedTuple):
    """The edges of boxes, each of shape (*)."""

    left: Array
    top: Array
    right: Array
    bottom: Array

    @property
    def width(self) -> Array:
        return self.right - self.left

    @property
    def height(self) -> Array:
        return self.bottom - self.top


def sides(boxes: Array) -> Sides:
    """The edges of boxes of shape (*, 4), in float32 unless they are of a wider type."""
    if not boxes.shape:
        raise IndexError("Dimension specified as -1 but tensor has no dimensions")
    if boxes.shape[-1] != 4:
        raise ValueError(f"boxes of shape {tuple(boxes.shape)} (expected 4 in the last place)")
    if dtype_name(boxes) not in ("float64", "object"):
        xp = namespace(boxes)
        boxes = xp.astype(boxes, xp.float32)
    return Sides(*(boxes[..., edge] for edge in range(4)))


def areas(one: Sides, other: Sides) -> tuple[Array, Array]:
    """The areas of the intersection and of the union."""
    xp = namespace(one.left)
    left, top = xp.maximum(one.left, other.left), xp.maximum(one.top, other.top)
    right, bottom = xp.minimum(one.right, other.right), xp.minimum(one.bottom, other.bottom)
    both = (right - left) * (bottom - top)
    if both.shape != one.left.shape:
        raise IndexError(f"boxes2 of shape {(*other.left.shape, 4)} enlarge boxes1 of shape {(*one.left.shape, 4)}")
    # The reference fills an array of the first boxes' type.
    overlap = xp.where((bottom > top) & (right > left), xp.astype(both, one.left.dtype), xp.zeros_like(one.left))
    return overlap, one.width * one.height + other.width * other.height - overlap


def enclosing(one: Sides, other: Sides) -> Sides:
    """The smallest box around both."""
    xp = namespace(one.left)
    return Sides(
        xp.minimum(one.left, other.left), xp.minimum(one.top, other.top),
        xp.maximum(one.right, other.right), xp.maximum(one.bottom, other.bottom),
    )  # fmt: skip


def distance(one: Sides, other: Sides, eps: float) -> Array:
    """The square of the distance of the centres, as a share of that of the diagonal around both."""
    around = enclosing(one, other)
    across = (one.right + one.left) / 2 - (other.left + other.right) / 2
    down = (one.bottom + one.top) / 2 - (other.top + other.bottom) / 2
    diagonal = around.width * around.width + around.height * around.height
    return (across * across + down * down) / (diagonal + eps)


def reduced(loss: Array, reduction: str) -> Array:
    """``loss`` as it is, its sum, or its mean, which is 0 where there are no boxes."""
    xp = namespace(loss)
    match plain(reduction):
        case "none":
            return loss
        case "mean" if 0 not in loss.shape:
            return xp.mean(loss)
        case _:
            return xp.sum(loss)
