"""Statements of reasons: what a customer is told about a decision, in its transaction (DSA Art. 17), and of its end.

The desk's own reason stays in the ledger: it may say who reported. What is told is made of the decision, its category and when
things were seen; `parameters["text"]` is what the desk has written for the customer.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format

from abuse import customer_pages, helps, ledger, templates, wordings
from abuse.models import Case, Category, Decision, Reporter, Statement
from abuse.wordings import Words
from ddns import notifications
from ddns.models import Restriction, User
from ddns.models.notifications import Kind

Action = Decision.Action

RESTRICTIONS = frozenset(
    {
        Action.HOLD,
        Action.SUSPEND,
        Action.DIVERT,
        Action.LOCK_ACCOUNT,
        Action.RESERVE_LABEL,
        Action.BLOCK_NETWORK,
        Action.BLOCK_PATTERN,
    }
)
# What the customer is told of at all: the others touch nothing of theirs.
TOLD = RESTRICTIONS | {Action.WARN, Action.INFORM}
# Of many reports the same is said many times.
MAX_SEEN = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What the reports of a case say together, and nothing of who said it."""

    first_at: datetime | None
    last_at: datetime | None
    places: tuple[str, ...]
    port: int | None
    count: int
    is_noticed: bool
    is_from_trusted: bool
    is_detected_automatically: bool


@transaction.atomic
def issue(decision: Decision) -> Statement | None:
    """Within the transaction of the decision, and again of its undoing or end. The customer is told by every way they have.

    None where nobody is to be told: no customer, nothing that touches them, not done yet, or withheld for the reason that the
    decision gives, which is entered in the ledger. Twice is as good as once.
    """
    account = decision.case.account
    if account is None or decision.action not in TOLD or decision.state not in _TOLD_STATES:
        return None
    told = Statement.objects.filter(decision=decision).first()
    if decision.state != Decision.State.DONE:
        if told is not None:
            _tell_end(decision, account)
        return told
    if told is not None:
        return told
    if decision.withheld.strip():
        ledger.append(
            actor=decision.decided_by,
            action="withhold-statement",
            object=f"case {decision.case_id}",
            reason=decision.withheld,
            details={
                "case": decision.case_id,
                "decision": decision.pk,
                "action": decision.action,
                "account": account.pk,
            },
        )
        return None
    return _issue(decision, account)


def preview(case: Case, action: str, parameters: dict[str, Any], language: str) -> Words:
    """What the customer would be told, for the desk to read before it decides. Stores nothing. Raises TemplateUnknown."""
    decision = Decision(
        case=case,
        action=action,
        parameters=parameters,
        ground=str(parameters.get("ground", "")),
        ends_at=_time(parameters.get("ends_at")),
        decided_at=timezone.now(),
    )
    # By whoever looks at it now: a person.
    words = _words(decision, language, is_automatic=False)
    return words._replace(text=customer_pages.without_token(words.text))


def seen(case: Case) -> Seen:
    """Two queries."""
    reports = list(case.reports.counted().select_related("reporter", "submission").order_by("evidence_at"))
    kinds = {each.reporter.kind for each in reports}
    places = dict.fromkeys(place for each in reports if (place := customer_pages.place(each)))
    if case.route == Category.Route.RESTRICTED:
        # Nobody is shown the way there.
        places = {}
    is_noticed = any(kind != Reporter.Kind.STAFF for kind in kinds)
    return Seen(
        first_at=reports[0].evidence_at if reports else None,
        last_at=reports[-1].evidence_at if reports else None,
        places=tuple(places)[:MAX_SEEN],
        port=next((each.port for each in reports if each.port), None),
        count=len(reports),
        is_noticed=is_noticed,
        is_from_trusted=any(each.reporter.tier == Reporter.Tier.TRUSTED for each in reports),
        is_detected_automatically=bool(kinds) and kinds <= {Reporter.Kind.FEED},
    )


_ANY_KIND = "kind.other"
_TOLD_STATES = frozenset({Decision.State.DONE, Decision.State.UNDONE, Decision.State.ENDED})


def _issue(decision: Decision, account: User) -> Statement:
    language = wordings.spoken(account.language or settings.LANGUAGE_CODE)
    what = seen(decision.case)
    words = _words(decision, language, is_automatic=decision.decided_by_id is None, what=what)
    statement = Statement.objects.create(
        decision=decision,
        account=account,
        language=language,
        subject=words.subject,
        text=customer_pages.without_token(words.text),
        facts=_facts(decision, what),
    )
    _tell(decision, account, words)
    return statement


def _tell(decision: Decision, account: User, words: Words) -> None:
    notifications.tell(
        account,
        Kind.STATEMENT,
        hostname=decision.case.hostname,
        details={
            "headline": words.subject,
            "text": words.text,
            "case": decision.case_id,
            "decision": decision.pk,
            "action": decision.action,
            "page": customer_pages.path(decision.case),
        },
    )


def _tell_end(decision: Decision, account: User) -> None:
    """A lifting notice: what ended, and that everything is as it was."""
    language = wordings.spoken(account.language or settings.LANGUAGE_CODE)
    key = "end.remains" if _remains(decision, account) else f"end.{decision.action}"
    if decision.action == Action.WARN and decision.state == Decision.State.ENDED:
        # Its time is over: that is no news, and what follows from it is a decision of its own.
        return
    if key not in wordings.built_in(settings.LANGUAGE_CODE):
        return
    words = templates.render(key, language, name=decision.case.name, link=customer_pages.link(decision.case))
    _tell(decision, account, words)


def _remains(decision: Decision, account: User) -> bool:
    """Whether something else keeps it as it was under the decision that has ended."""
    is_locked = User.objects.filter(pk=account.pk, is_active=False).exists()
    if decision.action == Action.LOCK_ACCOUNT:
        return is_locked
    if decision.action not in (Action.HOLD, Action.SUSPEND, Action.DIVERT):
        return False
    return is_locked or Restriction.objects.filter(hostname=decision.case.hostname_id).exists()


def _words(decision: Decision, language: str, *, is_automatic: bool, what: Seen | None = None) -> Words:
    """Made of one template and its phrases, which are one query."""
    language = wordings.spoken(language)
    case, parameters = decision.case, decision.parameters
    what = what or seen(case)
    chosen = {
        "source": "phrase.source_notice" if what.is_noticed else "phrase.source_own",
        "automation": f"phrase.{_automation(what, is_automatic)}",
        "ground": "phrase.ground" if decision.ground.strip() else "phrase.ground_rules",
        "no_end": "phrase.no_end",
        "redress": "phrase.redress",
        "help": helps.key(case.category_id, what.port),
    }
    kind_key = category_key(case.category)
    found = templates.find_all([*chosen.values(), kind_key, _key(decision)], language)
    kind = category_words(case.category, found[kind_key])
    with translation.override(language):
        values = templates.always(language) | {
            "name": case.name,
            "category": kind.subject,
            "meaning": kind.text,
            "seen": _seen_between(what),
            "places": ", ".join(what.places),
            "ground": decision.ground.strip(),
            "until": _moment(decision.ends_at) if decision.action in RESTRICTIONS else "",
            "deadline": _moment(_deadline(decision)),
            "case": str(case.pk),
            "link": customer_pages.link(case),
            "note": str(parameters.get("text") or ""),
            "target": str(parameters.get("network") or parameters.get("pattern") or parameters.get("label") or ""),
        }
    phrases = {name: templates.fill(found[key], values).text for name, key in chosen.items()}
    if decision.ends_at is not None:
        phrases["no_end"] = ""
    return templates.fill(found[_key(decision)], values | phrases)


def _key(decision: Decision) -> str:
    """A dispute about content is told in other words than a broken device."""
    if decision.action == Action.INFORM and decision.case.route == Category.Route.DISPUTE:
        return "statement.inform_dispute"
    return f"statement.{decision.action}"


def category_key(category: Category) -> str:
    """Of its words for customers; those that fit any, where an operator has added the category."""
    key = f"kind.{category.key}"
    return key if key in wordings.built_in(settings.LANGUAGE_CODE) else _ANY_KIND


def category_words(category: Category, words: Words) -> Words:
    return words if category_key(category) != _ANY_KIND else words._replace(subject=category.title)


def category_titles(categories: Iterable[Category], language: str) -> dict[str, str]:
    """For customers, by key, in one query."""
    chosen = {each.key: each for each in categories}
    found = templates.find_all({category_key(each) for each in chosen.values()}, wordings.spoken(language))
    return {key: category_words(each, found[category_key(each)]).subject for key, each in chosen.items()}


def _automation(what: Seen, is_automatic: bool) -> str:
    detected = "found_by_machine" if what.is_detected_automatically else "found_by_people"
    return f"{detected}_decided_machine" if is_automatic else f"{detected}_decided_people"


def _deadline(decision: Decision) -> datetime | None:
    return _time(decision.parameters.get("deadline")) or (decision.ends_at if decision.action == Action.WARN else None)


def _seen_between(what: Seen) -> str:
    if what.first_at is None or what.last_at is None:
        return ""
    first, last = _moment(what.first_at), _moment(what.last_at)
    return first if first == last else f"{first} – {last}"


def _moment(at: datetime | None) -> str:
    return f"{date_format(at.astimezone(), 'Y-m-d H:i')} UTC" if at else ""


def _time(value: Any) -> datetime | None:
    """Parameters are JSON."""
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str):
        return None
    try:
        at = parse_datetime(value)
    except ValueError:
        return None
    return timezone.make_aware(at) if at is not None and timezone.is_naive(at) else at


# --- For machines: the words of the Commission's transparency database (DSA Art. 24(5)), as far as they fit -----------------

_VISIBILITY = {
    Action.SUSPEND: "DECISION_VISIBILITY_CONTENT_DISABLED",
    Action.DIVERT: "DECISION_VISIBILITY_OTHER",
}
_PROVISION = {
    Action.HOLD: "DECISION_PROVISION_PARTIAL_SUSPENSION",
    Action.RESERVE_LABEL: "DECISION_PROVISION_PARTIAL_TERMINATION",
    Action.BLOCK_NETWORK: "DECISION_PROVISION_PARTIAL_SUSPENSION",
    Action.BLOCK_PATTERN: "DECISION_PROVISION_PARTIAL_SUSPENSION",
}
_CATEGORIES: Sequence[tuple[str, str]] = (
    ("content/cse", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
    ("content/csam", "STATEMENT_CATEGORY_PROTECTION_OF_MINORS"),
    ("content/phishing", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"),
    ("content/fraud", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"),
    ("content/brand", "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS"),
    ("copyright/", "STATEMENT_CATEGORY_INTELLECTUAL_PROPERTY_INFRINGEMENTS"),
    ("content/exposed", "STATEMENT_CATEGORY_DATA_PROTECTION_AND_PRIVACY_VIOLATIONS"),
    ("messaging/", "STATEMENT_CATEGORY_SCAMS_AND_FRAUD"),
)


def _facts(decision: Decision, what: Seen) -> dict[str, Any]:
    case, action = decision.case, Action(decision.action)
    category = next((name for start, name in _CATEGORIES if case.category_id.startswith(start)), None)
    ground = "DECISION_GROUND_ILLEGAL_CONTENT" if case.route == "restricted" else "DECISION_GROUND_INCOMPATIBLE_CONTENT"
    source = "SOURCE_VOLUNTARY"
    if what.is_noticed:
        source = "SOURCE_TRUSTED_FLAGGER" if what.is_from_trusted else "SOURCE_ARTICLE_16"
    is_automatic = decision.decided_by_id is None
    return {
        "puid": f"decision-{decision.pk}",
        "case": case.pk,
        "action": decision.action,
        "name": case.name,
        "decision_visibility": [_VISIBILITY[action]] if action in _VISIBILITY else [],
        "decision_provision": _PROVISION.get(action),
        "decision_account": "DECISION_ACCOUNT_SUSPENDED" if action == Action.LOCK_ACCOUNT else None,
        "decision_ground": ground,
        "decision_ground_reference": decision.ground or settings.SITE_URL + "/rules/",
        "category": category or "STATEMENT_CATEGORY_OTHER_VIOLATION_TC",
        "category_here": case.category_id,
        "content_type": ["CONTENT_TYPE_OTHER"],
        "content_type_other": "Name in DNS",
        "territorial_scope": "worldwide",
        "application_date": _iso(decision.done_at or decision.decided_at),
        "end_date": _iso(decision.ends_at),
        "content_first_seen": _iso(what.first_at),
        "content_last_seen": _iso(what.last_at),
        "places": list(what.places),
        "notice_count": what.count,
        "source_type": source,
        "automated_detection": "Yes" if what.is_detected_automatically else "No",
        "automated_decision": "AUTOMATED_DECISION_FULLY" if is_automatic else "AUTOMATED_DECISION_NOT_AUTOMATED",
        "redress": ["answer", "appeal", "out_of_court", "court"],
        "appeal_until": _iso((decision.done_at or decision.decided_at) + settings.APPEAL_WINDOW),
    }


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
