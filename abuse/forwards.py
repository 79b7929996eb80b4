"""Forwards: a mail to another provider with what was seen, sent behind the transaction of the decision."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from abuse.models import Decision, Report

logger = logging.getLogger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=4)
# As mail servers do (RFC 5321 §4.5.4.1).
GIVE_UP_AFTER = timedelta(days=5)
# Longer than a mail server takes (EMAIL_TIMEOUT, a few times).
CLAIM = timedelta(minutes=5)
MAX_AT_ONCE = 50
MAX_REPORTS = 100


def send_due(now: datetime) -> int:
    """Sends what was decided and not sent yet; gives how many mails. Every run may happen twice: each mail is claimed."""
    recent = Decision.objects.in_force().filter(action=Decision.Action.FORWARD, proven_at=None)
    found = recent.filter(decided_at__gt=now - 2 * GIVE_UP_AFTER, done_at__gt=now - GIVE_UP_AFTER)
    due = [each for each in found.select_related("case__category") if each.proof.get("next_at", "") <= now.isoformat()]
    return sum(_send(each, now) for each in due[:MAX_AT_ONCE])


def mail(decision: Decision) -> EmailMessage:
    """Without a word of who reported: name, kind, time, address and the hashes of the evidence."""
    case = decision.case
    lines = [decision.parameters["text"], "", f"What was reported to us about {case.name}:", ""]
    for report in case.reports.counted().prefetch_related("evidence").order_by("evidence_at")[:MAX_REPORTS]:
        lines += _of(report)
    lines += ["", f"Our number: case {case.pk}. Please answer to {settings.ABUSE_CONTACT}.", settings.SITE_URL]
    return EmailMessage(
        subject=f"[case {case.pk}] {case.category.title}: {case.name}",
        body="\n".join(lines),
        to=[decision.parameters["to"]],
        reply_to=[settings.ABUSE_CONTACT],
    )


def _of(report: Report) -> list[str]:
    where = _defanged(report.url or report.name)
    address = f", at {report.address}{f' port {report.port}' if report.port else ''}" if report.address else ""
    lines = [f"- {report.evidence_at:%Y-%m-%d %H:%M:%S} UTC: {report.kind}, {where}{address}"]
    lines += [
        f"  evidence: {each.content_type or 'file'}, SHA-256 {each.blob_id}"
        for each in report.evidence.all()
        if not each.problem
    ]
    return lines


def _defanged(text: str) -> str:
    """So that no mail filter or reader follows it."""
    return text[:2000].replace("http", "hxxp", 1).replace(".", "[.]")


def _send(decision: Decision, now: datetime) -> bool:
    tries = int(decision.proof.get("tries", 0)) + 1
    claimed = {"tries": tries, "next_at": (now + CLAIM).isoformat()}
    if not Decision.objects.filter(pk=decision.pk, proven_at=None, proof=decision.proof).update(proof=claimed):
        return False
    this = Decision.objects.filter(pk=decision.pk)
    try:
        mail(decision).send()
    except OSError as error:
        pause = min(FIRST_PAUSE * 2 ** min(tries, 12), LONGEST_PAUSE)
        this.update(proof=claimed | {"next_at": (now + pause).isoformat(), "error": str(error)[:300]})
        logger.warning("The mail of decision %d waits: %s", decision.pk, error)
        return False
    this.update(proof={"tries": tries, "mailed_to": decision.parameters["to"]}, proven_at=timezone.now())
    return True
