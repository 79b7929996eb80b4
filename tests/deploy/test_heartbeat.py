"""Heartbeats of workers and beat, which their health checks look at."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ALIVE = ROOT / "deploy" / "provider" / "app" / "alive"


@pytest.fixture
def heartbeat(tmp_path) -> Path:
    return tmp_path / "heartbeat"


def is_alive(heartbeat: Path) -> bool:
    environment = {**os.environ, "DDNS_HEARTBEAT_FILE": str(heartbeat)}
    return subprocess.run([ALIVE], env=environment, capture_output=True, check=False).returncode == 0


@pytest.mark.servers
@pytest.mark.parametrize(
    "role", [["worker", "-Q", "abuse", "-c", "1", "--without-gossip", "--without-mingle"], ["beat"]]
)
def test_process_that_talks_to_the_broker_is_alive(heartbeat, broker, tmp_path, role):
    argv = [sys.executable, "-m", "celery", "-A", "config", *role]
    argv += ["-s", str(tmp_path / "schedule"), "--pidfile="] if role == ["beat"] else []
    environment = {**os.environ, "DDNS_HEARTBEAT_FILE": str(heartbeat), "DJANGO_SETTINGS_MODULE": "config.settings"}
    with subprocess.Popen(
        argv, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 60
            while not is_alive(heartbeat):
                assert process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.1)
        finally:
            process.terminate()


def test_old_heartbeat_is_none(heartbeat):
    heartbeat.touch()
    assert is_alive(heartbeat)
    os.utime(heartbeat, (time.time() - 60,) * 2)
    assert not is_alive(heartbeat)


def test_missing_heartbeat_is_none(heartbeat):
    assert not is_alive(heartbeat)
