"""Serials: 32 bits that wrap around (RFC 1982)."""

HALF = 2**31
ALL = 2**32


def is_before(first: int, second: int) -> bool:
    """Whether the first is older. At a distance of exactly half the range, which is undefined, it is: better a false alarm."""
    return first != second and (second - first) % ALL <= HALF
