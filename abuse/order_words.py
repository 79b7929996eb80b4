"""Words of notices: what an order was, what was done for it to names of one customer, and what they can do."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.formats import date_format

from abuse import redactions, templates, wordings
from abuse.models import Disclosure, Order, OrderGroup, OrderItem, OrderNotice
from abuse.wordings import Words

About = OrderNotice.About
Action = OrderGroup.Action

# Of one customer; what is beyond is counted. A value of a template holds so many with room to spare.
MAX_NAMES = 50
MAX_LIST_CHARACTERS = 4000
_PHRASES = (
    *("phrase.order_redress", "phrase.order_more", "phrase.order_several", "phrase.no_end"),
    *(f"phrase.instrument_{each}" for each in Order.Instrument.values),
    *("phrase.part_subscriber", "phrase.part_addresses", "phrase.part_log_ins"),
)
# Where each action's names are said.
_PLACES = {Action.SUSPEND: "suspended", Action.DIVERT: "diverted", Action.HOLD: "held"}


class Told(NamedTuple):
    language: str
    subject: str
    text: str


class _Touched(NamedTuple):
    """One name of the customer's, what was done to it, when, and when that was undone."""

    name: str
    action: str
    acted_at: datetime
    undone_at: datetime | None


Key = tuple[Any, int]


def of(notices: Sequence[OrderNotice]) -> list[Told]:
    """In each account's language, in the order of the notices, whose order__agency and account are there. A fixed number of
    queries by language and by what they are about."""
    told, touched, disclosed = {}, _touched(notices), _disclosed(notices)
    by_language = defaultdict(list)
    for each in notices:
        by_language[wordings.spoken(each.account.language or settings.LANGUAGE_CODE)].append(each)
    for language, among in by_language.items():
        words = templates.find_all([*_PHRASES, *(f"order.{about}" for about in About.values)], language)
        always = templates.always(language)
        for each in among:
            key = (each.order_id, each.account_id)
            phrases = {name: words[name] for name in _PHRASES}
            values = always | _order(each.order, phrases)
            if each.about == About.DISCLOSURE:
                values |= _disclosure(disclosed.get(key, ()), each.account_id, phrases)
            else:
                values |= _names(touched.get(key, ()), phrases, is_return=each.about == About.RETURN)
            told[each.pk] = Told(language, *templates.fill(words[f"order.{each.about}"], values))
    return [told[each.pk] for each in notices]


def _order(order: Order, phrases: Mapping[str, Words]) -> dict[str, Any]:
    redress = order.redress.strip()
    return {
        "authority": order.agency.name,
        "country": order.agency.country,
        "issuer": order.issuing_authority if order.issuing_authority != order.agency.name else "",
        "instrument": phrases[f"phrase.instrument_{order.instrument}"].text,
        "reference": order.reference,
        "legal_basis": order.legal_basis,
        "scope": order.territorial_scope,
        # Written for us: it may name people.
        "reasons": redactions.strangers(order.reasons),
        "conditions": order.return_conditions,
        "redress": redress,
        "no_redress": "" if redress else phrases["phrase.order_redress"].text,
        "until": _moment(order.ends_at),
        "no_end": "" if order.ends_at else phrases["phrase.no_end"].text,
    }


def _names(touched: Sequence[_Touched], phrases: Mapping[str, Words], *, is_return: bool) -> dict[str, Any]:
    times = {each.name: each.undone_at if is_return else each.acted_at for each in touched}
    touched = [each for each in touched if times[each.name] is not None]
    shown = _shown([each.name for each in touched])
    lists: dict[str, list[str]] = defaultdict(list)
    for each in touched[: len(shown)]:
        lists["returned" if is_return else _PLACES[Action(each.action)]].append(each.name)
    return {
        "name": _several([each.name for each in touched], phrases),
        "since": _moment(min((at for at in times.values() if at is not None), default=None)),
        "more": _more(len(touched) - len(shown), phrases),
        **{place: _listed(names) for place, names in lists.items()},
    }


def _disclosure(disclosed: Sequence[Disclosure], account_id: int, phrases: Mapping[str, Words]) -> dict[str, Any]:
    """One package may be about several customers: each is told of their own names."""
    parts = dict.fromkeys(part for each in disclosed for part in each.parts)
    hostnames = [hostname for each in disclosed for hostname in each.hostnames.all()]
    names = sorted({each.name for each in hostnames if each.account_id == account_id})
    periods = dict.fromkeys(period for each in disclosed if (period := _period(each.since, each.until)))
    shown = _shown(names)
    return {
        "since": ", ".join(_moment(each.fetched_at) for each in disclosed),
        "parts": _listed([phrases[f"phrase.part_{part}"].text for part in parts]),
        "period": ", ".join(periods),
        "names": _listed(shown),
        "more": _more(len(names) - len(shown), phrases),
    }


def _touched(notices: Iterable[OrderNotice]) -> dict[Key, list[_Touched]]:
    """What was done in DNS and, for those who are told of its end, undone. One query for the groups, one for the items."""
    about = {(each.order_id, each.account_id) for each in notices if each.about != About.DISCLOSURE}
    orders = {order_id for order_id, _ in about}
    groups = OrderGroup.objects.filter(order__in=orders, action__in=_PLACES)
    actions = {(each.order_id, each.key): each.action for each in groups}
    items = OrderItem.objects.filter(order__in=orders, account__in={pk for _, pk in about}, acted_at__isnull=False)
    found: dict[Key, list[_Touched]] = defaultdict(list)
    wanted = ("order", "account", "group", "name", "acted_at", "undone_at")
    for order_id, account_id, group, name, acted_at, undone_at in items.order_by("order", "position").values_list(
        *wanted
    ):
        if action := actions.get((order_id, group)):
            found[order_id, account_id].append(_Touched(name, action, acted_at, undone_at))
    return found


def _disclosed(notices: Iterable[OrderNotice]) -> dict[Key, list[Disclosure]]:
    about = [each for each in notices if each.about == About.DISCLOSURE]
    rows = Disclosure.objects.filter(order__in={each.order_id for each in about}, fetched_at__isnull=False)
    found: dict[Key, list[Disclosure]] = defaultdict(list)
    for each in rows.order_by("fetched_at").prefetch_related("accounts", "hostnames"):
        for account in each.accounts.all():
            found[each.order_id, account.pk].append(each)
    return found


def _shown(names: Sequence[str]) -> list[str]:
    shown, room = [], MAX_LIST_CHARACTERS
    for name in names[:MAX_NAMES]:
        room -= len(name) + 3
        if room < 0:
            break
        shown.append(name)
    return shown


def _listed(lines: Sequence[str]) -> str:
    return "".join(f"\n- {line}" for line in lines)


def _several(names: Sequence[str], phrases: Mapping[str, Words]) -> str:
    if len(names) < 2:
        return names[0] if names else ""
    return templates.fill(phrases["phrase.order_several"], {"name": names[0], "count": len(names) - 1}).text


def _more(count: int, phrases: Mapping[str, Words]) -> str:
    return templates.fill(phrases["phrase.order_more"], {"count": count}).text if count > 0 else ""


def _period(since: datetime | None, until: datetime | None) -> str:
    return f"{_moment(since) or '…'} – {_moment(until) or '…'}" if since or until else ""


def _moment(at: datetime | None) -> str:
    return f"{date_format(at.astimezone(), 'Y-m-d H:i')} UTC" if at else ""
