"""acme-dns accounts: ended by a decision, one or all that one network registered without a key."""

from collections.abc import Iterable

from django.db import transaction

from abuse import ledger
from abuse.errors import AcmeAccountsGone, ReasonMissing
from ddns import acme_accounts
from ddns.models import AcmeAccount, User
from dnsupdate.models.pending import Urgency

# As many names as a person can be shown; more are ended by deciding again.
MAX_AT_ONCE = 500


@transaction.atomic
def end(accounts: Iterable[AcmeAccount], *, about: str, reason: str, by: User) -> int:
    """Withdraws urgently what they answer at names of their own, deletes them and enters it in the ledger; gives how many.

    Raises ReasonMissing, and AcmeAccountsGone where none was left.
    """
    if not reason.strip():
        raise ReasonMissing
    ended = [each for each in list(accounts)[:MAX_AT_ONCE] if acme_accounts.end(each, Urgency.WITHDRAWAL)]
    if not ended:
        raise AcmeAccountsGone
    ledger.append(
        actor=by,
        action="end",
        object=f"acme-dns {about}",
        reason=reason.strip(),
        details={"accounts": [{"name": each.fulldomain, "domain": each.domain} for each in ended]},
    )
    return len(ended)
