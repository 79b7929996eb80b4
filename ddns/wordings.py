"""Wordings: what a notification says to people, in the language that is active."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ddns.hostnames import RELEASE_REST
from ddns.models import Notification
from ddns.models.notifications import Kind

Details = dict[str, Any]


class Wording(NamedTuple):
    """What happened, in a line; and why, and what can be done now."""

    headline: str
    text: str


def of(notification: Notification) -> Wording:
    """One query unless the hostname is selected."""
    name = str(notification.hostname) if notification.hostname else ""
    words = _WORDS[Kind(notification.kind)](name, notification.details)
    # It is the subject of a mail, which cannot have two: what people have named may have line breaks in it.
    return words._replace(headline=" ".join(words.headline.split()))


def _address_changed(name: str, details: Details) -> Wording:
    old, new = (", ".join(details[which]) or _("no address") for which in ("old", "new"))
    text = _("It was %(old)s and is now %(new)s.") % {"old": old, "new": new}
    if details.get("source"):
        text += " " + _("The request came from %(source)s.") % {"source": details["source"]}
    if (more := details.get("count", 1) - 1) > 0:
        text += " " + ngettext(
            "In between it changed once more.", "In between it changed %(count)d times more.", more
        ) % {"count": more}
    return Wording(_("%(name)s has another address") % {"name": name}, text)


def _not_seen(name: str, details: Details) -> Wording:
    headline = _("%(name)s: its device is silent") % {"name": name}
    text = _(
        "Nothing was heard since %(since)s. If the device is still in use, look at its power, its network and its log; "
        "the page of the hostname shows its last requests."
    )
    return Wording(headline, text % {"since": _day(details["since"])})


def _seen_again(name: str, details: Details) -> Wording:
    headline = _("%(name)s: its device is back") % {"name": name}
    return Wording(headline, _("It had been silent since %(since)s.") % {"since": _day(details["since"])})


def _expiring(name: str, details: Details) -> Wording:
    values = {"name": name, "day": _day(details["expires_at"]), "last": _day(details["active_at"])}
    text = _(
        "No device has sent a request for it since %(last)s, not even one that changed nothing, and nobody has logged in. "
        "Any request of a device keeps it; so does the link to keep it: one click, without logging in."
    )
    return Wording(_("%(name)s expires on %(day)s") % values, text % values)


def _expired(name: str, details: Details) -> Wording:
    text = _(
        "Nothing was heard of it since %(last)s, and it was given up as announced. Its records left DNS. Nobody can "
        "register it for %(days)d days; afterwards anybody can, you too."
    )
    values = {"name": name, "last": _day(details["active_at"]), "days": RELEASE_REST.days}
    return Wording(_("%(name)s has expired") % values, text % values)


def _suspended(name: str, details: Details) -> Wording:
    text = _(
        "This was a decision of the abuse desk. Everything stored stays as it was. To ask why, or to object, "
        "write to %(contact)s."
    ) % {"contact": settings.ABUSE_CONTACT}
    if name:
        return Wording(_("%(name)s was suspended and is out of DNS") % {"name": name}, text)
    return Wording(_("Your account was deactivated, and its hostnames are out of DNS"), text)


def _lifted(name: str, details: Details) -> Wording:
    text = _("What was stored answers again within seconds. There is nothing that you have to do.")
    if name:
        return Wording(_("%(name)s is no longer suspended") % {"name": name}, text)
    return Wording(_("Your account works again, and so do its hostnames"), text)


def _statement(name: str, details: Details) -> Wording:
    """Written in the account's language when it was told, and kept as it was written."""
    return Wording(details["headline"], details["text"])


def _new_key(name: str, details: Details) -> Wording:
    if "tsig" in details:
        headline = _("A TSIG key was made: %(tsig)s, of %(label)s (%(prefix)s…)") % details
    else:
        headline = _("A key was made: %(label)s (%(prefix)s…)") % details
    return Wording(headline, _("If this was not you, revoke it on the page of keys and change your password."))


def _new_webhook(name: str, details: Details) -> Wording:
    text = _("If this was not you, delete it on the page of webhooks, revoke your keys and change your password.")
    return Wording(_("A webhook was added: %(url)s") % details, text)


def _key_expiring(name: str, details: Details) -> Wording:
    values = {**details, "day": _day(details["expires_at"])}
    headline = _("The key %(label)s (%(prefix)s…) works until %(day)s") % values
    return Wording(headline, _("If a device still uses it, make a new key and put it into the device before."))


def _webhook_disabled(name: str, details: Details) -> Wording:
    headline = _("The webhook %(url)s was switched off") % details
    text = _("It has failed since %(since)s; the last time: %(answer)s Put it right, then switch it on again.")
    return Wording(headline, text % {"since": _day(details["since"]), "answer": details["answer"]})


def _day(iso: str) -> str:
    return date_format(datetime.fromisoformat(iso), "Y-m-d")


_WORDS: dict[Kind, Callable[[str, Details], Wording]] = {
    Kind.ADDRESS_CHANGED: _address_changed,
    Kind.NOT_SEEN: _not_seen,
    Kind.SEEN_AGAIN: _seen_again,
    Kind.EXPIRING: _expiring,
    Kind.EXPIRED: _expired,
    Kind.SUSPENDED: _suspended,
    Kind.LIFTED: _lifted,
    Kind.STATEMENT: _statement,
    Kind.NEW_KEY: _new_key,
    Kind.NEW_WEBHOOK: _new_webhook,
    Kind.KEY_EXPIRING: _key_expiring,
    Kind.WEBHOOK_DISABLED: _webhook_disabled,
}
