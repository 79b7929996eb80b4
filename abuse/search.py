"""Search: hostnames by whatever an analyst pastes."""

from abuse.refang import refang
from ddns import addresses
from ddns.models.hostnames import HostnameQuerySet


def hostnames(queryset: HostnameQuerySet, pasted: str) -> HostnameQuerySet:
    """By account where an e-mail address was pasted, by address, or by name: the very name if it is known, else parts."""
    if "@" in pasted and "/" not in pasted:
        return queryset.filter(account__email__icontains=pasted.strip(" <>\"'").removeprefix("mailto:"))
    host = refang(pasted)
    if (address := _address(host)) is not None:
        return queryset.answering(address)
    same = queryset.filter(name=host.removeprefix("*."))
    return same if same.exists() else queryset.filter(name__contains=host)


def _address(text: str) -> addresses.Address | None:
    try:
        return addresses.parse(text)
    except ValueError:
        return None
