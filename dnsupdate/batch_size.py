"""How many names one message carries when more wait: found by trying, since servers differ.

BIND takes most names per second at 100 to 250 names per message. Knot has a fixed cost per message, 12 ms of a disk and 160 ms
of its zone's tree at a million names, and takes the more names per second the larger they are (docs/performance.md).
"""

# 1,000 names with an address each are some 50 KB of the 64 that a message may have.
SIZES = (250, 500, 1000)
# Full batches that are timed at one size: their mean is steadier than one of them.
TRIAL = 6
# A larger size has to be worth that a withdrawal waits longer behind it.
GAIN = 1.2
# Full batches until a larger size is tried again: the zone grew, or the server was replaced.
SETTLED = 400


class BatchSize:
    """Grows while that makes publishing faster, and goes back when it does not. Not for several threads."""

    def __init__(self) -> None:
        self._step = 0
        self._rest = 0
        self._rate_before = 0.0
        self._names, self._seconds, self._count = 0, 0.0, 0

    @property
    def names(self) -> int:
        return SIZES[self._step]

    def record(self, names: int, seconds: float) -> None:
        """One full batch of this many names took so long, from the acknowledgement before it to its own."""
        if self._rest:
            self._rest -= 1
            return
        self._names, self._seconds, self._count = self._names + names, self._seconds + seconds, self._count + 1
        if self._count == TRIAL:
            self._decide(self._names / max(self._seconds, 1e-9))
            self._names, self._seconds, self._count = 0, 0.0, 0

    def shrink(self) -> None:
        """So many names do not fit into one message."""
        self._settle(max(0, self._step - 1))

    def _decide(self, rate: float) -> None:
        if self._rate_before and rate < self._rate_before * GAIN:
            self._settle(self._step - 1)
        elif self._step + 1 == len(SIZES):
            self._settle(self._step)
        else:
            self._rate_before, self._step = rate, self._step + 1

    def _settle(self, step: int) -> None:
        self._step, self._rest, self._rate_before = step, SETTLED, 0.0
        self._names, self._seconds, self._count = 0, 0.0, 0
