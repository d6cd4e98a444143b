"""NumPy's arrays and torch's tensors: the same memory, so that strides cross too, and edits are seen."""

from typing import Any

import numpy as np
import torch


def over(tensor: torch.Tensor) -> Any:
    """bfloat16, for those who have it, is that of ml_dtypes: NumPy has none of its own."""
    if tensor.dtype is torch.bfloat16:
        return over(tensor.view(torch.int16)).view(np.dtype("bfloat16"))
    return tensor.detach().numpy()


def back(found: Any) -> Any:
    if not isinstance(found, np.ndarray | np.generic):
        return found
    array = np.asarray(found)
    if array.dtype.name == "bfloat16":
        return back(array.view(np.int16)).view(torch.bfloat16)
    # torch knows neither memory that may not be written to nor steps backwards.
    fits = array.flags.writeable and all(step >= 0 for step in array.strides)
    return torch.from_numpy(array if fits else array.copy())
