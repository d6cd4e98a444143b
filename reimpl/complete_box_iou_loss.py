"""Complete IoU loss of boxes."""

import math

from reimpl._array import Array, namespace
from reimpl._autograd import constant_to_gradients
from reimpl._boxes import areas, distance, reduced, sides

REFERENCE = "torchvision.ops.complete_box_iou_loss"
_EPS = 1e-7  # the reference does not hand its own on to the terms that it shares with distance_box_iou_loss


def complete_box_iou_loss(boxes1: Array, boxes2: Array, reduction: str = "none", eps: float = 1e-7) -> Array:
    """How little two boxes overlap, how far apart their centres are, and how their proportions differ.

    With I and U the areas of intersection and union, d the distance of the centres, D the diagonal of the smallest box
    around both, and w / h the proportions of each::

        loss = 1 - I / (U + 1e-7) + d² / (D² + 1e-7) + α · v
        v    = (2/π · (atan(w₂ / h₂) - atan(w₁ / h₁)))²
        α    = v / (1 - I / (U + 1e-7) + v + eps)

    Domain:
        boxes (x1, y1, x2, y2) with x1 < x2 and y1 < y2; none is checked, and a box without width and height gives NaN.
    Gradient:
        As autograd derives it, for both, with α as a constant; where two edges are equal it is half each one's. In
        forward mode α is none, and the directional derivative that of the formula.
    Args:
        boxes1, boxes2: boxes, shape (*, 4); whole numbers will do. The second may broadcast to the first.
        eps: keeps α from dividing by zero, and no more: the other two terms have 1e-7, whatever is given.
    Returns:
        Shape (*) for ``"none"``, else 0-d; the mean of no boxes is 0. float64 if one is, else float32, for halves too.
    Raises:
        ValueError: the last axis is not of length 4, or ``reduction`` is unknown.
        IndexError: a 0-d argument, or ``boxes2`` enlarges ``boxes1``.
    References:
        Zheng et al., Distance-IoU Loss, AAAI 2020.

    >>> complete_box_iou_loss(torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 4.0, 2.0]))
    tensor(0.8628)
    """
    one, other = sides(boxes1), sides(boxes2)
    xp = namespace(one.left)
    overlap, union = areas(one, other)
    share = overlap / (union + _EPS)
    bend = xp.atan(other.width / other.height) - xp.atan(one.width / one.height)
    v = 4 / math.pi**2 * bend * bend
    loss = 1 - share + distance(one, other, _EPS) + _trade_off(share, v, eps) * v
    return reduced(loss, reduction)


def _alpha(share: Array, v: Array, eps: float) -> Array:
    return v / (1 - share + v + eps)


_trade_off = constant_to_gradients(_alpha)
