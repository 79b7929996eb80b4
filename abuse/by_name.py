"""By name: what one person may decide without a case, where no second person could look at it."""

from abuse import impact, second_looks
from abuse.errors import InfrastructureName, NeedsSecondPerson, OwnAccount, StaffAccount
from abuse.models import Decision
from ddns import hostnames
from ddns.models import Hostname, User
from ddns.models.hostnames import HostnameQuerySet

ON_A_CASE = "Decide it on a case, where somebody else approves it."


def check_holder(account: User, by: User) -> None:
    """Raises OwnAccount, and StaffAccount unless a superuser decides."""
    if account.pk == by.pk:
        raise OwnAccount
    if account.is_staff and not by.is_superuser:
        raise StaffAccount


def check_hostname(hostname: Hostname) -> None:
    """Raises InfrastructureName for an apex, and for what the platform keeps for itself."""
    label, _, apex = hostname.name.partition(".")
    # None can be registered; whatever went wrong then, it must not end in the loss of a domain.
    if hostname.name == hostname.domain.name or apex != hostname.domain.name or hostnames.is_kept(label):
        raise InfrastructureName(f"{hostname.name}.")


def check_limits(held: HostnameQuerySet, *, action: Decision.Action, by: User) -> None:
    """Of what takes these names out of DNS. Raises NeedsSecondPerson where it would be proposed on a case."""
    count = held.count()
    share = impact.share_of_zone(held) if count else 0.0
    looked = second_looks.Looked(action=action, hostnames=held, name_count=count, share=share, by=by, case_count=1)
    if why := second_looks.why(looked):
        raise NeedsSecondPerson(f"{why} {ON_A_CASE}")
