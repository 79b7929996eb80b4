"""Narrow orders: from a plan, the text of an order or undertaking that reaches these names and nothing else."""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings

from abuse import collateral, contact
from abuse.models import Order, OrderGroup, OrderItem
from dnsupdate.models import Zone

Action = OrderGroup.Action

_EFFECTS = {
    Action.SUSPEND: (
        "shall leave the DNS: the provider's authoritative nameservers shall answer NXDOMAIN (RFC 1035, RFC 2308) for each of "
        "them and for every name below it"
    ),
    Action.DIVERT: (
        "shall answer the following addresses and nothing else, at the provider's own nameservers: {addresses} ({target}). What "
        "arrives there shall be used to identify and notify victims only, and kept no longer than that needs. If that service "
        "stops answering, the names shall leave the DNS instead"
    ),
    Action.HOLD: "shall go on answering what they answer at the time of execution, and shall change no more",
    Action.PRESERVE: "shall stay as they are in the DNS; the records about them shall be preserved as in section 4",
}
_IN_DNS = (Action.SUSPEND, Action.DIVERT, Action.HOLD)


def text_of(order: Order) -> str:
    """Plain text for counsel to edit, in English; [ ] is theirs to fill in. Some queries, however many names.

    Registration, DNS and account data are dealt with separately, as ICANN advises (Guidance for Preparing Domain Name Orders,
    Seizures & Takedowns, 2012), and how the names go back, of which it says nothing.
    """
    if not order.plan_digest:
        return "The order is not planned yet: there are no names to narrow it to.\n"
    groups = list(order.groups.exclude(action=Action.NONE).select_related("target"))
    names = _names(order, groups)
    sections = [
        ("", _head(order)),
        ("1. Names", _list(order, names)),
        ("2. Registration", _registration(order)),
        ("3. Effect in the DNS", _dns(order, groups)),
        ("4. Account data and preservation", _records(order, groups)),
        ("5. Duration", _duration(order)),
        ("6. Return of the names", _return(order)),
        ("7. Notice", _notice(order)),
        ("8. Report and verification", _report(order)),
        ("Annex: the names, by domain", "\n".join(_annex(order, groups))),
    ]
    return "\n\n".join(f"{title}\n\n{text}" if title else text for title, text in sections) + "\n"


def _head(order: Order) -> str:
    return (
        "DRAFT ORDER OR UNDERTAKING, for counsel to edit\n\n"
        f"Issuing authority: {order.issuing_authority}\n"
        f"Requesting agency: {order.agency}, {order.agency.country}\n"
        f"File number: {order.reference}\n"
        f"Instrument: {order.get_instrument_display()}\n"
        f"Legal basis: {order.legal_basis}\n"
        f"Reasons (DSA Art. 9(2)(a)): {order.reasons}\n"
        f"Territorial scope: {order.territorial_scope or '[no wider than necessary: …]'}\n"
        f"Addressee: the operator of {settings.SITE_URL} (“the provider”); {settings.AUTHORITY_CONTACT}\n"
        f"Provider's number: {order.pk}"
    )


def _list(order: Order, names: list[str]) -> str:
    plan = order.plan
    counts = ", ".join(
        f"{plan['counts'][outcome.value]:,} {outcome.label}"
        for outcome in OrderItem.Outcome
        if plan["counts"].get(outcome.value)
    )
    return (
        f"This order is about the {len(names):,} hostnames in the annex and about no other. Their list, sorted, one on each line "
        f"that ends with a line feed, has the SHA-256\n\n    {_hash(names)}\n\n"
        f"It was made from a list of {plan['line_count']:,} lines (SHA-256 {', '.join(plan['files'])}), of which the provider "
        f"found on {_date(order.planned_at)}: {counts}. Names that are not live, and lines that name nothing of the provider's, "
        "need no order."
    )


def _registration(order: Order) -> str:
    zones = ", ".join(zone["zone"] for zone in order.plan["collateral"]["zones"]) or "[…]"
    return (
        f"The registrations of the domains themselves ({zones}) shall not be changed: neither registrant, nor registrar, nor "
        "nameservers, nor DS records. Many others hold names in them, who are not parties.\n"
        "The hostnames in the annex shall stay registered to their holders, so that they can be given back; the provider shall "
        "neither release them nor let anybody else register them while this order is in force."
    )


def _dns(order: Order, groups: list[OrderGroup]) -> str:
    rows: list[str] = []
    for group in groups:
        effect = _EFFECTS[Action(group.action)]
        if group.target is not None:
            effect = effect.format(addresses=", ".join(group.target.addresses), target=group.target)
        rows.append(
            f"({chr(ord('a') + len(rows))}) The names of the group “{group.key}” ({group.item_count:,}) {effect}."
        )
    return "\n".join(rows or ["Nothing shall change in the DNS."]) + "\n\n" + _collateral(order)


def _collateral(order: Order) -> str:
    found = collateral.of(order)
    shares = "\n".join(
        f"    {each.zone}: {each.name_count:,} of about {each.total_count:,} hostnames ({each.share:.3%})"
        for each in found.zones
    )
    text = (
        "Every other name in these domains shall go on answering as before, from the provider's own nameservers, without "
        f"interruption. Names touched that are not in the annex: {found.other_names_touched}. Of the {found.account_count:,} "
        f"accounts that hold names in the annex, {found.accounts_with_others:,} hold {found.other_name_count:,} other names, "
        "which this order does not reach."
    )
    if found.wildcard_count or found.below_count:
        text += (
            f" With a hostname goes what its holder has put below it: {found.wildcard_count:,} wildcards and "
            f"{found.below_count:,} further names."
        )
    return f"{text}\n{shares}" if shares else text


def _records(order: Order, groups: list[OrderGroup]) -> str:
    days = f"{order.hold_days} days" if order.hold_days else "[60, 90 or 365] days"
    preserved = any(group.action == Action.PRESERVE for group in groups)
    first = (
        f"The provider shall preserve for {days} what it has stored at the time of execution about the accounts that hold the "
        "names in the annex, whatever their holders delete."
        if preserved or order.kind == Order.Kind.PRESERVATION
        else f"[Where wanted: the provider shall preserve for {days} what it has stored about the accounts that hold the names.]"
    )
    return (
        f"{first}\nPreservation is no disclosure. Nothing about any account shall be disclosed under this order; data that were "
        "already collected may be asked for by an order of their own that names the accounts or hostnames, the kinds of data and "
        "the period (DSA Art. 10)."
    )


def _duration(order: Order) -> str:
    if order.ends_at:
        return f"The effect in the DNS begins with execution and ends by itself on {_date(order.ends_at)}, unless it is renewed."
    return (
        "The effect in the DNS begins with execution and ends on [date], unless it is renewed. "
        "[An order without an end is rarely proportionate.]"
    )


def _return(order: Order) -> str:
    conditions = order.return_conditions or (
        "[A name goes back when its holder shows that it was listed by mistake, or that what it was used for has ended; when the "
        "proceedings end; when this order ends.]"
    )
    return (
        f"{conditions}\nThe provider can give back single names within seconds, exactly as they were; it shall do so on a notice "
        "of the issuing authority that names them, without a new order."
    )


def _notice(order: Order) -> str:
    told = (
        f"The holders shall not be told before {_date(order.sealed_until)}, and shall be told then."
        if order.sealed_until
        else "The provider shall tell the holders at once that this order was carried out, who issued it and what they can do "
        "(DSA Art. 9(5))."
    )
    return f"{told}\nRedress: {order.redress or '[what holders can do against this order, where and until when]'}"


def _report(order: Order) -> str:
    return (
        "The provider shall report what was done for each name, when, and what each authoritative nameserver answered then, "
        f"in a signed effect report that anybody can verify ({contact.at('abuse_verify')}).\n"
        f"Questions about this order: {order.contact}"
    )


def _annex(order: Order, groups: Iterable[OrderGroup]) -> Iterator[str]:
    """By what happens to them and by domain: one order may treat groups differently."""
    apexes = sorted(Zone.objects.values_list("name", flat=True), key=len, reverse=True)
    for group in groups:
        by_zone: dict[str, list[str]] = {}
        for name in _names(order, [group]):
            by_zone.setdefault(next((apex for apex in apexes if name.endswith(f".{apex}")), ""), []).append(name)
        for zone, names in sorted(by_zone.items()):
            yield f"{group.key}, {Action(group.action).label}, {zone} ({len(names):,}):\n"
            yield from (f"    {name}" for name in names)
            yield ""


def _names(order: Order, groups: Iterable[OrderGroup]) -> list[str]:
    """Hostnames, sorted: what a line below one meant is the hostname."""
    items = order.items.filter(group__in=[group.key for group in groups], hostname__isnull=False).order_by()
    return sorted(set(items.values_list("hostname__name", flat=True)))


def _hash(names: Iterable[str]) -> str:
    return hashlib.sha256("".join(f"{name}\n" for name in names).encode()).hexdigest()


def _date(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "[date]"
