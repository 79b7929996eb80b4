"""Proofs: after a decision every authoritative server is asked until it answers as decided; one that lags is said."""

import hashlib
import json
import zipfile
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import case_exports, decisions, proofs, receipts
from abuse.models import Decision
from ddns import domains, hostnames
from ddns.models import Hostname
from deploy.local.bind import Bind
from deploy.local.knot import Knot
from dnsupdate.models import Nameserver, Proof, Zone
from tests.abuse.stories import open_case
from tests.dnsupdate.real_zones import drain, zone_row

pytestmark = pytest.mark.django_db(transaction=True)

Action = Decision.Action


@pytest.fixture
def zone(transactional_db, bind: Bind, fresh_zone) -> Zone:
    return zone_row(bind, fresh_zone(bind))


@pytest.fixture
def domain(zone: Zone):
    return domains.offer(zone)


@pytest.fixture
def live(home: Hostname, zone: Zone) -> Hostname:
    hostnames.configure(home)
    drain(zone)
    return home


def suspend(hostname, by) -> Decision:
    return decisions.take(open_case(hostname), action=Action.SUSPEND, reason="phishing", by=by)


def later(minutes: int):
    return timezone.now() + timedelta(minutes=minutes)


def test_a_suspension_is_proven_once_it_is_published(live, zone, oscar):
    decision = suspend(live, oscar)
    proofs.prove_due(timezone.now())
    decision.refresh_from_db()
    assert (decision.proven_at, decision.proof["is_proven"]) == (None, False)
    assert decision.proof["waits"]

    drain(zone)
    assert proofs.prove_due(later(1)) == 1
    decision.refresh_from_db()
    assert decision.proven_at is not None
    (answer,) = decision.proof["answers"]
    assert (answer["rcode"], answer["answers"], answer["is_match"]) == ("NXDOMAIN", {}, True)
    assert answer["serial"]
    assert proofs.prove_due(later(2)) == 0


def test_a_hold_is_proven_to_answer_what_stood(live, zone, oscar):
    decision = decisions.take(open_case(live), action=Action.HOLD, reason="looks bad", by=oscar)
    drain(zone)
    decision = decisions.prove(decision)
    (answer,) = decision.proof["answers"]
    assert answer["answers"] == {"A": ["203.0.113.7"], "AAAA": ["2001:db8::7"]}
    assert decision.proven_at is not None


def test_a_server_that_lags_is_said_and_asked_again_later(live, zone, knot: Knot, oscar):
    knot.add_zone(zone.name)
    zone.secondaries.add(Nameserver.objects.create(name="lagging", host=knot.host, port=knot.port))
    decision = decisions.take(open_case(live), action=Action.HOLD, reason="looks bad", by=oscar)
    drain(zone)
    decision = decisions.prove(decision)

    assert decision.proven_at is None
    assert decision.proof["lagging"] == ["lagging"]
    assert decision.proof["answers"][0]["server"] == "lagging"
    assert proofs.prove_due(timezone.now()) == 0
    first = decision.proof["next_at"]
    proofs.prove_due(later(1))
    decision.refresh_from_db()
    assert decision.proof["tries"] == 2
    assert decision.proof["next_at"] > first


def test_a_wildcard_and_what_is_below_are_proven_too(live, zone, oscar):
    hostnames.configure(live, wildcard=True)
    decision = suspend(live, oscar)
    drain(zone)
    decision = decisions.prove(decision)
    assert {each["name"] for each in decision.proof["answers"]} == {live.name, f"*.{live.name}"}
    assert Proof.objects.filter(name=live.name, is_match=True).exists()


def test_a_locked_account_is_proven_by_all_its_names(live, alice, domain, zone, root):
    hostnames.register(alice, domain=domain, label="office")
    decision = decisions.take(open_case(live), action=Action.LOCK_ACCOUNT, reason="all bad", by=root)
    drain(zone)
    decision = decisions.prove(decision)
    assert decision.proof["answer_count"] == 2
    assert decision.proven_at is not None


def test_an_undoing_is_proven_too_and_what_was_proven_of_the_act_stays(live, zone, oscar):
    decision = suspend(live, oscar)
    drain(zone)
    decision = decisions.prove(decision)
    act = decision.proof
    decision = decisions.undo(decision, reason="mistake", by=oscar)
    proofs.prove_due(later(0))
    decision.refresh_from_db()
    assert decision.proof["undoing"]["waits"]

    drain(zone)
    assert proofs.prove_due(later(1)) == 1
    decision.refresh_from_db()
    assert decision.undoing_proven_at is not None
    (answer,) = decision.proof["undoing"]["answers"]
    assert (answer["rcode"], answer["answers"]) == ("NOERROR", {"A": ["203.0.113.7"], "AAAA": ["2001:db8::7"]})
    assert {name: decision.proof[name] for name in act} == act
    assert proofs.prove_due(later(2)) == 0


def test_what_was_undone_before_it_was_proven_is_proven_to_be_undone(live, zone, oscar):
    decision = suspend(live, oscar)
    decisions.undo(decision, reason="mistake", by=oscar)
    drain(zone)
    assert proofs.prove_due(later(1)) == 1
    decision.refresh_from_db()
    assert (decision.proven_at, decision.undoing_proven_at is not None) == (None, True)


def test_an_end_is_proven_too(live, zone, oscar):
    case = open_case(live)
    decision = decisions.take(case, action=Action.SUSPEND, reason="phishing", by=oscar, ends_at=later(60))
    Decision.objects.filter(pk=decision.pk).update(ends_at=timezone.now())
    assert decisions.end_due(timezone.now()) == 1
    drain(zone)
    decision.refresh_from_db()
    decision = decisions.prove(decision)
    assert decision.undoing_proven_at is not None
    assert decision.proof["undoing"]["answers"][0]["answers"]["A"] == ["203.0.113.7"]


def test_what_is_undone_while_the_servers_are_asked_is_not_said_to_be_proven(live, zone, oscar):
    decision = suspend(live, oscar)
    drain(zone)
    decisions.undo(decision, reason="mistake", by=oscar)
    stale = Decision.objects.get(pk=decision.pk)
    stale.state = Decision.State.DONE
    proofs.prove_all([stale])
    decision.refresh_from_db()
    assert (decision.proven_at, decision.undoing_proven_at) == (None, None)


def test_what_is_proven_has_a_receipt_and_is_in_the_export(live, zone, oscar, root):
    decision = suspend(live, oscar)
    drain(zone)
    decisions.prove(decision)
    decision = decisions.undo(decision, reason="mistake", by=oscar)
    drain(zone)
    decisions.prove(decision)
    bodies = [json.loads(each.payload) for each in decision.receipts.order_by("issued_at")]
    told = [body for body in bodies if "proven_at" in body]
    assert [body["proof_of"] for body in told] == ["decision", "undoing"]
    assert all(body["nameservers"] and body["answer_count"] == 1 for body in told)
    assert live.account.email not in json.dumps(bodies)
    assert "203.0.113.7" not in json.dumps(bodies)

    with case_exports.write(decision.case, by=root) as file, zipfile.ZipFile(file) as archive:
        (row,) = json.loads(archive.read("case.json"))["decisions"]
    answers = row["proof"]["undoing"]["answers"]
    assert told[1]["answers_sha256"] == hashlib.sha256(receipts.canonical(answers).encode()).hexdigest()
    assert row["undoing_proven_at"]


def test_what_is_not_in_dns_is_not_asked_for(live, oscar):
    decisions.take(open_case(live), action=Action.DISMISS, reason="no evidence", by=oscar)
    assert proofs.prove_due(later(1)) == 0
