"""Order answers: the letter back to an authority, in the officer's language."""

from collections.abc import Iterator

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from abuse import contact, effect_words
from abuse.effect_bodies import Body
from abuse.models import EffectReport, Order


def of_effect(order: Order, report: EffectReport, body: Body) -> str:
    """What was done, as far as it is proven, who lags, and how to check the report. Plain text."""
    with translation.override(order.officer.account.language or settings.LANGUAGE_CODE):
        return "\n\n".join(_paragraphs(order, report, body)) + "\n"


def _paragraphs(order: Order, report: EffectReport, body: Body) -> Iterator[str]:
    if report.of == EffectReport.Of.UNDOING:
        yield _("What was done on your order {reference} of {date} was undone.").format(**_order(order))
    else:
        yield _("Your order {reference} of {date} was carried out.").format(**_order(order))
    lines = ngettext("It has {count} line:", "It has {count} lines:", body.line_count).format(count=body.line_count)
    yield "\n".join([lines, *_listed(effect_words.counts(body.outcomes, effect_words.OUTCOMES))])
    yield "\n".join([_("Of these:"), *_listed(effect_words.counts(body.done, effect_words.DONE))])
    if body.name_count:
        yield _proof(body)
    if body.lagging:
        yield "\n".join([_lag(), *_listed(list(body.lagging.items()))])
    yield _(
        "The effect report {number} says of every line what it is, what was done and when, and what each nameserver "
        "answered. Its SHA-256 is {sha256}, and it is signed: {address}"
    ).format(number=report.pk, sha256=report.sha256, address=contact.at("abuse_receipt", report.receipt_id))


def _order(order: Order) -> dict[str, str]:
    return {"reference": order.reference, "date": f"{order.filed_at:%Y-%m-%d %H:%M} UTC"}


def _listed(counted: list[tuple[str, int]]) -> list[str]:
    return [f"- {words}: {count}" for words, count in counted]


def _proof(body: Body) -> str:
    words = ngettext(
        "{count} name was asked for at every authoritative nameserver ({servers}), and {proven} is proven to answer as "
        "decided at all of them.",
        "{count} names were asked for at every authoritative nameserver ({servers}), and {proven} are proven to answer as "
        "decided at all of them.",
        body.name_count,
    )
    return words.format(count=body.name_count, proven=body.proven_count, servers=", ".join(body.servers))


def _lag() -> str:
    return _(
        "These nameservers did not answer as decided for so many names when they were last asked. We go on asking for a day, "
        "and report again when all of them do:"
    )
