"""Wilson's interval: how sure a share is that was counted on few."""

from math import sqrt

# Two-sided 95 %.
Z = 1.96


def interval(hits: int, total: int) -> tuple[float, float]:
    """Between which shares the true one lies; (0, 1) where nothing was counted."""
    if total <= 0:
        return 0.0, 1.0
    share, square = hits / total, Z * Z
    middle = (share + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * sqrt(share * (1 - share) / total + square / (4 * total * total))
    return max(0.0, middle - half), min(1.0, middle + half)
