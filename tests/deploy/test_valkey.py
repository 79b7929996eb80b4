"""The private Valkey."""

import stat

import pytest
import redis

from deploy.local import valkey
from deploy.local.errors import BinaryMissing
from deploy.local.valkey import Valkey

pytestmark = pytest.mark.servers


@pytest.fixture
def server(tmp_path):
    server = Valkey(tmp_path / "with a space")
    yield server
    server.stop()


@pytest.mark.parametrize("end", [Valkey.stop, Valkey.kill])
def test_it_comes_back_empty(server, end):
    server.start()
    with redis.Redis.from_url(server.url) as client:
        client.set("limit", 1)
    end(server)
    server.start()
    with redis.Redis.from_url(server.url) as client:
        assert client.get("limit") is None


def test_only_its_user_enters_the_socket_directory(server):
    server.start()
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700


def test_port_is_used_where_asked(tmp_path, free_port):
    with Valkey(tmp_path, port=free_port) as server:
        assert server.url == f"redis://127.0.0.1:{free_port}/0"
        assert server.is_ready()


def test_frozen_server_is_not_ready(server):
    server.start()
    server.freeze()
    assert not server.is_ready()
    server.thaw()
    assert server.is_ready()


def test_missing_wheel_names_the_variable(tmp_path, monkeypatch):
    monkeypatch.setattr(valkey.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(BinaryMissing, match="REDIS_URL"):
        Valkey(tmp_path)
