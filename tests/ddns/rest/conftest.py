"""Alice's program has a key that may manage her account; her monitor may only read; Bob has a program of his own."""

import pytest

from ddns import keys
from ddns.models import Hostname, User
from ddns.models.keys import Permission
from tests.ddns.rest.programs import Program


@pytest.fixture
def program(alice: User) -> Program:
    """Alice's, with a key for everything in her account."""
    return Program(keys.create(alice, label="program", permission=Permission.MANAGE)[1])


@pytest.fixture
def monitor(alice: User) -> Program:
    """Alice's, with a key that may read her account."""
    return Program(keys.create(alice, label="monitor", permission=Permission.READ)[1])


@pytest.fixture
def helper(alice: User, home: Hostname) -> Program:
    """Alice's, with a key that may manage home.ddns.test alone."""
    return Program(keys.create(alice, label="helper", permission=Permission.MANAGE, hostnames=[home])[1])


@pytest.fixture
def stranger(bob: User) -> Program:
    """Bob's, with a key for everything in his account."""
    return Program(keys.create(bob, label="program", permission=Permission.MANAGE)[1])
