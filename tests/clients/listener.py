"""The listener for UPDATE messages beside the running platform, and the TSIG keys of its customers."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from deploy.local.ports import LOOPBACK, free_port
from deploy.local.program import Program, logged
from tests.stack import Stack

TSIG_KEY = """
from ddns import keys, tsig_keys
from ddns.models import UpdateKey, User
account = User.objects.get(email=email)
hostnames = account.hostnames.filter(name__in=names) if names else None
key = keys.create(account, label="nsupdate", hostnames=hostnames, permission=permission)[0]
result = tsig_keys.create(key, algorithm=algorithm)[1]
"""


@dataclass(frozen=True)
class Listener:
    stack: Stack
    program: Program
    port: int
    host: str = LOOPBACK

    def key_file(self, email: str, *names: str, permission: str = "device", algorithm: str = "hmac-sha256") -> str:
        """A new TSIG key of the customer, for these hostnames or all, as it is shown once."""
        return self.stack.run(TSIG_KEY, email=email, names=names, permission=permission, algorithm=algorithm)


@pytest.fixture(scope="session")
def session_listener(session_stack: Stack) -> Iterator[Listener]:
    port = free_port()
    argv = ["django", "serve_nsupdate", "--port", str(port)]
    with session_stack._program("nsupdate", argv, is_up=logged("listening on")) as program:
        yield Listener(session_stack, program, port)


@pytest.fixture
def listener(session_listener: Listener, stack: Stack) -> Listener:
    if not session_listener.program.alive:
        session_listener.program.start()
    return session_listener
