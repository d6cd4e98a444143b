"""One-hot coding of class indices."""

from reimpl import _checks
from reimpl._array import Array, Labels, dtype_name, in_rows, namespace


def one_hot(input: Labels, num_classes: int = -1) -> Array:
    """A row of zeros with a single 1 for each class index.

    Elementwise, with one axis more::

        one_hot(y)_c = 1 where y = c, else 0        c = 0 … num_classes - 1

    Domain:
        input: 0 … num_classes - 1.
    Args:
        input: class indices, shape (*).
        num_classes: C; -1 takes the greatest index + 1, and reads the values to know it.
    Returns:
        Shape (*, C), of the type of ``input``.
    Raises:
        TypeError: num_classes is not an int.
        RuntimeError: not int64, an index is negative or not below C, or C cannot be told from an empty array.

    >>> one_hot(torch.tensor([0, 2]))
    tensor([[1, 0, 0],
            [0, 0, 1]])
    """
    xp = namespace(input)
    _checks.whole("one_hot", "num_classes", num_classes)
    if dtype_name(input) not in ("int64", "int32")[: 1 if xp.__name__.endswith("torch") else 2]:
        raise RuntimeError("one_hot is only applicable to index tensor of type LongTensor.")
    if 0 in input.shape and num_classes <= 0:
        raise RuntimeError("Can not infer total number of classes from empty tensor.")
    if _checks.is_concrete(input) and 0 not in input.shape:
        if bool(xp.any(input < 0)):
            raise RuntimeError("Class values must be non-negative.")
        if num_classes != -1 and int(xp.max(input)) >= num_classes:
            raise RuntimeError("Class values must be smaller than num_classes.")
    count = int(xp.max(input)) + 1 if num_classes == -1 else num_classes
    classes = xp.arange(count, dtype=input.dtype, device=input.device)
    return xp.astype(xp.expand_dims(in_rows(input), axis=-1) == classes, input.dtype)
