"""torch's losses through ``torch.compile``, with the decompositions that the default compiler would be given.

The backend traces forward and backward, rewrites their operators and runs the result without generating code. Every
shape is compiled for itself, so that a case alone gives what it gives among all. From the root of the repository::

    parity check tests/borrowed/compiled.py --loss huber_loss --facet value --facet gradient
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812, its usual name


def __getattr__(name: str) -> Callable[..., Any]:
    loss = getattr(F, name)

    @wraps(loss)
    def compiled(*args: Any, **kwargs: Any) -> Any:
        torch._dynamo.reset()
        return torch.compile(loss, backend="aot_eager_decomp_partition", dynamic=False)(*args, **kwargs)

    return compiled
