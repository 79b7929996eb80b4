"""Probes of targets of diversion: whether what names are diverted to answers by TCP, and for how long it has not.

A partner whose sinkhole is down loses nothing by us, but its victims would go on asking for names that lead nowhere.
"""

import errno
import logging
import socket
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address

from django.db.models import Q
from django.utils import timezone

from abuse import diversions
from abuse.models import DiversionTarget
from ddns import addresses

logger = logging.getLogger(__name__)

# A handshake across the world takes a third of a second; one SYN may be lost and sent again twice.
TIMEOUT = timedelta(seconds=5)
AT_ONCE = 16
# What says that this machine cannot ask, not that nobody answers: no IPv6 here, no route.
_NOT_FROM_HERE = (errno.ENETUNREACH, errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT, errno.EACCES, errno.EPERM, errno.EMFILE)


@dataclass(frozen=True, slots=True)
class Answer:
    """Of one address. is_known is False where this machine cannot ask it."""

    address: str
    problem: str
    is_known: bool = True


def look_at_all() -> int:
    """Connects to every address of the targets that have names, or had failed; gives how many targets were asked.

    No transaction is open meanwhile. A target has failed when none of its addresses answers: one that is left still
    counts the victims. May run twice.
    """
    in_question = Q(pk__in=diversions.counts()) | Q(failing_since__isnull=False)
    watched = DiversionTarget.objects.filter(in_question, is_enabled=True, probe_port__isnull=False)
    targets = list(watched.order_by("pk"))
    wanted = [(target, address) for target in targets for address in target.addresses]
    if not wanted:
        return 0
    with ThreadPoolExecutor(min(AT_ONCE, len(wanted))) as pool:
        found = list(pool.map(lambda each: ask(each[1], each[0].probe_port or 0), wanted))
    now = timezone.now()
    for target in targets:
        write_down(target, [answer for (of, _), answer in zip(wanted, found, strict=True) if of is target], now)
    return len(targets)


def ask(address: str, port: int) -> Answer:
    """Whether somebody accepts a connection there. Nothing is sent."""
    if not addresses.is_publishable(ip_address(address)):
        return Answer(address, "is one that the Internet does not route")
    try:
        socket.create_connection((address, port), timeout=TIMEOUT.total_seconds()).close()
    except TimeoutError:
        return Answer(address, "timed out")
    except OSError as error:
        words = error.strerror or type(error).__name__
        return Answer(address, words.lower(), is_known=error.errno not in _NOT_FROM_HERE)
    return Answer(address, "")


def write_down(target: DiversionTarget, answers: Sequence[Answer], now: datetime) -> None:
    """failing_since stands while none answers; failure names what does not, also where others do."""
    known = [each for each in answers if each.is_known]
    failure = "; ".join(f"{each.address} port {target.probe_port} {each.problem}" for each in answers if each.problem)
    # Not of one that has got other addresses meanwhile: what did not answer is not what names are sent to by now.
    asked = {"addresses": target.addresses, "probe_port": target.probe_port}
    row = DiversionTarget.objects.filter(pk=target.pk, **asked)
    if not known:
        logger.warning("The target %s cannot be asked from here: %s", target, failure)
        row.update(failure=failure[:300])
    elif any(not each.problem for each in known):
        row.update(answered_at=now, failing_since=None, failure_count=0, failure=failure[:300])
    else:
        since = target.failing_since or now
        row.update(failing_since=since, failure_count=target.failure_count + 1, failure=failure[:300])
