"""Ours: whether a name lies under a domain of this platform, for everybody who asks.

It says that of the domain alone, and nothing of whether anybody holds the name. Which domains are ours is on a public page
and in public DNS; who is a customer is not. A name that is offline, held, suspended, released or never was gets the same
answer as one in use, so that a list of guesses tells no more than it told before. DNS itself answers the rest.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import ip_address
from urllib.parse import urlsplit

from django.conf import settings

from abuse.intake import subjects
from dnsupdate.models import Zone


class Standing(StrEnum):
    OURS = "ours"
    NOT_OURS = "not_ours"
    ADDRESS = "address"
    NO_NAME = "no_name"


@dataclass(frozen=True, slots=True)
class Look:
    """What one line is. name is normalised; apex is the domain of ours that it lies under, or empty."""

    text: str
    name: str
    apex: str
    standing: Standing

    @property
    def is_ours(self) -> bool:
        return self.standing is Standing.OURS


def look(lines: Iterable[str]) -> list[Look]:
    """Of each line that is not blank, in their order; one query for all of them."""
    apexes = _apexes()
    return [_look(text, apexes) for line in lines if (text := " ".join(line.split()))]


def _look(text: str, apexes: frozenset[str]) -> Look:
    subject = subjects.find(text)
    if subject is None:
        return Look(text, "", "", Standing.NO_NAME)
    if subject.address:
        return Look(text, subject.address, "", Standing.ADDRESS)
    # The longest first: a zone may lie below another.
    labels = subject.name.split(".")
    apex = next((each for n in range(len(labels)) if (each := ".".join(labels[n:])) in apexes), "")
    return Look(text, subject.name, apex, Standing.OURS if apex else Standing.NOT_OURS)


def _apexes() -> frozenset[str]:
    """And the name of this site, wherever it lies: complaints about it are ours too."""
    site = urlsplit(settings.SITE_URL).hostname or ""
    own = [site] if "." in site and not _is_address(site) else []
    return frozenset([*Zone.objects.delegated().values_list("name", flat=True), *own])


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
