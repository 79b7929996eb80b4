"""Real servers for one test run: private, on loopback, started when a collected test needs them, stopped by id.

An early plugin (-p tests.servers): settings are read from the environment before any conftest is.
"""

import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.bind import Bind
from deploy.local.errors import BinaryMissing
from deploy.local.knot import Knot
from deploy.local.nameserver import EmbeddedNameserver
from deploy.local.postgres import Postgres
from deploy.local.server import Server
from deploy.local.tsig import TsigKey
from deploy.local.valkey import Valkey
from tests.left_out import left_out

ZONE = "ddns.test"
DATABASE_FIXTURES = {"db", "transactional_db", "django_db_setup", "live_server", "admin_user", "admin_client"}
SERVER_FIXTURES = {
    "bind",
    "knot",
    "embedded_nameserver",
    "nameserver",
    "primary",
    "broker",
    "fresh_zone",
    "stack",
    "estate",
}

run = pytest.StashKey["Run"]()


class Run:
    """What this run has started, in the order it was."""

    def __init__(self) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="ddns-test-"))
        # BIND and Knot drop root's rights and must still reach the directories of their own below this one.
        self.directory.chmod(0o711)
        self.started: list[Server] = []
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None

    def start(self, server: Server) -> Server:
        server.start()
        self.started.append(server)
        return server

    def heal(self) -> None:
        """A test may freeze, stop or kill a server that others share."""
        for server in self.started:
            if server.alive:
                server.thaw()
            else:
                server.start()

    def close(self) -> None:
        for server in reversed(self.started):
            server.thaw()
            server.stop()
        for server in (self.postgres, self.valkey):
            if server is not None:
                server.release()
        shutil.rmtree(self.directory, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--quick", action="store_true", help="only what needs no server and no database")


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Before pytest-django reads the settings; nothing is started here."""
    current = early_config.stash[run] = Run()
    os.environ["DDNS_MODE"] = "test"
    os.environ["DDNS_SECRET_KEY"] = secrets.token_urlsafe(50)
    os.environ["DDNS_VAR"] = str(current.directory / "var")
    os.environ["DDNS_STATIC_ROOT"] = str(current.directory / "static")
    (current.directory / "static").mkdir()
    if early_config.known_args_namespace.quick:
        os.environ["DATABASE_URL"] = "postgresql://not-started-by-quick/ddns"
        os.environ["REDIS_URL"] = "unix:///not-started-by-quick"
    else:
        _choose_database(current)
        _choose_broker(current)
    try:
        return (yield)
    except BaseException:
        current.close()
        raise


def _choose_database(current: Run) -> None:
    if url := os.environ.get("TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
        return
    current.postgres = Postgres(current.directory / "postgres")
    os.environ["DATABASE_URL"] = current.postgres.url


def _choose_broker(current: Run) -> None:
    if url := os.environ.get("TEST_REDIS_URL"):
        os.environ["REDIS_URL"] = url
        return
    current.valkey = Valkey(current.directory / "valkey")
    os.environ["REDIS_URL"] = current.valkey.url


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "servers: starts servers of its own")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not config.option.quick:
        return
    slow = [item for item in items if needs_database(item) or needs_servers(item)]
    items[:] = [item for item in items if item not in slow]
    config.hook.pytest_deselected(items=slow)


def pytest_collection_finish(session: pytest.Session) -> None:
    config, current = session.config, session.config.stash[run]
    if config.option.quick or config.option.collectonly or not session.items:
        return
    if current.valkey is not None:
        current.start(current.valkey)
    if current.postgres is not None and any(needs_database(item) for item in session.items):
        current.start(current.postgres)


def pytest_unconfigure(config: pytest.Config) -> None:
    if run in config.stash:
        config.stash[run].close()


def needs_database(item: pytest.Item) -> bool:
    from django.test import TransactionTestCase

    is_django_case = isinstance(getattr(item, "cls", None), type) and issubclass(item.cls, TransactionTestCase)
    is_marked = item.get_closest_marker("django_db") is not None
    return is_marked or is_django_case or bool(DATABASE_FIXTURES & set(getattr(item, "fixturenames", ())))


def needs_servers(item: pytest.Item) -> bool:
    is_marked = item.get_closest_marker("servers") is not None
    return is_marked or bool(SERVER_FIXTURES & set(getattr(item, "fixturenames", ())))


# --- Fixtures ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Run:
    """Directory and register of this run's servers."""
    return request.config.stash[run]


@pytest.fixture(scope="session")
def tsig_key() -> TsigKey:
    """The key that may update every test zone."""
    return TsigKey.generate("ddns-test")


@pytest.fixture(scope="session")
def bind(servers: Run, tsig_key: TsigKey) -> Bind:
    """BIND as primary for ddns.test. Hurt it freely: it is brought back after the test."""
    return servers.start(_made(Bind, servers.directory / "bind", tsig_key))


@pytest.fixture(scope="session")
def knot(servers: Run, tsig_key: TsigKey) -> Knot:
    """Knot as primary for ddns.test."""
    return servers.start(_made(Knot, servers.directory / "knot", tsig_key))


@pytest.fixture(scope="session")
def embedded_nameserver(servers: Run, tsig_key: TsigKey) -> EmbeddedNameserver:
    """`python -m dnsupdate.embedded` as primary for ddns.test."""
    return servers.start(_made(EmbeddedNameserver, servers.directory / "embedded", tsig_key))


@pytest.fixture(params=["bind", "knot", "embedded_nameserver"])
def primary(request: pytest.FixtureRequest) -> Server:
    """Each of the three in turn."""
    return request.getfixturevalue(request.param)


@pytest.fixture
def fresh_zone():
    """`fresh_zone(server)` adds a zone of the test's own to a running server and returns its apex."""

    def add(server: Bind | Knot | EmbeddedNameserver) -> str:
        apex = f"z{secrets.token_hex(4)}.test"
        server.add_zone(apex)
        return apex

    return add


@pytest.fixture(scope="session")
def broker(servers: Run) -> Valkey:
    """The run's Valkey, for tests that stop it or look into it."""
    if servers.valkey is None:
        left_out("valkey", "TEST_REDIS_URL names one that is not ours to stop")
    return servers.valkey


@pytest.fixture(scope="session")
def postgres(servers: Run) -> Postgres:
    """The run's PostgreSQL, for tests that stop it. Together with `db` or `transactional_db`."""
    if servers.postgres is None:
        left_out("postgres", "TEST_DATABASE_URL names one that is not ours to stop")
    return servers.postgres


@pytest.fixture
def free_port() -> int:
    """A loopback port that nobody uses, over TCP and UDP."""
    return ports.free_port()


@pytest.fixture(autouse=True)
def _servers_as_new(request: pytest.FixtureRequest, servers: Run) -> Iterator[None]:
    """No limit, lock or cached answer reaches the next test, and no stopped server either."""
    if servers.valkey is not None:
        servers.valkey.wipe()
    yield
    servers.heal()


def _made(kind: type, directory: Path, key: TsigKey) -> Server:
    try:
        return kind(directory, zones=[ZONE], key=key)
    except BinaryMissing as missing:
        left_out(kind.name, str(missing))
