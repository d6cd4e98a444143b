"""A candidate made of another library is a module only where that library is."""

from importlib.util import find_spec

collect_ignore = [] if find_spec("optax") else ["of_optax.py"]
