"""What a new zone holds, and whether a server answers for it."""

import socket
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.query
import dns.rdatatype

from .ports import LOOPBACK

ANSWER_TIME = timedelta(milliseconds=500)

# The minimum is how long a resolver believes that a name does not exist: a new name must not wait for it.
ZONE_FILE = """\
$TTL 60
@ IN SOA ns.{apex}. hostmaster.{apex}. ( 1 3600 600 1209600 60 )
@ IN NS ns
ns IN A {host}
"""


def zone_file(apex: str, host: str = LOOPBACK) -> str:
    return ZONE_FILE.format(apex=apex, host=host)


def serial(port: int, apex: str, host: str = LOOPBACK) -> int | None:
    """The zone's serial as this server says it, None where it does not answer with authority."""
    query = dns.message.make_query(apex, dns.rdatatype.SOA, flags=0)
    try:
        answer = dns.query.udp(query, host, port=port, timeout=ANSWER_TIME.total_seconds())
    except (dns.exception.DNSException, OSError):
        return None
    if not answer.flags & dns.flags.AA:
        return None
    return next((rrset[0].serial for rrset in answer.answer if rrset.rdtype == dns.rdatatype.SOA), None)


def serves(port: int, apexes: Iterable[str], host: str = LOOPBACK) -> bool:
    return listens(port, host) and all(serial(port, apex, host) is not None for apex in apexes)


def listens(port: int, host: str = LOOPBACK) -> bool:
    with socket.socket() as probe:
        probe.settimeout(ANSWER_TIME.total_seconds())
        return probe.connect_ex((host, port)) == 0


def file_of(directory: Path, apex: str) -> Path:
    return directory / f"{apex}.zone"
