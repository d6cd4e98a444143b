"""Generalized IoU loss of boxes."""

from reimpl._array import Array
from reimpl._boxes import areas, enclosing, reduced, sides

REFERENCE = "torchvision.ops.generalized_box_iou_loss"


def generalized_box_iou_loss(boxes1: Array, boxes2: Array, reduction: str = "none", eps: float = 1e-7) -> Array:
    """How little two boxes overlap, with a slope where they do not overlap at all.

    With I and U the areas of intersection and union, C that of the smallest box around both::

        loss = 1 - (I / (U + eps) - (C - U) / (C + eps))

    Domain:
        boxes (x1, y1, x2, y2) with x1 < x2 and y1 < y2; none is checked. In [0, 2]: 0 for equal boxes.
    Gradient:
        As autograd derives it, for both; where two edges are equal it is half each one's.
    Args:
        boxes1, boxes2: boxes, shape (*, 4); whole numbers will do. The second may broadcast to the first.
        eps: keeps boxes without area from dividing by zero.
    Returns:
        Shape (*) for ``"none"``, else 0-d; the mean of no boxes is 0. float64 if one is, else float32, for halves too.
    Raises:
        ValueError: the last axis is not of length 4, or ``reduction`` is unknown.
        IndexError: a 0-d argument, or ``boxes2`` enlarges ``boxes1``.
    References:
        Rezatofighi et al., Generalized Intersection over Union, CVPR 2019.

    >>> generalized_box_iou_loss(torch.tensor([0.0, 0.0, 2.0, 2.0]), torch.tensor([1.0, 0.0, 3.0, 2.0]))
    tensor(0.6667)
    """
    one, other = sides(boxes1), sides(boxes2)
    overlap, union = areas(one, other)
    around = enclosing(one, other)
    area = around.width * around.height
    return reduced(1 - (overlap / (union + eps) - (area - union) / (area + eps)), reduction)
