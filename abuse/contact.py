"""Contact: where the desk is reached, by which doors and in which formats, how long it takes; for people and for machines."""

import contextlib
import logging
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.db.models import Aggregate, Count, DurationField, F, Q
from django.urls import reverse
from django.utils import timezone

from abuse.intake.form import CONTENT_TYPE as FORM_CONTENT_TYPE
from abuse.models import Case, Category, Order
from abuse.submissions import MAX_SIZE
from dnsupdate.models import Zone

logger = logging.getLogger(__name__)

VERSION = 1
PERIODS = (timedelta(days=30), timedelta(days=90))
# Medians move slowly, and the page is for everybody.
_KEPT = timedelta(minutes=10)
# RFC 9116 §2.5.5 wants less than a year; it is computed, so that it never runs out while somebody is here.
SECURITY_TXT_LIFETIME = timedelta(days=60)
# What intake reads, by the doors that it may come through.
FORMATS = (
    ("XARF 4 and 3 (JSON)", ("application/json",), ("api", "mail", "upload")),
    ("X-ARF 0.1 and 0.2 (YAML in a mail)", ("multipart/mixed",), ("mail",)),
    ("ARF (RFC 5965)", ("multipart/report",), ("mail",)),
    ("STIX 2.1 bundle", ("application/stix+json",), ("api", "mail", "upload")),
    ("MISP event", ("application/json",), ("api", "mail", "upload")),
    ("CSV, or names one on each line", ("text/csv", "text/plain"), ("api", "mail", "upload")),
    ("Mail in plain words", ("text/plain", "text/html"), ("mail",)),
    ("The form's own (ddns-report/1)", (FORM_CONTENT_TYPE,), ("form",)),
)


class Median(Aggregate):
    """Of durations; NULL where there are none."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class Pace:
    """How long it took from a case's opening to its first decision, of those decided in so many days."""

    days: int
    count: int
    median_seconds: int | None

    @property
    def median(self) -> timedelta | None:
        return None if self.median_seconds is None else timedelta(seconds=self.median_seconds)


def paces() -> dict[str, list[Pace]]:
    """By category, for each of PERIODS; a query for each period, once in ten minutes."""
    return _remembered(f"abuse-paces-{VERSION}", _paces)


def order_paces() -> list[Pace]:
    """Of orders of authorities, from filing to the answer: refused ones too, sealed ones not. Once in ten minutes."""
    return _remembered(f"order-paces-{VERSION}", _order_paces)


def _remembered(name: str, count: Callable[[], Any]) -> Any:
    try:
        if (known := cache.get(name)) is not None:
            return known
    except redis.RedisError as error:
        logger.warning("Medians are counted anew: %s", error)
    found = count()
    with contextlib.suppress(redis.RedisError):
        cache.set(name, found, timeout=int(_KEPT.total_seconds()))
    return found


def _paces() -> dict[str, list[Pace]]:
    now = timezone.now()
    by_category: dict[str, dict[int, Pace]] = {}
    for period in PERIODS:
        rows = (
            Case.objects.filter(decided_at__gte=now - period, decided_at__lte=now)
            .values("category_id")
            .order_by("category_id")
            .annotate(count=Count("pk"), median=Median(F("decided_at") - F("opened_at")))
        )
        for row in rows:
            pace = Pace(period.days, row["count"], round(row["median"].total_seconds()))
            by_category.setdefault(row["category_id"], {})[period.days] = pace
    return {
        key: [found.get(period.days, Pace(period.days, 0, None)) for period in PERIODS]
        for key, found in by_category.items()
    }


def _order_paces() -> list[Pace]:
    """One query: unlike cases, orders are few."""
    now = timezone.now()
    asked: dict[str, Aggregate] = {}
    for period in PERIODS:
        within = Q(answered_at__gte=now - period)
        asked[f"count_{period.days}"] = Count("pk", filter=within)
        asked[f"median_{period.days}"] = Median(F("answered_at") - F("filed_at"), filter=within)
    found = Order.objects.filter(answered_at__lte=now).exclude(sealed_until__gt=now).aggregate(**asked)
    return [
        Pace(period.days, found[f"count_{period.days}"], _seconds(found[f"median_{period.days}"])) for period in PERIODS
    ]


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else round(span.total_seconds())


def no_pace() -> list[Pace]:
    return [Pace(period.days, 0, None) for period in PERIODS]


def policy() -> dict[str, Any]:
    """For machines; docs/reporting.md describes every field."""
    measured = paces()
    return {
        "version": VERSION,
        "provider": settings.SITE_NAME,
        "site": settings.SITE_URL,
        "policy": at("abuse"),
        "languages": [code for code, _name in settings.LANGUAGES],
        "domains": sorted(Zone.objects.delegated().values_list("name", flat=True)),
        "contacts": {
            "abuse": settings.ABUSE_CONTACT,
            "authorities": settings.AUTHORITY_CONTACT,
            "security": settings.SECURITY_CONTACT,
            "legal_representative": settings.LEGAL_REPRESENTATIVE or None,
        },
        "doors": {
            "form": at("abuse_report"),
            "mail": settings.ABUSE_CONTACT,
            "api": at("reports"),
            "is_ours": f"{at('abuse_is_ours')}?name=",
            "authorities": at("authorities"),
        },
        "formats": [
            {"name": name, "content_types": list(types), "doors": list(doors)} for name, types, doors in FORMATS
        ],
        "max_octets": MAX_SIZE,
        "receipts": {
            "algorithm": "Ed25519",
            "keys": at("abuse_signing_keys"),
            "verify": at("abuse_verify"),
            "ledger_heads": at("ledger_heads"),
        },
        "appeals": {
            "within_days": settings.APPEAL_WINDOW.days,
            "by": "the link that came with the report or the decision",
        },
        "authorities": {"answered": [asdict(each) for each in order_paces()]},
        "transparency": at("abuse_transparency"),
        "categories": [_category(each, measured.get(each.key, no_pace())) for each in Category.objects.all()],
    }


def _category(category: Category, measured: Iterable[Pace]) -> dict[str, Any]:
    return {
        "key": category.key,
        "title": category.title,
        "route": category.route,
        "clock_seconds": int(category.clock.total_seconds()),
        "is_on_form": category.is_on_form,
        "may_be_anonymous": category.may_be_anonymous,
        "evidence_wanted": category.evidence_wanted,
        "decided": [asdict(each) for each in measured],
    }


def security_txt() -> str:
    """RFC 9116. Expires moves on by the day."""
    midnight = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    fields = [
        ("Contact", uri(settings.SECURITY_CONTACT)),
        ("Expires", (midnight + SECURITY_TXT_LIFETIME).strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("Preferred-Languages", ", ".join(code for code, _name in settings.LANGUAGES)),
        ("Canonical", at("security_txt")),
        ("Policy", f"{at('abuse')}#security"),
    ]
    return "".join(f"{name}: {value}\n" for name, value in fields)


def at(name: str, *args: object) -> str:
    """The whole address of a page of ours."""
    return settings.SITE_URL + reverse(name, args=args)


def uri(contact: str) -> str:
    return contact if ":" in contact else f"mailto:{contact}"
