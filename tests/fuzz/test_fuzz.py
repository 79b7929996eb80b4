"""A short run of every harness; DDNS_FUZZ_SECONDS gives each one longer."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.harnesses import HARNESSES
from tests.left_out import left_out

ROOT = Path(__file__).parents[2]
SECONDS = int(os.environ.get("DDNS_FUZZ_SECONDS", "5"))


@pytest.mark.timeout(SECONDS + 120)
@pytest.mark.parametrize("name", HARNESSES)
def test_fuzzer_finds_nothing(name, tmp_path):
    if importlib.util.find_spec("atheris") is None:
        left_out("atheris", "not installed here")
    command = [
        sys.executable,
        "-m",
        "tests.fuzz",
        name,
        str(tmp_path),
        f"-max_total_time={SECONDS}",
        f"-artifact_prefix={tmp_path}/",
    ]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr[-4_000:]
    assert "cov:" in ran.stderr
