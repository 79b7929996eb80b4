"""The supervisor: order, restarts, and an end within five seconds."""

import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from deploy.local import logs, supervisor
from deploy.local.deadline import wait_for
from deploy.local.errors import ServerFailed
from deploy.local.program import Program
from deploy.local.supervisor import Supervisor

UP = "import time; print('up', flush=True); time.sleep(600)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + UP


@pytest.fixture
def program(tmp_path):
    def make(name: str, code: str = UP) -> Program:
        up = lambda made: "up" in made.process.said()  # noqa: E731
        argv = [sys.executable, "-c", code]
        return Program(name, argv, env=os.environ, log=tmp_path / f"{name}.log", is_up=up)

    return make


class Scenario:
    """What `say` heard; and, once `until` is true, the signal that ends the watch."""

    def __init__(self, until=lambda: True, number: signal.Signals = signal.SIGINT):
        self.heard: list[str] = []
        self.until, self.number = until, number

    def say(self, text: str) -> None:
        self.heard.append(text)

    def rest(self) -> None:
        if self.until():
            os.kill(os.getpid(), self.number)


def watch(scenario: Scenario, *layers: list[Program]) -> None:
    """Run a supervisor over layers of programs until the scenario is over."""
    with Supervisor(say=scenario.say) as running:
        running._rest = scenario.rest
        for layer in layers:
            running.start(*layer)
        running.watch()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_everything(program, number):
    database, web = program("database"), program("web")
    watch(Scenario(number=number), [database], [web])
    assert not database.alive
    assert not web.alive


def test_upper_layer_ends_first(program):
    web_was_alive = []
    database, web = program("database"), program("web")

    def ask_to_stop() -> None:
        web_was_alive.append(web.alive)
        database.process.ask_to_stop()

    database.ask_to_stop = ask_to_stop
    watch(Scenario(), [database], [web])
    assert web_was_alive == [False]


def test_one_that_does_not_listen_is_killed(program, monkeypatch):
    monkeypatch.setattr(supervisor, "LAYER_STOP", timedelta(milliseconds=100))
    web = program("web", STUBBORN)
    watch(Scenario(), [web])
    assert web.process.returncode == -signal.SIGKILL


def test_layers_have_less_than_five_seconds():
    assert supervisor.LAYER_STOP < supervisor.WHOLE_STOP < timedelta(seconds=5)


def test_killed_program_is_started_again_and_announced(program, monkeypatch):
    monkeypatch.setattr(supervisor, "SHORTEST_PAUSE", timedelta(0))
    web = program("web")
    web_ids = set()

    def until() -> bool:
        web_ids.add(web.pid)
        if len(web_ids) == 1 and web.alive:
            web.kill()
        return len(web_ids) == 2

    scenario = Scenario(until)
    watch(scenario, [web])
    assert any("web ended with status -9, starting it again" in line for line in scenario.heard)
    assert any(str(web.log) in line for line in scenario.heard)


def test_pauses_grow_to_a_limit(program):
    watched = supervisor.Watched(program("web"))
    pauses = []
    for _ in range(10):
        Supervisor(say=lambda _: None)._announce(watched, "web ended")
        pauses.append(watched.pause)
    assert pauses == sorted(pauses)
    assert pauses[-1] == supervisor.LONGEST_PAUSE


def test_failed_start_stops_what_runs_already(program):
    database, web = program("database"), program("web", "raise SystemExit('no such module')")
    with Supervisor(say=lambda _: None) as running:
        running.start(database)
        with pytest.raises(ServerFailed, match="no such module"):
            running.start(web)
    assert not database.alive


def test_signal_during_the_start_stops_what_runs_already(program):
    database = program("database")
    with Supervisor(say=lambda _: None) as running:
        running.start(database)
        os.kill(os.getpid(), signal.SIGINT)
        wait_for(lambda: False, timedelta(seconds=10))
    assert not database.alive


def test_handlers_are_as_before_afterwards(program):
    before = signal.getsignal(signal.SIGINT)
    watch(Scenario(), [program("web")])
    assert signal.getsignal(signal.SIGINT) is before


def test_second_signal_does_not_interrupt_the_end(program):
    with Supervisor(say=lambda _: None) as running:
        running.start(program("web"))
        running.stop = lambda: os.kill(os.getpid(), signal.SIGINT)
        running._layers[0][0].server.kill()
        os.kill(os.getpid(), signal.SIGINT)


def test_large_log_is_cut_and_kept_once(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(logs, "LARGEST", 10)
    log = tmp_path / "web.log"
    with log.open("ab", buffering=0) as child:
        child.write(b"older lines\n")
        logs.rotate(log)
        child.write(b"newer\n")
    assert log.read_bytes() == b"newer\n"
    assert (tmp_path / "web.log.1").read_bytes() == b"older lines\n"
