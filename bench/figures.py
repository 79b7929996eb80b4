"""Figures as the lines of results have them."""

from collections.abc import Mapping, Sequence


def percentiles(name: str, times: Sequence[float], *, digits: int = 1) -> dict:
    """p50, p99 and the highest of sorted milliseconds, by nearest rank."""
    if not times:
        return {f"{name}_p50_ms": None, f"{name}_p99_ms": None, f"{name}_max_ms": None}
    rank = {percent: times[max(0, -(-len(times) * percent // 100) - 1)] for percent in (50, 99)}
    figures = {f"{name}_p{percent}_ms": round(value, digits) for percent, value in rank.items()}
    return {**figures, f"{name}_max_ms": round(times[-1], digits)}


def cpu_per_name(before: Mapping[str, float], after: Mapping[str, float], count: int) -> dict:
    """Microseconds of processor time, all of it and by process."""
    used = {name: (after[name] - before[name]) * 1e6 / max(1, count) for name in before}
    return {
        "cpu_us_per_name": round(sum(used.values()), 1),
        "cpu_us_by": {name: round(value, 1) for name, value in used.items()},
    }
