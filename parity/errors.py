"""The errors of the engine: each says where, what, and how to mend it."""


class ParityError(Exception):
    """A request that cannot be judged; the command line ends with status 2."""


class CaseError(ParityError):
    """Something wrong in a case file; the message begins with ``file:line:column``."""


class CandidateError(ParityError):
    """The candidate could not be found, imported, or lacks what was asked of it."""


class FallError(ParityError):
    """The candidate's process ended, hung or broke the rules while it was judged; says how."""
