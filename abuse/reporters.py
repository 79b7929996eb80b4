"""Reporters: who reports, as one voice however many mailboxes it writes from; how often it was right, and what that weighs."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

from disposable_email_domains import blocklist as DISPOSABLE
from django.conf import settings
from django.db.models import Count, F, Q
from django.utils import timezone
from publicsuffixlist import PublicSuffixList

from abuse.intake.drafts import Party
from abuse.models import Report, Reporter
from ddns.models import Domain
from dnsupdate.errors import InvalidName
from dnsupdate.names import is_within, normalise

# Identities that somebody only claims: by the form, or by a mail that nothing authenticates. They are others than the proven
# ones, so that nobody speaks with another's weight, and nobody spoils another's record.
CLAIMED = "claimed:"
ANONYMOUS = "anonymous"
# Of reports: those that nobody has proven to be the reporter's.
IS_CLAIM = Q(reporter__identity__startswith=CLAIMED) | Q(reporter__identity=ANONYMOUS)
# Decided cases of so long ago say nothing about a reporter of today.
ACCURACY_OVER = timedelta(days=90)
# Two-sided 95 %: the usual one.
_Z = 1.96

# Where everybody gets a mailbox: there the mailbox is the person, and the domain nobody.
FREEMAIL = frozenset(
    """
    126.com 163.com aol.com bk.ru comcast.net duck.com fastmail.com free.fr freenet.de gmail.com gmx.at gmx.ch gmx.com gmx.de
    gmx.net googlemail.com hey.com hotmail.co.uk hotmail.com hotmail.de hotmail.fr icloud.com inbox.ru laposte.net libero.it
    list.ru live.com mac.com mail.com mail.ru mailbox.org me.com msn.com naver.com orange.fr outlook.com outlook.de pm.me
    posteo.de proton.me protonmail.com qq.com rediffmail.com riseup.net rocketmail.com seznam.cz t-online.de tuta.com tuta.io
    tutanota.com verizon.net wanadoo.fr web.de wp.pl yahoo.co.uk yahoo.com yahoo.de yahoo.fr yandex.com yandex.ru ymail.com
    zoho.com
    """.split()
)
# And those that have a domain in every country: hotmail.es, yahoo.co.jp.
_FREEMAIL_HOUSES = frozenset({"aol", "gmx", "hotmail", "live", "msn", "outlook", "yahoo", "yandex"})
# Where dots in a mailbox mean nothing.
_DOTLESS = frozenset({"gmail.com", "googlemail.com"})
_SAME = {"googlemail.com": "gmail.com", "protonmail.com": "proton.me", "pm.me": "proton.me"}
_SUFFIXES = PublicSuffixList()


# Below it the interval is wider than any share that it could tell of: ten of ten are 72 % at least, one of one 21 %.
FEW = 10


@dataclass(frozen=True, slots=True)
class Accuracy:
    """Of cases decided in ACCURACY_OVER: between which shares (0 to 1) the true one lies, by Wilson's interval."""

    lower_bound: float
    upper_bound: float
    decided_count: int
    upheld_count: int = 0

    def __str__(self) -> str:
        """As people read it: a share of a handful says nothing, however exactly it is computed."""
        if not self.decided_count:
            return "nothing decided"
        counted = f"{self.upheld_count} of {self.decided_count} upheld"
        if self.decided_count < FEW:
            return f"{counted}: too few to say"
        return f"{counted}: right in {self.lower_bound:.0%} at least"


UNKNOWN = Accuracy(0.0, 1.0, 0)
UPHELD = frozenset({Report.Outcome.UPHELD, Report.Outcome.INFORMED, Report.Outcome.FORWARDED})
REJECTED = frozenset({Report.Outcome.REJECTED})


def of(party: Party, *, door: str, proven: Reporter | None = None) -> Reporter:
    """Who says this: the one that has proven it, else a claimed identity, which is made where it is new."""
    if proven is not None:
        return proven
    identity = identity_of(party)
    if not identity:
        return _named(ANONYMOUS, Reporter.Kind.ANONYMOUS)
    kind = Reporter.Kind.PERSON if identity.startswith("mailbox:") else Reporter.Kind.ORGANISATION
    return _named(CLAIMED + identity, kind, name=party.org, contact=party.contact)


def proven_by_mailbox(mailbox: str, *, name: str = "") -> Reporter:
    """The reporter of a mailbox whose mail was authenticated (DMARC, RFC 7489): its organisation, or the person."""
    identity = identity_of(Party(contact=mailbox))
    if not identity:
        return _named(ANONYMOUS, Reporter.Kind.ANONYMOUS)
    kind = Reporter.Kind.PERSON if identity.startswith("mailbox:") else Reporter.Kind.ORGANISATION
    return _named(identity, kind, name=name, contact=mailbox)


def identity_of(party: Party) -> str:
    """org:DOMAIN, or mailbox:ADDRESS where the domain is everybody's; empty: it names nobody."""
    local, _, host = party.contact.strip().lower().rpartition("@")
    domain = _domain(host) or _domain(party.domain)
    if not domain:
        return ""
    suffix = _suffix_of_ours(domain)
    if suffix:
        organisation = ".".join(domain.split(".")[-suffix.count(".") - 2 :])
        return f"mailbox:{organisation}"
    organisation = _SUFFIXES.privatesuffix(domain) or domain
    if is_everybodys(organisation) or organisation in DISPOSABLE or domain in DISPOSABLE:
        if not local:
            return ""
        return f"mailbox:{_mailbox(local, domain)}"
    return f"org:{organisation}"


def is_everybodys(domain: str) -> bool:
    """Whether everybody gets a mailbox there."""
    organisation = _SUFFIXES.privatesuffix(domain) or domain
    return organisation in FREEMAIL or organisation.partition(".")[0] in _FREEMAIL_HOUSES


def language_of(reporter: Reporter) -> str:
    """Of its last report that says one, else the platform's. One query."""
    said = Report.objects.filter(reporter=reporter).exclude(language="").order_by("-received_at")
    return said.values_list("language", flat=True).first() or settings.LANGUAGE_CODE


def is_proven(reporter: Reporter) -> bool:
    return is_proven_identity(reporter.identity)


def is_proven_identity(identity: str) -> bool:
    return not identity.startswith(CLAIMED) and identity != ANONYMOUS


def accuracy(reporter: Reporter) -> Accuracy:
    """One query. Of many reports on one case one counts: a flood is no record."""
    return accuracies(timezone.now() - ACCURACY_OVER, [reporter.pk]).get(reporter.pk, UNKNOWN)


def count(answered: Iterable[Report], outcome: Report.Outcome, *, by: int = 1) -> None:
    """A case was closed with this outcome, or opened again (by is -1 then): once for each of its reporters."""
    field = "upheld_count" if outcome in UPHELD else "rejected_count" if outcome in REJECTED else ""
    if field:
        ids = {report.reporter_id for report in answered}
        # Never below none: a number that was set otherwise must not stop an undo.
        found = Reporter.objects.filter(pk__in=ids, **{f"{field}__gte": max(0, -by)})
        found.update(**{field: F(field) + by})


def accuracies(since: datetime, reporter_ids: Collection[int] | None = None) -> dict[int, Accuracy]:
    """Of those with cases decided since, in one query."""
    decided = Report.objects.filter(answered_at__gt=since, case__isnull=False, outcome__in=UPHELD | REJECTED)
    if reporter_ids is not None:
        decided = decided.filter(reporter__in=reporter_ids)
    rows = (
        decided.order_by()
        .values_list("reporter")
        .annotate(all=Count("case", distinct=True), right=Count("case", distinct=True, filter=Q(outcome__in=UPHELD)))
    )
    return {pk: Accuracy(*interval(right, count), count, right) for pk, count, right in rows}


def wilson(upheld_count: int, count: int) -> float:
    """The lower bound of Wilson's interval: what a reporter that was right so often is right in at least."""
    return interval(upheld_count, count)[0]


def interval(upheld_count: int, count: int) -> tuple[float, float]:
    """Wilson's score interval at 95 %: between which shares the true one lies; anywhere where nothing was decided."""
    if count <= 0:
        return 0.0, 1.0
    share, square = upheld_count / count, _Z * _Z
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = _Z / (1 + square / count) * sqrt(share * (1 - share) / count + square / (4 * count * count))
    return max(0.0, middle - half), min(1.0, middle + half)


_WEIGHTS = {
    Reporter.Tier.TRUSTED: 1.0,
    Reporter.Tier.KNOWN: 0.8,
    Reporter.Tier.UNKNOWN: 0.5,
    Reporter.Tier.DOUBTED: 0.1,
}


def weight(reporter: Reporter) -> float:
    """0 to 1: what its word counts beside the evidence. What is only claimed counts half of an unknown one's."""
    points = _WEIGHTS[Reporter.Tier(reporter.tier)]
    return points if is_proven(reporter) else min(points, 0.25)


def _named(identity: str, kind: Reporter.Kind, *, name: str = "", contact: str = "") -> Reporter:
    defaults = {"kind": kind, "name": name[:200], "contact": contact[:254]}
    return Reporter.objects.get_or_create(identity=identity[:300], defaults=defaults)[0]


def _domain(text: str) -> str:
    try:
        name = normalise(text) if text else ""
    except InvalidName:
        return ""
    # A top-level domain of digits is an address (RFC 3696 §2).
    return name if "." in name and not name.rpartition(".")[2].isdigit() else ""


def _suffix_of_ours(domain: str) -> str:
    """Below our own domains everybody holds names: there the hostname is the person."""
    ours = Domain.objects.values_list("name", flat=True)
    return max((each for each in ours if is_within(domain, each) and each != domain), key=len, default="")


def _mailbox(local: str, domain: str) -> str:
    local = local.partition("+")[0]
    if domain in _DOTLESS:
        local = local.replace(".", "")
    return f"{local}@{_SAME.get(domain, domain)}"
