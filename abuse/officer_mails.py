"""Mails to officers: what happened to their account or was filed in it, each with a link that freezes the account at once."""

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.urls import reverse
from django.utils import translation
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from abuse import reporter_mails
from abuse.errors import WrongLink
from abuse.models import Officer, OfficerKey, Order
from ddns import languages

# No end: mails are kept, and whoever gets hold of one can stop an account with it and do nothing else.
_SALT = "abuse.officer_mails"
# Colleagues who hear of a filing: enough that one of them reads it, and no list of a whole force.
MAX_COLLEAGUES = 5
Text = str | Promise


def tell(officer: Officer, subject: Text, *paragraphs: Text) -> None:
    """Queued, in the language of the officer's account: lazy strings are said in it. Within a transaction, or not."""
    with translation.override(languages.of(officer.account)):
        said = [str(each) for each in paragraphs]
        reporter_mails.tell(
            officer.account.email,
            subject=f"[{settings.SITE_NAME}] {subject}",
            text="\n\n".join([*said, *_footer(officer)]) + "\n",
        )


def freeze_path(officer: Officer) -> str:
    return reverse("authority_freeze_link", args=[_signer().sign(str(officer.pk))])


def officer_of(token: str) -> Officer:
    """Whom the link of a mail is about. Raises WrongLink."""
    try:
        return Officer.objects.select_related("account", "agency").get(pk=int(_signer().unsign(token)))
    except (BadSignature, ValueError, Officer.DoesNotExist) as error:
        raise WrongLink from error


def applied(officer: Officer) -> None:
    tell(
        officer,
        gettext_lazy("Your application as an officer"),
        gettext_lazy(
            "We have your application. Two of us check it: we call your agency back at a number that we find ourselves, and "
            "ask for you. Please tell your switchboard."
        ),
    )


def vetted(officer: Officer) -> None:
    tell(
        officer,
        gettext_lazy("Your account is open"),
        format_lazy(
            gettext_lazy("You are vetted for {agency} until {at} UTC. Set up a second factor, and file here:"),
            agency=officer.agency,
            at=f"{officer.vetted_until:%Y-%m-%d %H:%M}",
        ),
        f"{settings.SITE_URL}{reverse('authorities')}",
    )


def refused(officer: Officer) -> None:
    tell(
        officer,
        gettext_lazy("Your application was refused"),
        officer.refusal,
        format_lazy(gettext_lazy("Questions: {contact}"), contact=settings.AUTHORITY_CONTACT),
    )


def frozen(officer: Officer) -> None:
    """Without the reason: whoever reads this mailbox may be whom the account is frozen for."""
    tell(
        officer,
        gettext_lazy("Your account is frozen"),
        gettext_lazy("Nothing can be filed or read with it, its sessions are ended and its keys revoked."),
        format_lazy(
            gettext_lazy("Call or write to us, and you are vetted anew: {contact}"), contact=settings.AUTHORITY_CONTACT
        ),
    )


def to_vet_anew(officer: Officer) -> None:
    tell(
        officer,
        gettext_lazy("You are vetted anew"),
        gettext_lazy(
            "Until two of us have called your agency back nothing can be filed with your account. Orders that you have filed "
            "are worked on all the same."
        ),
    )


def term_ends(officer: Officer) -> None:
    tell(
        officer,
        gettext_lazy("Your term ends soon"),
        format_lazy(
            gettext_lazy(
                "You are vetted until {at} UTC. Before that we call your agency again; if you have left it or changed your "
                "office, tell us: {contact}"
            ),
            at=f"{officer.vetted_until:%Y-%m-%d %H:%M}",
            contact=settings.AUTHORITY_CONTACT,
        ),
    )


def key_made(key: OfficerKey) -> None:
    tell(
        key.officer,
        gettext_lazy("A new key for programs"),
        format_lazy(
            gettext_lazy("The key “{label}” was made in your account. It works from {networks} until {at} UTC."),
            label=key.label,
            networks=", ".join(key.networks),
            at=f"{key.expires_at:%Y-%m-%d %H:%M}",
        ),
    )


def filed(order: Order) -> None:
    """To colleagues in office: whoever has taken over an account cannot keep all of them from hearing of it.

    Nothing of what it says: mails are read on their way.
    """
    colleagues = Officer.objects.in_office().filter(agency=order.agency).exclude(pk=order.officer_id)
    for each in colleagues.select_related("account").order_by("?")[:MAX_COLLEAGUES]:
        tell(
            each,
            gettext_lazy("An order of your agency was filed"),
            format_lazy(
                gettext_lazy("{officer} filed an order on {at} UTC. You can read it here:"),
                officer=order.officer.name,
                at=f"{order.filed_at:%Y-%m-%d %H:%M}",
            ),
            f"{settings.SITE_URL}{reverse('authorities')}",
            format_lazy(
                gettext_lazy("If nobody of you has filed it, tell us at once: {contact}"),
                contact=settings.AUTHORITY_CONTACT,
            ),
        )


def answered(order: Order) -> None:
    """That there is an answer, and where; nothing of what it says."""
    tell(
        order.officer,
        gettext_lazy("Your order was answered"),
        gettext_lazy("What was done on it stands there line by line, with the signed report:"),
        f"{settings.SITE_URL}{reverse('authority_order', args=[order.pk])}",
    )


def _footer(officer: Officer) -> list[str]:
    return [
        _("This was not you, or somebody else has your account? Freeze it with one click, without logging in:")
        + f"\n{settings.SITE_URL}{freeze_path(officer)}"
    ]


def _signer() -> Signer:
    # A colon is cut off by some mail programs that make links of addresses.
    return Signer(salt=_SALT, sep=".")
