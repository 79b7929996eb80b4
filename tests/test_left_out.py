"""What a run left out is said at its end, before pytest's own last line."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SAMPLE = """
import pytest
from tests.left_out import require

@pytest.mark.parametrize("client", ["inadyn-that-nobody-has", "inadyn-that-nobody-has", "sh"])
def test_client(client):
    assert require(client)

@pytest.mark.skip(reason="needs two clocks")
def test_clock():
    pass
"""


@pytest.fixture
def output(tmp_path) -> list[str]:
    """The lines of a run over the sample."""
    (tmp_path / "test_sample.py").write_text(SAMPLE)
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    argv = [sys.executable, "-m", "pytest", "-c", tmp_path / "pytest.ini", "-p", "tests.left_out", "-p", "no:django"]
    done = subprocess.run([*argv, tmp_path], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout.splitlines()


def test_missing_program_is_named_once_with_its_tests_and_reason(output):
    wanted = "left out: inadyn-that-nobody-has (2 tests): not installed (package inadyn-that-nobody-has)"
    assert output.count(wanted) == 1


def test_any_other_skip_is_named_too(output):
    assert "left out: needs two clocks (1 test): skipped" in output


def test_last_line_is_the_summary(output):
    assert "1 passed, 3 skipped" in output[-1]
