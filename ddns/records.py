"""Records: what a hostname and the names below it answer besides its addresses."""

import re
from collections.abc import Iterable, Sequence
from typing import cast

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
from django.db import transaction
from django.utils.translation import gettext as _
from dns.rdtypes.ANY.TXT import TXT

from ddns import addresses, blocks, hostnames, plans
from ddns.addresses import Address
from ddns.errors import InvalidRecord, TooManyRecords
from ddns.models import Hostname, Record
from ddns.models.records import MAX_RDATA_CHARACTERS
from dnsupdate.errors import InvalidName, InvalidRRset
from dnsupdate.names import normalise

TYPES = ("A", "AAAA", "TXT", "CNAME", "MX", "SRV", "CAA")
MAX_LABELS = 5
# Names of one hostname with challenges, which no plan counts: a reverse proxy asks for certificates of some dozen names. Each is
# published, and locked with the hostname.
MAX_CHALLENGE_NAMES = 100
MAX_TEXT_CHARACTERS = 800
# One TXT string has 255 octets at most (RFC 1035 §3.3).
_STRING_OCTETS = 255
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@transaction.atomic
def add(hostname: Hostname, *, rdtype: str, rdata: str, label: str = "", ttl: int | None = None) -> Record:
    """One more record; the same again is the one that is there, with this TTL.

    Locks the hostname. Raises InvalidRecord, TooManyRecords, HostnameRestricted, HostnameReleased.
    """
    hostname = hostnames.lock_unrestricted(hostname)
    hostnames.check_ttl(hostname, ttl)
    label, rdata = parse_label(label, hostname), parse_rdata(rdtype, rdata)
    record, is_new = Record.objects.get_or_create(
        hostname=hostname, label=label, rdtype=rdtype, rdata=rdata, defaults={"ttl": ttl}
    )
    if is_new:
        _check_count(hostname)
        _check_challenges(hostname, label)
    elif record.ttl != ttl:
        record.ttl = ttl
        record.save(update_fields=["ttl"])
    publish(hostname)
    return record


@transaction.atomic
def replace(
    hostname: Hostname, *, rdtype: str, rdata: Sequence[str], label: str = "", ttl: int | None = None
) -> list[Record]:
    """The whole RRset at the label: these records and no others; none withdraws it.

    Locks the hostname. Raises InvalidRecord, TooManyRecords, HostnameRestricted, HostnameReleased.
    """
    hostname = hostnames.lock_unrestricted(hostname)
    hostnames.check_ttl(hostname, ttl)
    label = parse_label(label, hostname)
    # Once each, in their order.
    wanted = dict.fromkeys(parse_rdata(rdtype, each) for each in rdata)
    hostname.records.filter(label=label, rdtype=rdtype).delete()
    records = Record.objects.bulk_create(
        Record(hostname=hostname, label=label, rdtype=rdtype, rdata=each, ttl=ttl) for each in wanted
    )
    _check_count(hostname)
    _check_challenges(hostname, label)
    publish(hostname)
    return records


def set_further_addresses(hostname: Hostname, further: Iterable[Address]) -> None:
    """The addresses that the locked hostname answers beside its own, of both families. Publishes nothing.

    Raises TooManyRecords.
    """
    hostname.records.filter(label="", rdtype__in=["A", "AAAA"]).delete()
    Record.objects.bulk_create(
        Record(hostname=hostname, rdtype="A" if address.version == 4 else "AAAA", rdata=str(address))
        for address in dict.fromkeys(further)
    )
    _check_count(hostname)
    _have_records(hostname)


@transaction.atomic
def remove(record: Record) -> None:
    """Gone already is as good. Locks the hostname. Raises HostnameRestricted, HostnameReleased."""
    hostname = hostnames.lock_unrestricted(record.hostname)
    Record.objects.filter(pk=record.pk).delete()
    publish(hostname)


def publish(hostname: Hostname) -> None:
    """What the locked hostname's records say by now. Raises InvalidRecord for what cannot stand together."""
    _have_records(hostname)
    try:
        hostnames.publish(hostname)
    except (InvalidRRset, InvalidName) as error:
        raise InvalidRecord(_details(error)) from error


def parse_label(text: str, hostname: Hostname) -> str:
    """The owner name relative to the hostname, as people write it: relative, whole, "@" or empty. Raises InvalidRecord."""
    label = text.strip().lower().removesuffix(".")
    if label in ("", "@", hostname.name):
        return ""
    label = label.removesuffix(f".{hostname.name}")
    try:
        whole = normalise(f"{label}.{hostname.name}")
    except InvalidName as error:
        raise InvalidRecord(_details(error)) from error
    label = whole.removesuffix(f".{hostname.name}")
    labels = label.split(".")
    if len(labels) > MAX_LABELS or not all(map(_LABEL.fullmatch, labels)):
        raise InvalidRecord(
            _(
                "“{text}” must be up to {count} labels of letters, digits, hyphens and underscores. "
                "For every name below the hostname there is its wildcard option."
            ).format(text=text[:80], count=MAX_LABELS)
        )
    return label


def parse_rdata(rdtype: str, text: str) -> str:
    """The rdata in presentation form, names absolute. Text without quotes is one TXT value. Raises InvalidRecord."""
    if rdtype not in TYPES:
        raise InvalidRecord(_("a hostname can have {types}.").format(types=", ".join(TYPES)))
    text = text.strip()
    if rdtype == "TXT" and not text.startswith('"'):
        text = quote(text)
    try:
        rdata = dns.rdata.from_text(
            dns.rdataclass.IN, dns.rdatatype.from_text(rdtype), text, origin=dns.name.root, relativize=False
        )
        spelt = rdata.to_text()
        rdata.to_wire()
    except (dns.exception.DNSException, ValueError, OverflowError) as error:
        raise InvalidRecord(f"{rdtype} {text[:80]!r}: {error or type(error).__name__}.") from error
    return _checked(rdtype, spelt)


def quote(text: str) -> str:
    """A text as TXT rdata: strings of 255 octets, quoted (RFC 1035 §5.1). Raises InvalidRecord."""
    octets = text.encode()
    if len(octets) > MAX_TEXT_CHARACTERS:
        raise InvalidRecord(_("a text has {count} octets at most.").format(count=MAX_TEXT_CHARACTERS))
    parts = [octets[start : start + _STRING_OCTETS] for start in range(0, len(octets), _STRING_OCTETS)] or [b""]
    return " ".join(f'"{_escaped(part)}"' for part in parts)


def unquote(rdata: str) -> str:
    """The text of TXT rdata."""
    parsed = cast(TXT, dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.TXT, rdata))
    return b"".join(parsed.strings).decode("utf-8", "replace")


def _have_records(hostname: Hostname) -> None:
    """From now on address updates and publishing look at its records."""
    if hostname.others is None:
        hostname.others = {}
        hostname.save(update_fields=["others"])


def _escaped(octets: bytes) -> str:
    return "".join(
        f"\\{chr(octet)}" if octet in b'"\\' else chr(octet) if 0x20 <= octet < 0x7F else f"\\{octet:03d}"
        for octet in octets
    )


def _checked(rdtype: str, rdata: str) -> str:
    if rdtype in ("A", "AAAA") and not addresses.is_publishable(addresses.parse(rdata)):
        raise InvalidRecord(_("{address} is one that the Internet does not route.").format(address=rdata))
    if rdtype in ("A", "AAAA") and blocks.bars([addresses.parse(rdata)]):
        raise InvalidRecord(_("{address} is in a network that the abuse desk has blocked.").format(address=rdata))
    if len(rdata) > MAX_RDATA_CHARACTERS:
        raise InvalidRecord(_("it is too long."))
    return rdata.lower() if rdtype in ("CNAME", "MX", "SRV") else rdata


def _check_count(hostname: Hostname) -> None:
    limit = plans.of(hostname.account).records
    if hostname.records.configured().count() > limit:
        raise TooManyRecords(_("{limit}. Remove one that nothing needs.").format(limit=limit))


def _check_challenges(hostname: Hostname, label: str) -> None:
    """Those that a key sets make room for themselves (ddns.challenges). Raises TooManyRecords."""
    challenges = hostname.records.challenges()
    here, limit = challenges.filter(label=label).count(), plans.of(hostname.account).texts
    if here > limit:
        raise TooManyRecords(
            _("{limit} challenges at one name. Remove one that was for an earlier certificate.").format(limit=limit)
        )
    if here and challenges.values("label").distinct().order_by().count() > MAX_CHALLENGE_NAMES:
        raise TooManyRecords(
            _("challenges at {count} names. Remove those that nothing needs.").format(count=MAX_CHALLENGE_NAMES)
        )


def _details(error: Exception) -> str:
    return " ".join(map(str, error.args)) or str(error)
