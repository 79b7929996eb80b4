"""One child process: started, stopped, killed, frozen, and gone when we are."""

import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local.deadline import wait_for
from deploy.local.errors import ServerFailed
from deploy.local.process import Process

SOON = timedelta(seconds=10)
SLEEPS = "import time; print('up', flush=True); time.sleep(600)"
REFUSES_TERM = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPS
WITH_CHILD = (
    "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']); " + SLEEPS
)
WITH_OUR_CHILD = """
import time, sys
from pathlib import Path
from deploy.local.process import Process
child = Process("grandchild", ["sleep", "600"], log=Path(sys.argv[1]))
child.start()
print(child.pid, flush=True)
time.sleep(600)
"""


@pytest.fixture
def started(tmp_path):
    """Starts Python code as a process and stops it after the test."""
    processes = []

    def start(code: str) -> Process:
        process = Process("sample", [sys.executable, "-c", code], log=tmp_path / "sample.log")
        processes.append(process)
        process.start()
        process.wait_until(lambda: "up" in process.said(), SOON)
        return process

    yield start
    for process in processes:
        process.kill()


def state_of(pid: int) -> str:
    """The letter that the kernel gives the process's state, "" where there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return ""


def is_gone(pid: int) -> bool:
    return state_of(pid) in ("", "Z")


def test_stop_ends_it(started):
    process = started(SLEEPS)
    process.stop()
    assert not process.alive
    assert process.returncode == -signal.SIGTERM


def test_stop_insists_where_the_signal_is_ignored(started):
    process = started(REFUSES_TERM)
    process.stop(timedelta(milliseconds=100))
    assert process.returncode == -signal.SIGKILL


@pytest.mark.parametrize("end", [Process.stop, Process.kill])
def test_children_go_with_it(started, end):
    process = started(WITH_CHILD)
    child = process.family()[1]
    end(process)
    wait_for(lambda: is_gone(child), SOON)


def test_next_start_ends_what_a_killed_process_left(started):
    process = started(WITH_CHILD)
    child = process.family()[1]
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: not process.alive, SOON)
    assert not is_gone(child)
    process.start()
    wait_for(lambda: is_gone(child), SOON)


def test_frozen_family_thaws(started):
    process = started(WITH_CHILD)
    process.freeze()
    wait_for(lambda: [state_of(pid) for pid in process.family()] == ["T", "T"], SOON)
    process.thaw()
    wait_for(lambda: [state_of(pid) for pid in process.family()] == ["S", "S"], SOON)


def test_process_that_ends_at_once_shows_its_log(tmp_path):
    process = Process("sample", [sys.executable, "-c", "raise SystemExit('no such zone')"], log=tmp_path / "log")
    process.start()
    with pytest.raises(ServerFailed, match=r"(?s)sample ended with status 1.*no such zone"):
        process.wait_until(lambda: False, SOON)


def test_log_of_an_earlier_run_is_not_taken_for_this_one(started, tmp_path):
    (tmp_path / "sample.log").write_text("from before\n")
    assert started(SLEEPS).said() == "up\n"


def test_second_start_is_refused(started):
    process = started(SLEEPS)
    with pytest.raises(ServerFailed, match="already runs"):
        process.start()


@pytest.mark.skipif(sys.platform != "linux", reason="death signal: Linux only")
def test_child_dies_when_its_parent_is_killed(tmp_path):
    argv = [sys.executable, "-c", WITH_OUR_CHILD, str(tmp_path / "log")]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, cwd=root) as parent:
        child = int(parent.stdout.readline())
        os.kill(parent.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(child), SOON)
