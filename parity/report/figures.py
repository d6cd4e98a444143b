"""Errors in ulps as short text, the candidate's beside torch's."""


def short(x: float) -> str:
    """At most six characters: ``0.52``, ``1,317``, ``3.4e38``, ``inf``."""
    if x == 0 or 0.01 <= x < 99.5:
        return f"{x:.2g}"
    if 99.5 <= x < 99_999.5:
        return f"{x:,.0f}"
    return f"{x:.1e}".replace("e+0", "e").replace("e+", "e").replace("e-0", "e-")


def beside(ours: float, theirs: float) -> str:
    """Both, so that the strokes of a column stand below each other where it is flush right."""
    return f"{short(ours)} / {short(theirs):<6}"
