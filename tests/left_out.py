"""What a run could not test, said at its end and never silently."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from deploy.local import binaries

REASON = "{name}: {reason}"


def left_out(name: str, reason: str) -> NoReturn:
    """Skip the test because `name` cannot be had here."""
    pytest.skip(REASON.format(name=name, reason=reason))


def require(binary: str, package: str = "") -> Path:
    """The path of a program that the test drives; skips and is counted where it is not installed."""
    found = binaries.find(binary)
    if found is None:
        left_out(binary, f"not installed (package {package or binary})")
    return found


@pytest.hookimpl(wrapper=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """After everything else that is reported, so that only pytest's own last line follows."""
    yield
    lines = list(_lines(terminalreporter))
    if lines:
        terminalreporter.section("left out")
    for line in lines:
        terminalreporter.line(line)


def _lines(terminalreporter: pytest.TerminalReporter) -> Iterator[str]:
    reports = terminalreporter.stats.get("skipped", [])
    for reason, count in sorted(Counter(_reason(report) for report in reports).items()):
        name, _, why = reason.partition(": ")
        yield f"left out: {name} ({count} {'test' if count == 1 else 'tests'}): {why or 'skipped'}"
    deselected = terminalreporter.stats.get("deselected", [])
    if getattr(terminalreporter.config.option, "quick", False) and deselected:
        yield f"left out: servers and database ({len(deselected)} tests): --quick"


def _reason(report) -> str:
    """The reason as it was given; a skip's report is (file, line, "Skipped: reason")."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")
