"""Loopback ports."""

import socket

import pytest

from deploy.local import ports


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_port_of_another_program_is_taken(kind):
    with socket.socket(socket.AF_INET, kind) as other:
        other.bind((ports.LOOPBACK, 0))
        assert ports.is_taken(other.getsockname()[1])


def test_free_port_is_free():
    assert not ports.is_taken(ports.free_port())
