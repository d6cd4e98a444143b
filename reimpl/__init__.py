"""PyTorch's losses written out, one file per function; the folder is the registry.

``reimpl.l1_loss`` is the function, not the file of that name: every file is imported here, once, so that no later
``import reimpl.l1_loss`` can put the module in the function's place.
"""

from importlib import import_module
from pkgutil import iter_modules

__all__ = [file.name for file in iter_modules(__path__) if file.name != "modules" and not file.name.startswith("_")]

for name in __all__:
    globals()[name] = getattr(import_module(f"{__name__}.{name}"), name)
del name

from reimpl import modules as modules  # noqa: E402, it takes the functions from here
