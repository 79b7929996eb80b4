"""Signings: whether a zone's primary keeps signing, looked at every hour, kept for the desk, told by alarm.

A signer that has stopped shows nothing for days. Then every signature expires, and the zone is dark at once for all who
validate.
"""

import random
import string
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from dnsupdate import alarms, dnssec, validation
from dnsupdate.errors import Bogus, PrimaryError
from dnsupdate.models import Alarm, Delegation, Signing, Zone
from dnsupdate.validation import Keys

# What stands in every zone. The SOA's signature is as young as the last change, that of the keys may be the oldest.
APEX_TYPES = ("DNSKEY", "NS", "SOA")
# Names of customers that are looked at besides, other ones each time.
SAMPLE = 5
THREADS = 8

# The flaws that only the parent's side shows: kept as any other, and told with what to do.
FOREIGN_DS = "the parent's DS record fits none of the keys that the primary signs with"
DS_WITHOUT_KEYS = "the parent has a DS record, and the primary does not sign the zone"
_AT_PARENT = {
    FOREIGN_DS: (
        "The parent's DS record fits none of the keys that the primary signs with: who validates gets no answer. If the "
        "primary lost its keys, put the copy of them back; else give the registry the DS record that `manage.py show_ds "
        "{zone}` prints, and see that the old one goes."
    ),
    DS_WITHOUT_KEYS: (
        "The parent has a DS record, and the primary does not sign the zone: who validates gets no answer. Take the DS "
        "record out at the registry, or make the primary sign with the keys that it is of."
    ),
}
SHA256 = "2"

_SAMPLES = f"""
    SELECT zone.id, sample.name
    FROM dnsupdate_zone zone CROSS JOIN LATERAL (
        SELECT name FROM dnsupdate_publication
        WHERE zone_id = zone.id AND name >= %s AND rrsets <> '{{}}' AND published_revision > 0
        ORDER BY name LIMIT {SAMPLE}
    ) sample
    WHERE zone.id = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """What one look at a zone's primary found. ds shall be at the parent, key_ds may be: a new key comes before its DS does."""

    is_signed: bool
    ds: Sequence[str] = ()
    key_ds: Sequence[str] = ()
    expires_at: datetime | None = None
    flaw: str = ""
    detail: str = ""
    checked_at: datetime = field(default_factory=timezone.now)


def look(zone: Zone, names: Iterable[str] = ()) -> Finding:
    """Asks the primary for the keys, the records of the apex and these names: do they validate, and until when?

    Touches no row. Raises PrimaryError.
    """
    try:
        trusted = dnssec.keys(zone)
        return _look(zone, trusted, names) if trusted else Finding(is_signed=False)
    except Bogus as error:
        return Finding(is_signed=True, flaw=str(error), detail=str(error))


def check(zone: Zone) -> Signing:
    """Looks at the zone's signatures, keeps what it finds, and raises or ends the alarm. Raises PrimaryError."""
    _keep({zone: look(zone, _samples([zone]).get(zone.pk, ()))})
    return Signing.objects.get(zone=zone)


def check_all() -> None:
    """As check for every zone, in a fixed number of statements. Where a primary is away, what was found before stays."""
    zones = list(Zone.objects.delegated().select_related("primary__key"))
    samples = _samples(zones)
    with ThreadPoolExecutor(THREADS) as pool:
        findings = list(pool.map(lambda zone: _look_if_there(zone, samples.get(zone.pk, ())), zones))
    _keep({zone: finding for zone, finding in zip(zones, findings, strict=True) if finding})


@transaction.atomic
def expect_unsigned(zone: Zone) -> None:
    """Somebody says that the zone is unsigned on purpose, which ends the alarm. Without effect while it is signed."""
    if Signing.objects.filter(zone=zone, is_signed=False).update(is_expected=False):
        for alarm in _open_alarms([zone]):
            alarms.close(Alarm.Kind.SETTINGS, zone=zone, nameserver=alarm.nameserver)


def _look(zone: Zone, trusted: Keys, names: Iterable[str]) -> Finding:
    verdicts, expiries = [], []
    for name, type_name in [*((zone.name, each) for each in APEX_TYPES), *((name, "A") for name in names)]:
        answer = dnssec.ask_primary(zone, name, type_name)
        verdicts.append(validation.validate(answer, trusted))
        expiries += [signature.expiration for signature in validation.signatures(answer)]
    flawed = [verdict for verdict in verdicts if verdict.flaw]
    return Finding(
        is_signed=True,
        ds=[record.to_text() for record in dnssec.ds_records(zone, trusted)],
        key_ds=[record.to_text() for record in dnssec.ds_of_keys(trusted)],
        expires_at=datetime.fromtimestamp(min(expiries), UTC) if expiries else None,
        flaw="; ".join(sorted({str(verdict.flaw) for verdict in flawed})),
        detail=" ".join(map(str, flawed)),
    )


def _look_if_there(zone: Zone, names: Iterable[str]) -> Finding | None:
    try:
        return look(zone, names)
    except PrimaryError:
        return None  # the publisher says so already, and tries more often


def _samples(zones: Iterable[Zone]) -> dict[int, list[str]]:
    start = "".join(random.choices(string.digits + string.ascii_lowercase, k=2))  # noqa: S311 - no secret
    samples: dict[int, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_SAMPLES, [start, [zone.pk for zone in zones]])
        for zone_id, name in cursor.fetchall():
            samples.setdefault(zone_id, []).append(name)
    return samples


@transaction.atomic
def _keep(findings: dict[Zone, Finding]) -> None:
    """Rows in one statement. Of alarms only those that begin or end cost more."""
    expected = set(Signing.objects.filter(zone__in=findings, is_expected=True).values_list("zone_id", flat=True))
    observed = dict(Delegation.objects.filter(zone__in=findings).values_list("zone_id", "observed"))
    rows = [
        _row(zone, finding, zone.pk in expected, _flaw_at_parent(finding, (observed.get(zone.pk) or {}).get("ds", [])))
        for zone, finding in findings.items()
    ]
    fields = ["is_signed", "is_expected", "ds", "expires_at", "flaw", "detail", "checked_at"]
    Signing.objects.bulk_create(rows, update_conflicts=True, unique_fields=["zone"], update_fields=fields)
    _tell(rows)


def _flaw_at_parent(finding: Finding, at_parent: Sequence[str]) -> str:
    """Beside what the watch of the delegation saw last."""
    if not at_parent or finding.flaw:
        return ""
    if not finding.is_signed:
        return DS_WITHOUT_KEYS
    ours = [*finding.ds, *finding.key_ds]
    return "" if any(_fits(theirs, own) for theirs in at_parent for own in ours) else FOREIGN_DS


def _fits(theirs: str, own: str) -> bool:
    """Ours are by SHA-256. A digest of another kind is not made here: the key's tag and algorithm must do."""
    (tag, algorithm, digest_type, *digest), (own_tag, own_algorithm, _, *own_digest) = theirs.split(), own.split()
    if (tag, algorithm) != (own_tag, own_algorithm):
        return False
    return digest_type != SHA256 or "".join(digest).lower() == "".join(own_digest).lower()


def _row(zone: Zone, finding: Finding, was_expected: bool, flaw_at_parent: str) -> Signing:
    return Signing(
        zone=zone,
        is_signed=finding.is_signed,
        is_expected=finding.is_signed or was_expected,
        ds=list(finding.ds),
        expires_at=finding.expires_at,
        flaw=finding.flaw or flaw_at_parent,
        detail=finding.detail,
        checked_at=finding.checked_at,
    )


def _tell(rows: list[Signing]) -> None:
    # By zone and primary: what is open at a former primary ends in any case.
    texts = {(row.zone, row.zone.primary): text for row in rows if (text := problem(row))}
    for alarm in _open_alarms([row.zone for row in rows]):
        if (alarm.zone, alarm.nameserver) not in texts:
            alarms.close(Alarm.Kind.SETTINGS, zone=alarm.zone, nameserver=alarm.nameserver)
    for (zone, primary), text in texts.items():
        alarms.open(Alarm.Kind.SETTINGS, text, zone=zone, nameserver=primary)


def _open_alarms(zones: Sequence[Zone]) -> Iterable[Alarm]:
    """About the zones at a primary: the alarm about a zone's settings as such is somebody else's to end."""
    found = Alarm.objects.open().filter(kind=Alarm.Kind.SETTINGS, zone__in=zones, nameserver__isnull=False)
    return found.select_related("zone", "nameserver")


def problem(signing: Signing) -> str:
    """What a person must look at, in words that stay the same while it does; empty if nothing."""
    if signing.is_expected and not signing.is_signed:
        return (
            "The zone was signed and is not any more. While its parent has a DS record, nobody who validates gets an "
            "answer: make the primary sign again, or see that the DS record is gone and say so with "
            f"`manage.py check_signatures {signing.zone} --expect-unsigned`."
        )
    if signing.flaw in _AT_PARENT:
        return _AT_PARENT[signing.flaw].format(zone=signing.zone)
    if signing.flaw:
        return f"Answers of the primary do not validate: {signing.flaw.rstrip('.')}."
    if signing.expires_at and signing.expires_at < signing.checked_at + settings.SIGNATURE_WARNING:
        return (
            f"Signatures expire within {settings.SIGNATURE_WARNING.days} days: the primary does not renew them. Look into "
            "its log for the signer, and whether it can read its keys; once they expire, nobody who validates gets an answer."
        )
    return ""
