"""Customer exports: what the desk has told an account, as sections of everything that is stored about it."""

from collections.abc import Iterable

from django.utils.translation import gettext_lazy as _

from abuse.models import Appeal, Message, Officer, OfficerKey, OrderNotice, Statement
from ddns import exports
from ddns.exports import CHUNK, Section
from ddns.models import User


def add() -> None:
    """To the sections of ddns, which knows nothing of decisions; once, however often."""
    known = {each.name for each in exports.SECTIONS}
    exports.SECTIONS.extend(each for each in _SECTIONS if each.name not in known)


def _statements(account: User) -> Iterable[dict]:
    wanted = ("at", "language", "subject", "text", "facts", "decision__case", "decision__action", "decision__state")
    return Statement.objects.filter(account=account).order_by("pk").values(*wanted).iterator(CHUNK)


def _messages(account: User) -> Iterable[dict]:
    said = Message.objects.filter(case__account=account, side=Message.Side.CUSTOMER)
    wanted = ("at", "case", "is_ours", "text")
    return said.order_by("pk").values(*wanted).iterator(CHUNK)


def _appeals(account: User) -> Iterable[dict]:
    filed = Appeal.objects.filter(case__account=account, party=Appeal.Party.CUSTOMER)
    wanted = ("case", "decision", "text", "filed_at", "due_at", "decided_at", "is_upheld", "reason")
    return filed.order_by("pk").values(*wanted).iterator(CHUNK)


def _orders(account: User) -> Iterable[dict]:
    """What they were told of, and so nothing of what is sealed."""
    told = OrderNotice.objects.filter(account=account, told_at__isnull=False)
    wanted = ("told_at", "about", "language", "subject", "text")
    return told.order_by("pk").values(*wanted).iterator(CHUNK)


def _officer(account: User) -> Iterable[dict]:
    """What they said of themselves, and how they stand; who vetted them is ours."""
    wanted = ("applied_at", "agency_said", "country_said", "name", "title", "badge", "phone_said", "purpose")
    found = Officer.objects.filter(account=account)
    return found.values(*wanted, "state", "agency__name", "vetted_until", "frozen_at", "refusal").iterator(CHUNK)


def _officer_keys(account: User) -> Iterable[dict]:
    wanted = ("label", "prefix", "networks", "created_at", "expires_at", "revoked_at", "used_at", "used_from")
    return OfficerKey.objects.filter(officer__account=account).order_by("pk").values(*wanted).iterator(CHUNK)


_SECTIONS = [
    Section("decisions", _("Decisions of the abuse desk about you, as you were told of them."), _statements),
    Section("case_messages", _("What you and the abuse desk wrote to each other."), _messages),
    Section("appeals", _("Your appeals, and what came of them."), _appeals),
    Section("orders", _("Orders of authorities about you, as you were told of them."), _orders),
    Section("officer", _("Your application as an officer of an authority, and how you stand."), _officer),
    Section("officer_keys", _("Keys of your programs as an officer; their text is stored nowhere."), _officer_keys),
]
