"""Three of torch's losses for TensorFlow's tensors. The gradients are TensorFlow's own.

parity check tensorflow_port.py --framework tensorflow
"""

import warnings

import tensorflow as tf


def sigmoid(input):
    """1 / (1 + exp(-x))."""
    dtype = tf.float32 if input.dtype.is_integer or input.dtype.is_bool else input.dtype
    return tf.cast(tf.sigmoid(_wide(tf.cast(input, dtype))), dtype)


def logsigmoid(input):
    """The logarithm of sigmoid, without its underflow."""
    if not input.dtype.is_floating:
        raise TypeError(f"{input.dtype.name} is no floating type")
    return tf.cast(tf.math.log_sigmoid(_wide(input)), input.dtype)


def log_softmax(input, dim=None, _stacklevel=3, dtype=None):
    """The logarithm of weights that are positive and sum to 1 along one axis."""
    axes = len(input.shape)
    if dim is None:
        warnings.warn("log_softmax without dim is deprecated", stacklevel=_stacklevel)
        dim = 0 if axes in (0, 1, 3) else 1
    if not isinstance(dim, int) or isinstance(dim, bool):
        raise TypeError(f"dim is {dim!r}, and must be an int")
    if not -max(axes, 1) <= dim < max(axes, 1):
        raise IndexError(f"dim is {dim}, the input has {axes} axes")
    input = input if dtype is None else tf.cast(input, dtype)
    if not input.dtype.is_floating:
        raise TypeError(f"{input.dtype.name} is no floating type")
    rows = _wide(input) if axes else tf.reshape(_wide(input), [1])
    return tf.reshape(tf.cast(tf.nn.log_softmax(rows, axis=dim), input.dtype), input.shape)


def _wide(tensor):
    """Halves as single precision: they are rounded once, at the end."""
    return tf.cast(tensor, tf.float32) if tensor.dtype in (tf.float16, tf.bfloat16) else tensor
