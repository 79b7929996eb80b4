"""Customer pages: the link that shows a customer what was decided about their names, locked account or not."""

import re
from urllib.parse import unquote

from django.conf import settings
from django.core import signing
from django.urls import reverse

from abuse import redactions
from abuse.errors import LinkWrong
from abuse.models import Case, Report
from ddns.models import User

_SALT = "abuse.customer_pages"


def link(about: Case | User) -> str:
    """A signed address that nobody can guess: of one case, or of all of an account. "" for a case that is about nobody.

    It has no end, since mails are kept; it ends with SECRET_KEY, and with the account.
    """
    account_id = about.account_id if isinstance(about, Case) else about.pk
    if account_id is None:
        return ""
    return settings.SITE_URL + reverse("customer_link", args=[token(about)])


def token(about: Case | User) -> str:
    case_id, account_id = (about.pk, about.account_id) if isinstance(about, Case) else (0, about.pk)
    return signing.Signer(salt=_SALT).sign_object([account_id, case_id])


def read(text: str) -> tuple[User, Case | None]:
    """Whose link it is, and of which case. Raises LinkWrong."""
    try:
        account_id, case_id = signing.Signer(salt=_SALT).unsign_object(text)
        account = User.objects.get(pk=account_id, forgotten_at=None)
        case = Case.objects.select_related("category", "hostname").get(pk=case_id, account=account) if case_id else None
    except (signing.BadSignature, ValueError, TypeError, User.DoesNotExist, Case.DoesNotExist) as error:
        raise LinkWrong from error
    return account, case


def place(report: Report) -> str:
    """Where it was seen, without what may name somebody: parameters, fragments, mail addresses, passwords in it."""
    if report.url:
        return _without_strangers(report.url)
    if report.name and report.port:
        return f"{report.name}:{report.port}"
    return report.name


def _without_strangers(url: str) -> str:
    bare = re.split(r"[?#;]", url, maxsplit=1)[0][:300]
    scheme, found, rest = bare.partition("://")
    authority, slash, path = (rest if found else bare).partition("/")
    authority = authority.rpartition("@")[2]
    cleaned = redactions.strangers(unquote(path))
    return f"{scheme}{found}{authority}{slash}{cleaned}" if found else f"{authority}{slash}{cleaned}"
