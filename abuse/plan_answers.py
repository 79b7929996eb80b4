"""Answers of plans: the letter that would go back to the authority, before anything was done."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from django.conf import settings
from django.db.models import Max
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from abuse import contact, effect_words
from abuse.models import Order, OrderGroup
from abuse.plan_items import SETTLED
from ddns.models import Domain

Action = OrderGroup.Action

_GROUPS: Mapping[str, Promise] = {
    **effect_words.OUTCOMES,
    SETTLED: gettext_lazy("live, and in steady use for long or paid for"),
}
_ACTIONS: Mapping[Action, Promise] = {
    Action.SUSPEND: gettext_lazy("leave DNS: every authoritative nameserver answers NXDOMAIN"),
    Action.DIVERT: gettext_lazy("answer the addresses of {target}, and nothing else"),
    Action.HOLD: gettext_lazy("go on answering as they do, and change no more"),
    Action.PRESERVE: gettext_lazy("stay as they are; nothing of their accounts is deleted"),
}


def preview(order: Order) -> str:
    """Plain text in the officer's language: what each line is, what will be done, when and how it is checked. Two queries.

    Empty as long as it is not planned.
    """
    if not order.plan_digest:
        return ""
    with translation.override(order.officer.account.language or settings.LANGUAGE_CODE):
        return "\n\n".join(_paragraphs(order)) + "\n"


def _paragraphs(order: Order) -> Iterator[str]:
    yield _("Your order {reference} of {date} was received as number {number}, and planned on {planned}.").format(
        reference=order.reference, date=_moment(order.filed_at), number=order.pk, planned=_moment(order.planned_at)
    )
    yield _letter(order)
    groups = list(order.groups.select_related("target"))
    done = [group for group in groups if group.action != Action.NONE]
    yield _done(done) if done else _("Nothing is done about any of these names.")
    if left := [group for group in groups if group.action == Action.NONE and group.reason]:
        yield "\n".join([_("Nothing is done for now about:"), *(f"- {_words(each)}: {each.reason}" for each in left)])
    if any(group.action in (Action.SUSPEND, Action.DIVERT, Action.HOLD) for group in done):
        yield _effect(order)
    yield _("You have this answer until {due} at the latest. Questions: {contact}").format(
        due=_moment(order.due_at), contact=settings.AUTHORITY_CONTACT
    )


def _letter(order: Order) -> str:
    """Every line of it; what is neither an item nor an outcome has a line of its own, so that the sum is the letter's."""
    plan = order.plan
    said = ngettext("Your list has {count} line.", "Your list has {count} lines.", plan["line_count"])
    rows = [f"- {words}: {count}" for words, count in effect_words.counts(plan["counts"], effect_words.OUTCOMES)]
    others = (
        (_("comments"), plan["comment_count"]),
        (_("blank lines"), plan["blank_count"]),
        (_("lines of prose and headings"), plan["passed_over"]),
        (_("names that share a line with another"), -plan["further_count"]),
    )
    rows += [f"- {words}: {count}" for words, count in others if count]
    return "\n".join([said.format(count=plan["line_count"]), *rows])


def _done(groups: list[OrderGroup]) -> str:
    rows = []
    for group in groups:
        what = str(_ACTIONS[Action(group.action)]).format(target=group.target)
        rows.append(f"- {_words(group)}: {what}")
    return "\n".join([_("What will be done:"), *rows])


def _words(group: OrderGroup) -> str:
    return f"{_GROUPS.get(group.key, group.key)} ({group.item_count})"


def _effect(order: Order) -> str:
    collateral = order.plan["collateral"]
    ttl = Domain.objects.filter(name__in=[zone["zone"] for zone in collateral["zones"]]).aggregate(most=Max("max_ttl"))
    sentences = [
        _("The names change at our nameservers within seconds of the decision, at the latest by {due}.").format(
            due=_moment(order.due_at)
        ),
        _("Resolvers may remember earlier answers for up to {count} seconds.").format(count=ttl["most"] or 0),
        _("No name is touched that is not on your list; the domains go on answering for everybody else."),
    ]
    if count := collateral["widened_count"]:
        sentences.append(
            ngettext(
                "{count} line names something below a hostname: the whole hostname is what changes.",
                "{count} lines name something below a hostname: the whole hostname is what changes.",
                count,
            ).format(count=count)
        )
    if order.ends_at:
        sentences.append(_("It ends by itself on {date}.").format(date=_moment(order.ends_at)))
    if order.sealed_until and order.sealed_until > timezone.now():
        sentences.append(_("Nobody concerned is told before {date}.").format(date=_moment(order.sealed_until)))
    sentences.append(
        _(
            "You will have an effect report: for each line what was done and when, and what every authoritative nameserver "
            "answered then. It is signed, and anybody can check it: {address}"
        ).format(address=contact.at("abuse_verify"))
    )
    return "\n".join(sentences)


def _moment(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC" if at else "…"
