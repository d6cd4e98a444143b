"""optax's losses under torch's names, where they define the same quantity; what is added is the reduction.

optax is no dependency of this project. Where it is installed, from the root of the repository::

    parity check tests/borrowed/of_optax.py --framework jax --facet value --facet gradient
"""

import jax.numpy as jnp
import optax

REDUCTIONS = {"none": jnp.asarray, "mean": jnp.mean, "sum": jnp.sum}


def mse_loss(input, target, reduction="mean"):
    return REDUCTIONS[reduction](optax.squared_error(input, target))


def huber_loss(input, target, reduction="mean", delta=1.0):
    return REDUCTIONS[reduction](optax.huber_loss(input, target, delta=delta))


def binary_cross_entropy_with_logits(input, target, reduction="mean"):
    return REDUCTIONS[reduction](optax.sigmoid_binary_cross_entropy(input, target))


def kl_div(input, target, reduction="mean", log_target=False):
    loss = optax.losses.kl_divergence_with_log_targets if log_target else optax.losses.kl_divergence
    if reduction == "batchmean":
        return loss(input, target, axis=None) / input.shape[0]
    return REDUCTIONS[reduction](loss(input, target, axis=()))


def cross_entropy(input, target, reduction="mean"):
    axis = 1 if input.ndim > 1 else 0
    if jnp.issubdtype(target.dtype, jnp.floating):
        return REDUCTIONS[reduction](optax.softmax_cross_entropy(input, target, axis=axis))
    return REDUCTIONS[reduction](optax.softmax_cross_entropy_with_integer_labels(input, target, axis=axis))
