"""Diversions: a name answers a partner's sinkhole, by every server, and leaves DNS when the agreement ends."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from abuse import decisions, diversions
from abuse.errors import InvalidParameter
from abuse.models import Case, Decision, DiversionTarget, LedgerEntry, Message
from ddns import domains, hostnames
from ddns.models import Hostname, Notification, User
from ddns.models.hostnames import State
from deploy.local.bind import Bind
from dnsupdate.models import Alarm, Publication, Zone
from tests.abuse.stories import open_case
from tests.dnsupdate.real_zones import drain, zone_row
from tests.people import logged_in

pytestmark = pytest.mark.django_db

Action = Decision.Action
C2 = "infrastructure/botnet"
SINK = {"A": ["198.51.100.1"], "AAAA": ["2001:db8:5::1"]}


@pytest.fixture
def sinkhole(db) -> DiversionTarget:
    addresses = ["198.51.100.1", "2001:db8:5::1"]
    return DiversionTarget.objects.create(name="partner", kind="sinkhole", addresses=addresses, ttl=120)


@pytest.fixture
def second(db) -> User:
    return User.objects.create_superuser("second@example.com")


@pytest.fixture
def case(home: Hostname) -> Case:
    hostnames.publish(hostnames.lock(home))
    return open_case(home, C2)


def divert(case: Case, target: DiversionTarget, by: User, second: User, **more) -> Decision:
    parameters = {"target": target.pk}
    proposed = decisions.take(
        case, action=Action.DIVERT, reason="a partner counts victims", by=by, parameters=parameters, **more
    )
    return decisions.approve(proposed, by=second)


def answered(hostname: Hostname) -> dict:
    rrsets = Publication.objects.get(pk=Hostname.objects.get(pk=hostname.pk).publication_id).rrsets
    return {rdtype: rrset["rdata"] for rdtype, rrset in rrsets.items()}


def state_of(hostname: Hostname) -> State:
    return Hostname.objects.get(pk=hostname.pk).state


def end(target: DiversionTarget, **ago: int) -> None:
    DiversionTarget.objects.filter(pk=target.pk).update(valid_until=timezone.now() - timedelta(**ago))


@pytest.mark.django_db(transaction=True)
def test_a_diverted_name_answers_the_sinkhole_and_after_the_agreement_nothing(
    transactional_db, bind: Bind, fresh_zone, alice, root, second, sinkhole
):
    """As a resolver sees it: proven at the nameserver each time."""
    zone: Zone = zone_row(bind, fresh_zone(bind))
    home = hostnames.register(alice, domain=domains.offer(zone), label="home")
    Hostname.objects.filter(pk=home.pk).update(ipv4="203.0.113.7")
    hostnames.configure(home)
    decision = divert(open_case(home, C2), sinkhole, root, second)
    drain(zone)
    decision = decisions.prove(decision)
    assert decision.proven_at is not None
    assert [each["answers"] for each in decision.proof["answers"]] == [SINK]

    end(sinkhole, minutes=1)
    assert diversions.watch() == 1
    drain(zone)
    assert (state_of(home), answered(home)) == (State.SUSPENDED, {})

    decision = decisions.undo(decision, reason="cleaned", by=root)
    drain(zone)
    decision = decisions.prove(decision)
    assert decision.undoing_proven_at is not None
    assert [each["answers"] for each in decision.proof["undoing"]["answers"]] == [{"A": ["203.0.113.7"]}]


def test_a_sinkhole_takes_command_and_control_and_a_notice_page_does_not(case, home, sinkhole, root, second):
    notice = DiversionTarget.objects.create(name="page", kind="notice", addresses=["198.51.100.80"])
    with pytest.raises(InvalidParameter, match="a notice page is for people"):
        divert(case, notice, root, second)
    divert(case, sinkhole, root, second)
    assert answered(home) == SINK


def test_when_the_agreement_has_ended_the_name_is_suspended_and_everybody_can_see_why(
    case, home, sinkhole, root, second
):
    until = timezone.now() + timedelta(days=3)
    DiversionTarget.objects.filter(pk=sinkhole.pk).update(valid_until=until)
    decision = divert(case, sinkhole, root, second)
    assert decision.ends_at is None
    assert any("is suspended instead" in each for each in decision.impact["sentences"])
    assert diversions.watch() == 0
    assert answered(home) == SINK

    end(sinkhole, seconds=1)
    told = Notification.objects.filter(account=home.account).count()
    assert diversions.watch() == 1
    assert (state_of(home), answered(home)) == (State.SUSPENDED, {})
    entry = LedgerEntry.objects.get(action="suspend-instead")
    assert (entry.object, entry.actor, entry.details["decision"]) == ("hostname home.ddns.test", None, decision.pk)
    assert "ended at" in Message.objects.get(case=case, side="note").text
    assert Notification.objects.filter(account=home.account).count() == told + 1
    assert diversions.watch() == 0
    assert diversions.counts() == {}

    decisions.undo(Decision.objects.get(pk=decision.pk), reason="cleaned", by=root)
    assert (state_of(home), answered(home)) == (State.LIVE, {"A": ["203.0.113.7"], "AAAA": ["2001:db8::7"]})


def test_a_target_that_is_switched_off_takes_nothing_any_more_and_what_was_withheld_stays_so(
    case, home, foreign, sinkhole, root, second
):
    divert(case, sinkhole, root, second, withheld="the police asked")
    other = DiversionTarget.objects.create(name="other", kind="sinkhole", addresses=["198.51.100.9"])
    hostnames.publish(hostnames.lock(foreign))
    divert(open_case(foreign, C2), other, root, second)
    told = Notification.objects.filter(account=home.account).count()
    sinkhole.is_enabled = False
    diversions.store(sinkhole, by=root)
    assert diversions.watch() == 1
    assert (state_of(home), state_of(foreign)) == (State.SUSPENDED, State.DIVERTED)
    assert Notification.objects.filter(account=home.account).count() == told
    assert "switched off" in LedgerEntry.objects.get(action="suspend-instead").reason


def test_a_diversion_ends_by_itself_before_the_agreement_as_it_was_decided(case, home, sinkhole, root, second):
    decision = divert(case, sinkhole, root, second, ends_at=timezone.now() + timedelta(days=1))
    Decision.objects.filter(pk=decision.pk).update(ends_at=timezone.now())
    assert decisions.end_due(timezone.now()) == 1
    assert state_of(home) == State.LIVE


def test_what_is_suspended_besides_stays_and_the_diversion_below_it_is_no_way_back(case, home, sinkhole, root, second):
    divert(case, sinkhole, root, second)
    suspended = decisions.take(open_case(home), action=Action.SUSPEND, reason="phishing too", by=root)
    end(sinkhole, seconds=1)
    assert diversions.watch() == 1
    decisions.undo(suspended, reason="mistake", by=root)
    assert (state_of(home), answered(home)) == (State.SUSPENDED, {})


def test_people_are_told_before_an_agreement_ends_while_names_are_diverted(case, sinkhole, root, second):
    soon = timezone.now() + diversions.WARNED_BEFORE - timedelta(hours=1)
    DiversionTarget.objects.filter(pk=sinkhole.pk).update(valid_until=soon)
    diversions.watch()
    assert not Alarm.objects.open().filter(kind=Alarm.Kind.DIVERSION).exists()

    divert(case, sinkhole, root, second)
    diversions.watch()
    alarm = Alarm.objects.open().get(kind=Alarm.Kind.DIVERSION)
    assert f"partner at {soon:%Y-%m-%d %H:%M} UTC (1 names)" in alarm.text
    diversions.watch()
    assert Alarm.objects.filter(kind=Alarm.Kind.DIVERSION).count() == 1

    DiversionTarget.objects.filter(pk=sinkhole.pk).update(valid_until=soon + timedelta(days=90))
    diversions.watch()
    assert not Alarm.objects.open().filter(kind=Alarm.Kind.DIVERSION).exists()


def test_one_name_that_fails_does_not_keep_the_others(case, home, foreign, sinkhole, root, second, monkeypatch):
    divert(case, sinkhole, root, second)
    hostnames.publish(hostnames.lock(foreign))
    divert(open_case(foreign, C2), sinkhole, root, second)
    end(sinkhole, seconds=1)
    real = diversions.messages.say

    def say(of, **said):
        if of.pk == case.pk:
            raise RuntimeError
        return real(of, **said)

    monkeypatch.setattr(diversions.messages, "say", say)
    assert diversions.watch() == 1
    assert (state_of(home), state_of(foreign)) == (State.DIVERTED, State.SUSPENDED)


def test_the_form_says_what_the_end_means(root, oscar, sinkhole):
    address = reverse("admin:abuse_diversiontarget_change", args=[sinkhole.pk])
    assert "are suspended within a minute" in logged_in(root).get(address).text
    assert logged_in(oscar).post(address, {"is_enabled": ""}).status_code == 403
