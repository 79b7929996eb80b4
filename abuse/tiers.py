"""Tiers: what a reporter's record makes of its word. Moves are told and entered in the ledger; never silent (DSA Art. 23)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from abuse import ledger, reporter_mails, reporters, templates
from abuse.errors import NotAllowed, NothingToDo, ReasonMissing
from abuse.models import Reporter
from abuse.reporters import Accuracy
from ddns.models import User

Tier = Reporter.Tier

# Facts: known is who was right in more than nine of ten, surely, over at least twenty cases.
KNOWN_CASES, KNOWN_SHARE = 20, 0.9
# Below the line to get there, so that one case does not move a reporter to and fro.
KNOWN_NO_MORE_SHARE = 0.8
# Surely more often wrong than right: then it is warned first, and doubted only if it goes on (DSA Art. 23(2)).
WARN_CASES, WRONG_SHARE = 10, 0.5
# Cases decided since the warning that show whether it goes on.
AFTER_WARNING_CASES = 5
DOUBTED_FOR = timedelta(days=90)
# A warning that nothing followed is forgotten.
WARNED_FOR = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Step:
    """What happens to a reporter, and the sentence that says why."""

    tier: Reporter.Tier
    why: str
    is_warning: bool = False
    forgets_warning: bool = False


def step(reporter: Reporter, record: Accuracy, since_warning: Accuracy, now: datetime) -> Step | None:
    """Pure. What a record makes of a reporter that nobody has set by hand."""
    if reporter.is_tier_set_by_hand or not reporters.is_proven(reporter):
        return None
    if reporter.tier == Tier.DOUBTED:
        if reporter.doubted_until is not None and reporter.doubted_until > now:
            return None
        return Step(Tier.UNKNOWN, f"{DOUBTED_FOR.days} days are over: its reports weigh again.", forgets_warning=True)
    figures = f"{record.upheld_count} of {record.decided_count} decided cases were upheld in {reporters.ACCURACY_OVER.days} days"
    if reporter.warned_at is None:
        if record.decided_count >= WARN_CASES and record.upper_bound < WRONG_SHARE:
            return Step(Tier(reporter.tier), f"{figures}.", is_warning=True)
    elif since_warning.decided_count >= AFTER_WARNING_CASES and _share(since_warning) < WRONG_SHARE:
        return Step(
            Tier.DOUBTED,
            f"It went on after the warning: {since_warning.upheld_count} of {since_warning.decided_count} were upheld since.",
        )
    elif reporter.warned_at < now - WARNED_FOR:
        return Step(Tier(reporter.tier), "The warning is old, and nothing followed.", forgets_warning=True)
    if reporter.tier == Tier.UNKNOWN and record.decided_count >= KNOWN_CASES and record.lower_bound > KNOWN_SHARE:
        return Step(Tier.KNOWN, f"{figures}.", forgets_warning=True)
    if _is_known_no_more(reporter, record):
        return Step(Tier.UNKNOWN, f"{figures}: too few of them for tier B.")
    return None


def _is_known_no_more(reporter: Reporter, record: Accuracy) -> bool:
    """One of whom nothing was decided lately stays what it was: a feed that came with the platform, a house in a quiet year."""
    is_judged = record.decided_count >= KNOWN_CASES
    return reporter.tier == Tier.KNOWN and is_judged and record.lower_bound < KNOWN_NO_MORE_SHARE


def review(now: datetime) -> int:
    """Looks at every reporter with a record, and at those that are doubted or were warned; gives how many moved."""
    records = reporters.accuracies(now - reporters.ACCURACY_OVER)
    watched = Q(pk__in=records) | Q(tier__in=[Tier.KNOWN, Tier.DOUBTED]) | Q(warned_at__isnull=False)
    count = 0
    for reporter in Reporter.objects.filter(watched, is_tier_set_by_hand=False).exclude(
        identity__startswith=reporters.CLAIMED
    ):
        record = records.get(reporter.pk, reporters.UNKNOWN)
        since = _since_warning(reporter)
        found = step(reporter, record, since, now)
        if found is not None:
            count += _move(reporter, found, now)
    return count


@transaction.atomic
def set_by_hand(reporter: Reporter, tier: Reporter.Tier | None, *, reason: str, by: User) -> Reporter:
    """From now on this tier, whatever its record says; None: by its record again. Locks the reporter.

    A claimed identity weighs nothing more than a claim: it is never trusted or known. Raises ReasonMissing and NotAllowed.
    """
    _check(reason, by)
    ledger.lock()
    reporter = Reporter.objects.select_for_update(no_key=True).get(pk=reporter.pk)
    if tier in (Tier.TRUSTED, Tier.KNOWN) and not reporters.is_proven(reporter):
        raise NotAllowed("nobody has proven to be this reporter, so anybody could speak with its weight.")
    before = {"tier": reporter.tier, "by_hand": reporter.is_tier_set_by_hand}
    reporter.tier, reporter.is_tier_set_by_hand = tier or Tier.UNKNOWN, tier is not None
    # Set by hand it lasts until it is set again.
    reporter.doubted_until = None
    reporter.save(update_fields=["tier", "is_tier_set_by_hand", "doubted_until"])
    if before["tier"] != reporter.tier:
        _tell(reporter)
    _enter(reporter, "set-tier", reason, by, {"before": before, "tier": reporter.tier, "by_hand": tier is not None})
    return reporter


@transaction.atomic
def warn(reporter: Reporter, *, reason: str, by: User | None) -> Reporter:
    """Of unfounded reports, before they weigh less. Locks the reporter. Raises ReasonMissing, NotAllowed, NothingToDo."""
    _check(reason, by)
    ledger.lock()
    reporter = Reporter.objects.select_for_update(no_key=True).get(pk=reporter.pk)
    if reporter.warned_at is not None:
        raise NothingToDo(f"It was warned on {reporter.warned_at:%Y-%m-%d}.")
    reporter.warned_at = timezone.now()
    reporter.save(update_fields=["warned_at"])
    _send_warning(reporter, reason.strip())
    _enter(reporter, "warn-reporter", reason, by, {})
    return reporter


# Keys of templates, in the language of what it has reported last.
_WORDS = {
    Tier.TRUSTED: "tier.trusted",
    Tier.KNOWN: "tier.known",
    Tier.UNKNOWN: "tier.unknown",
    Tier.DOUBTED: "tier.doubted",
}


@transaction.atomic
def _move(reporter: Reporter, found: Step, now: datetime) -> bool:
    """Whether it still was as it was looked at."""
    ledger.lock()
    before = reporter.tier
    fields = {"tier": found.tier, "doubted_until": now + DOUBTED_FOR if found.tier == Tier.DOUBTED else None}
    if found.is_warning:
        fields["warned_at"] = now
    if found.forgets_warning:
        fields["warned_at"] = None
    same = Reporter.objects.filter(pk=reporter.pk, tier=reporter.tier, warned_at=reporter.warned_at)
    if not same.filter(is_tier_set_by_hand=False).update(**fields):
        return False
    if found.is_warning:
        _send_warning(reporter, found.why)
    elif found.tier != reporter.tier:
        reporter.tier = found.tier
        _tell(reporter)
    action = "warn-reporter" if found.is_warning else "move-reporter"
    _enter(reporter, action, found.why, None, {"before": before, "tier": found.tier})
    return True


def _since_warning(reporter: Reporter) -> Accuracy:
    if reporter.warned_at is None:
        return reporters.UNKNOWN
    return reporters.accuracies(reporter.warned_at, [reporter.pk]).get(reporter.pk, reporters.UNKNOWN)


def _share(record: Accuracy) -> float:
    return record.upheld_count / record.decided_count if record.decided_count else 1.0


def _send_warning(reporter: Reporter, text: str) -> None:
    record = reporters.accuracy(reporter)
    words = templates.render(
        "reporter.warning",
        reporters.language_of(reporter),
        rejected=record.decided_count - record.upheld_count,
        decided=record.decided_count,
        text=text,
        days=DOUBTED_FOR.days,
    )
    _mail(reporter, words.subject, words.text)


def _tell(reporter: Reporter) -> None:
    words = templates.render(_WORDS[Tier(reporter.tier)], reporters.language_of(reporter), days=DOUBTED_FOR.days)
    _mail(reporter, words.subject, words.text)


def _mail(reporter: Reporter, subject: str, text: str) -> None:
    """A claimed identity's address may be a stranger's, who has reported nothing."""
    if reporter.contact and reporters.is_proven(reporter):
        reporter_mails.tell(reporter.contact, subject=f"[{settings.SITE_NAME}] {subject}", text=f"{text}\n")


def _enter(reporter: Reporter, action: str, reason: str, by: User | None, details: dict) -> None:
    # By number: the ledger is for good, and an identity may be a person's mailbox.
    ledger.append(actor=by, action=action, object=f"reporter {reporter.pk}", reason=reason.strip(), details=details)


def _check(reason: str, by: User | None) -> None:
    if not reason.strip():
        raise ReasonMissing
    if by is not None and not by.has_perm("abuse.change_settings"):
        raise NotAllowed("it takes the right to change settings.")
