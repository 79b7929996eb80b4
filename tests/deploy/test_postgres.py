"""The private PostgreSQL. The test's directory is closed to the user that it runs as where we are root."""

import contextlib
import os
import signal
import stat
import subprocess
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from deploy.local import postgres
from deploy.local.deadline import wait_for
from deploy.local.errors import BinaryMissing, DirectoryUnusable, ServerFailed, UserUnknown
from deploy.local.postgres import Postgres

pytestmark = pytest.mark.servers
SOON = timedelta(seconds=10)


@pytest.fixture
def server(tmp_path):
    server = Postgres(tmp_path / "with a space" / "postgres")
    yield server
    server.stop()


def execute(server: Postgres, statement: str) -> list[tuple]:
    with psycopg.connect(server.url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchall() if cursor.description else []


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_it_starts_and_answers_under_its_url(server):
    server.start()
    assert execute(server, "SELECT current_database(), current_setting('server_encoding')") == [("ddns", "UTF8")]


def test_it_is_durable_and_listens_on_its_socket_only(server):
    server.start()
    settings = "current_setting('fsync'), current_setting('synchronous_commit'), current_setting('listen_addresses')"
    assert execute(server, f"SELECT {settings}") == [("on", "on", "")]


def test_only_its_user_enters_data_and_socket(server):
    server.start()
    assert mode_of(server.data) == mode_of(server.socket_directory) == 0o700


def test_parents_keep_their_modes(server, tmp_path):
    before = [mode_of(parent) for parent in (tmp_path, *tmp_path.parents)]
    server.start()
    assert [mode_of(parent) for parent in (tmp_path, *tmp_path.parents)] == before


@pytest.mark.parametrize("end", [Postgres.stop, Postgres.kill])
def test_committed_rows_survive(server, end):
    server.start()
    execute(server, "CREATE TABLE kept AS SELECT 1 AS n")
    end(server)
    server.start()
    assert execute(server, "SELECT n FROM kept") == [(1,)]


def test_url_stays_the_same_over_a_crash(server):
    server.start()
    url = server.url
    server.kill()
    server.start()
    assert server.url == url


def test_process_id_that_another_program_has_now_does_not_prevent_the_start(server):
    server.start()
    server.kill()
    with contextlib.closing(_other_program(server)) as other:
        note = server.data / "postmaster.pid"
        note.write_text("\n".join([str(other.pid), *note.read_text().split("\n")[1:]]))
        server.start()
        assert server.alive


def test_postmaster_that_a_killed_run_left_is_ended_first(server, tmp_path):
    server.start()
    orphan = server.pid
    successor = Postgres(server.directory)
    successor.start()
    try:
        wait_for(lambda: not server.alive, SOON)
        assert successor.pid != orphan
    finally:
        successor.stop()


def test_directories_of_a_killed_run_are_removed_by_the_next(server):
    server.start()
    left = server.socket_directory
    server.kill()
    successor = Postgres(server.directory)
    successor.start()
    successor.stop()
    assert not left.exists()
    assert not successor.directory.joinpath("runtime").exists()


def test_interrupted_creation_begins_anew(server):
    server.data.mkdir(parents=True)
    (server.data / "base").mkdir()
    server.start()
    assert server.is_ready()


def test_data_of_another_version_is_refused(server):
    server.start()
    server.stop()
    (server.data / "PG_VERSION").write_text("9\n")
    with pytest.raises(DirectoryUnusable, match="written by PostgreSQL 9"):
        server.start()


def test_broken_data_shows_the_log(server):
    server.start()
    server.stop()
    (server.data / "global" / "pg_control").unlink()
    with pytest.raises(ServerFailed, match="pg_control"):
        server.start()


def test_user_without_a_name_is_told_what_to_do(server, monkeypatch):
    monkeypatch.setattr(postgres.os, "geteuid", lambda: 4242)
    with pytest.raises(UserUnknown, match="DATABASE_URL"):
        server.start()


def test_missing_wheel_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setattr(postgres.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BinaryMissing, match="DATABASE_URL"):
        Postgres(tmp_path)


def _other_program(server: Postgres) -> "_Sleeper":
    return _Sleeper(server.user.pw_uid if server.user else os.geteuid())


class _Sleeper:
    """A program of PostgreSQL's own user, whose id PostgreSQL would therefore respect."""

    def __init__(self, uid: int):
        drop = {"user": uid} if os.geteuid() == 0 else {}
        self._child = subprocess.Popen(["sleep", "600"], **drop)
        self.pid = self._child.pid

    def close(self) -> None:
        self._child.send_signal(signal.SIGKILL)
        self._child.wait()
