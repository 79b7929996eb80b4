"""Proofs: after a decision, and after its undoing, every authoritative server is asked until all answer so; who lags is said.

What was asked and answered is kept with the decision, that of its undoing apart; the rows of it by dnsupdate.propagation.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from abuse import actions, receipts
from abuse.models import Decision
from ddns import hostnames
from ddns.models import Hostname
from dnsupdate import propagation, turns
from dnsupdate.models import Proof, Publication, Zone

# Between two tries: a server that is a second late is proven soon, one that is down is not asked all day.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=2), timedelta(minutes=5)
# Then the lag is what stays on the case; the platform's own watches have raised an alarm long before.
DEADLINE = timedelta(days=1)
# In one run; names of accounts that are larger are proven by sample, and that is said.
MAX_DECISIONS = 500
MAX_NAMES = 200
# Some zones, half a minute each (propagation.PROOF_DEADLINE); a worker that died keeps others from it for no longer.
LONGEST_RUN = timedelta(minutes=3)
# As many answers as a page can show.
MAX_KEPT = 100

IN_DNS = [action for action, act in actions.ACTS.items() if act.is_in_dns]
# Within decision.proof: that of its undoing or end.
UNDOING = "undoing"


def prove(decision: Decision) -> Decision:
    """Asks now, and stores what was answered. Not inside a transaction: this waits for the network."""
    prove_all([decision])
    decision.refresh_from_db(fields=["proof", "proven_at", "undoing_proven_at"])
    return decision


def is_settled(decision: Decision) -> bool:
    """Whether nothing more will be known: it is proven, or nobody asks any more, or there is nothing in DNS to ask for."""
    since = decision.undone_at if decision.is_over else decision.done_at
    is_proven = decision.undoing_proven_at if decision.is_over else decision.proven_at
    is_late = since is None or since < timezone.now() - DEADLINE
    return decision.action not in IN_DNS or is_proven is not None or is_late


def prove_due(now: datetime) -> int:
    """Of what was done or undone, and is not proven yet; gives how many were asked about. Every run may happen twice."""
    with turns.take("prove-decisions", LONGEST_RUN) as is_ours:
        return _prove_due(now) if is_ours else 0


def _prove_due(now: datetime) -> int:
    in_dns = Decision.objects.filter(action__in=IN_DNS).select_related("case__hostname")
    done = in_dns.in_force().filter(proven_at=None, decided_at__gt=now - 2 * DEADLINE, done_at__gt=now - DEADLINE)
    undone = in_dns.over().filter(undoing_proven_at=None, undone_at__gt=now - DEADLINE)
    found = [*done.order_by("done_at")[:MAX_DECISIONS], *undone.order_by("undone_at")[:MAX_DECISIONS]]
    due = [each for each in found if _known(each).get("next_at", "") <= now.isoformat()]
    prove_all(due)
    return len(due)


def _known(decision: Decision) -> dict[str, Any]:
    """What is known so far of what is to be proven now: the act, or once that is over its undoing."""
    return decision.proof.get(UNDOING, {}) if decision.is_over else decision.proof


def prove_all(decisions: Sequence[Decision]) -> None:
    """One run for each zone, however many decisions; those whose change is not published yet wait."""
    by_decision = {decision.pk: _names(decision) for decision in decisions}
    publications = Publication.objects.filter(pk__in={pk for names in by_decision.values() for pk in names})
    waiting = set(publications.exclude(published_revision=F("revision")).values_list("pk", flat=True))
    names = dict(publications.values_list("pk", "name"))
    zones = dict(publications.values_list("pk", "zone"))
    ready = [each for each in decisions if not waiting.intersection(by_decision[each.pk])]
    proofs = _ask({(zones[pk], names[pk]) for each in ready for pk in by_decision[each.pk] if pk in names})
    for decision in decisions:
        its = [proof for pk in by_decision[decision.pk] for proof in proofs.get(names.get(pk, ""), [])]
        _store(decision, its if decision in ready else None)


def _names(decision: Decision) -> list[int]:
    """The publications of what it touches."""
    hostname = decision.case.hostname
    held: Iterable[Hostname] = [hostname] if hostname is not None else []
    if actions.of(decision.action).is_of_account or decision.action == Decision.Action.LOCK_ACCOUNT:
        held = Hostname.objects.held_by(decision.case.account).order_by("name")[:MAX_NAMES]
    return hostnames.publication_ids(list(held))


def _ask(wanted: set[tuple[int, str]]) -> Mapping[str, list[Proof]]:
    found: dict[str, list[Proof]] = {}
    for zone in Zone.objects.filter(pk__in={zone for zone, _ in wanted}).select_related("primary"):
        its = sorted(name for of, name in wanted if of == zone.pk)
        began = timezone.now()
        propagation.prove(zone, its)
        rows = Proof.objects.filter(zone=zone, name__in=its, asked_at__gte=began).select_related("nameserver")
        for row in rows.order_by("name", "nameserver__name"):
            found.setdefault(row.name, []).append(row)
    return found


def _store(decision: Decision, proofs: Sequence[Proof] | None) -> None:
    """None: it is not published yet."""
    now, known = timezone.now(), _known(decision)
    tries = int(known.get("tries", 0)) + (proofs is not None)
    is_proven = bool(proofs) and all(each.is_match for each in proofs or [])
    pause = min(FIRST_PAUSE * 2 ** min(tries, 10), LONGEST_PAUSE) if proofs is not None else FIRST_PAUSE
    proof: dict[str, Any] = {
        **known,
        "tries": tries,
        "asked_at": now.isoformat(),
        "next_at": (now + pause).isoformat(),
        "is_proven": is_proven,
        "waits": "" if proofs is not None else "The change is on its way to the primary.",
    }
    if proofs is not None:
        # What lags is shown first, and never left out.
        shown = sorted(proofs, key=lambda each: each.is_match)[:MAX_KEPT]
        proof |= {
            "answers": [_as_json(each) for each in shown],
            "answer_count": len(proofs),
            "is_sample": len({each.name for each in proofs}) >= MAX_NAMES,
            "lagging": sorted({each.nameserver.name for each in proofs if not each.is_match}),
        }
    _keep(decision, proof, now if is_proven else None)


@transaction.atomic
def _keep(decision: Decision, proof: dict[str, Any], proven_at: datetime | None) -> None:
    """Unless it was undone while the servers were asked about the act, or was proven by another run meanwhile."""
    this = Decision.objects.filter(pk=decision.pk)
    if decision.is_over:
        still = this.over().filter(undoing_proven_at=None)
        count = still.update(proof={**decision.proof, UNDOING: proof}, undoing_proven_at=proven_at)
    else:
        count = this.in_force().filter(proven_at=None).update(proof=proof, proven_at=proven_at)
    if count and proven_at is not None:
        receipts.issue_for_proof(decision, proof, is_of_undoing=decision.is_over, proven_at=proven_at)


def _as_json(proof: Proof) -> dict[str, Any]:
    return {
        "server": proof.nameserver.name,
        "name": proof.name,
        "rcode": proof.rcode,
        "answers": {rdtype: rrset["rdata"] for rdtype, rrset in proof.answer.items()},
        "serial": proof.serial,
        "asked_at": proof.asked_at.isoformat(),
        "is_match": proof.is_match,
        "error": proof.error,
    }
