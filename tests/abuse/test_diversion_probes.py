"""Probes of sinkholes: names leave DNS when theirs has stopped answering, and nothing comes back by itself."""

import socket
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from abuse import decisions, diversion_probes, diversions
from abuse.diversion_probes import Answer
from abuse.errors import InvalidParameter
from abuse.models import Case, DiversionTarget
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import State
from deploy.local.ports import free_port
from dnsupdate.models import Alarm
from tests.abuse.stories import open_case

pytestmark = pytest.mark.django_db

C2 = "infrastructure/botnet"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A partner's sinkhole, on loopback: tests may divert there, providers may not."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def sinkhole(listener) -> DiversionTarget:
    return DiversionTarget.objects.create(
        name="partner", kind="sinkhole", addresses=["127.0.0.1"], probe_port=listener.getsockname()[1]
    )


@pytest.fixture
def diverted(home: Hostname, sinkhole: DiversionTarget, root: User) -> Case:
    hostnames.publish(hostnames.lock(home))
    case = open_case(home, C2)
    proposed = decisions.take(case, action="divert", reason="victims", by=root, parameters={"target": sinkhole.pk})
    decisions.approve(proposed, by=User.objects.create_superuser("second@example.com"))
    return case


def as_if_it_failed(target: DiversionTarget, **ago: int) -> None:
    DiversionTarget.objects.filter(pk=target.pk).update(failing_since=timezone.now() - timedelta(**ago))


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def test_a_listener_that_answers_is_seen_and_one_without_names_is_not_asked(sinkhole):
    assert diversion_probes.look_at_all() == 0
    assert diversion_probes.ask("127.0.0.1", sinkhole.probe_port) == Answer("127.0.0.1", "")


def test_after_three_failures_the_names_are_suspended_and_stay_so_when_it_is_back(
    diverted, home, sinkhole, listener, root
):
    diversion_probes.look_at_all()
    sinkhole.refresh_from_db()
    assert sinkhole.answered_at is not None
    listener.close()
    for _ in range(2):
        assert diversion_probes.look_at_all() == 1
    as_if_it_failed(sinkhole, minutes=30)
    assert diversions.watch() == 0
    assert "does not answer" in Alarm.objects.open().get(kind=Alarm.Kind.DIVERSION).text

    diversion_probes.look_at_all()
    assert diversions.watch() == 1
    assert state_of(home) == State.SUSPENDED
    diversions.watch()
    assert "stays so when it answers again" in Alarm.objects.open().get(kind=Alarm.Kind.DIVERSION).text
    with pytest.raises(InvalidParameter, match="has not answered since"):
        decisions.take(open_case(home), action="divert", reason="again", by=root, parameters={"target": sinkhole.pk})

    with socket.create_server(("127.0.0.1", sinkhole.probe_port)):
        assert diversion_probes.look_at_all() == 1
    assert diversions.watch() == 0
    assert state_of(home) == State.SUSPENDED
    assert not Alarm.objects.open().filter(kind=Alarm.Kind.DIVERSION).exists()


def test_three_failures_within_a_moment_are_a_restart(diverted, home, sinkhole, listener):
    listener.close()
    for _ in range(4):
        diversion_probes.look_at_all()
    assert diversions.watch() == 0
    assert state_of(home) == State.DIVERTED


def test_one_address_of_several_that_is_left_keeps_the_names_and_people_are_told(diverted, home, sinkhole):
    DiversionTarget.objects.update(addresses=["127.0.0.1", "127.0.0.2"])
    now, target = timezone.now(), DiversionTarget.objects.get()
    diversion_probes.write_down(target, [Answer("127.0.0.1", "refused"), Answer("127.0.0.2", "")], now)
    target.refresh_from_db()
    assert (target.failing_since, target.answered_at) == (None, now)
    assert diversions.watch() == 0
    assert "answers in part" in Alarm.objects.open().get(kind=Alarm.Kind.DIVERSION).text


def test_a_family_that_we_do_not_speak_is_no_failure_of_the_partner(diverted, sinkhole):
    unknown = Answer("2001:db8::1", "network is unreachable", is_known=False)
    diversion_probes.write_down(sinkhole, [unknown], timezone.now())
    sinkhole.refresh_from_db()
    assert (sinkhole.failing_since, sinkhole.failure_count) == (None, 0)
    diversion_probes.write_down(sinkhole, [unknown, Answer("127.0.0.1", "timed out")], timezone.now())
    sinkhole.refresh_from_db()
    assert (sinkhole.failing_since is not None, sinkhole.failure_count) == (True, 1)


def test_private_addresses_are_not_asked_where_they_may_not_be_published(settings, listener):
    settings.ALLOW_NON_GLOBAL_ADDRESSES = False
    assert "does not route" in diversion_probes.ask("127.0.0.1", listener.getsockname()[1]).problem


def test_another_address_was_never_seen_to_fail_and_a_change_of_words_forgets_nothing(sinkhole, root):
    since = datetime.now(tz=timezone.get_current_timezone())
    DiversionTarget.objects.update(failing_since=since, failure_count=5, failure="refused")
    sinkhole.contact = "soc@partner.example"
    diversions.store(sinkhole, by=root)
    sinkhole.refresh_from_db()
    assert sinkhole.failure_count == 5
    sinkhole.probe_port = free_port()
    diversions.store(sinkhole, by=root)
    sinkhole.refresh_from_db()
    assert (sinkhole.failure_count, sinkhole.failing_since, sinkhole.failure) == (0, None, "")


def test_addresses_that_were_changed_during_the_look_did_not_fail(sinkhole):
    """Else the names would be suspended, for good, because of what somebody has just mended."""
    as_if_it_failed(sinkhole, hours=1)
    DiversionTarget.objects.update(failure_count=2)
    read = DiversionTarget.objects.get()
    DiversionTarget.objects.update(addresses=["127.0.0.2", "::1"], failing_since=None, failure_count=0)
    diversion_probes.write_down(read, [Answer("127.0.0.1", "timed out")], timezone.now())
    target = DiversionTarget.objects.get()
    assert (target.failing_since, target.failure_count, target.why_over(timezone.now())) == (None, 0, "")
