"""The names that published reports complain of, held by a customer of this database; and the doors that reports come by."""

import io
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from email.message import EmailMessage

import pytest
from django.core.management import call_command
from django.test import Client

from abuse import address_matches, reporter_keys, reports
from abuse.models import Report, Reporter, Submission
from ddns import domains, hostnames
from ddns.models import Domain, Hostname, User
from dnsupdate import tsig_keys, zones
from dnsupdate.models import TsigKey

PATH = "/api/v1/reports"
# Before any of these reports was written.
HELD_SINCE = datetime(2000, 1, 1, tzinfo=UTC)


def offer(name: str) -> Domain:
    """By the nameserver that does not exist."""
    key = TsigKey.objects.filter(name="publisher").first() or tsig_keys.generate("publisher")
    return domains.offer(zones.add(name, host="127.0.0.1", port=9, key=key))


def hold(account: User, domain: Domain, labels: Iterable[str]) -> list[Hostname]:
    made = [hostnames.register(account, domain=domain, label=label) for label in labels]
    Hostname.objects.filter(pk__in=[each.pk for each in made]).update(created_at=HELD_SINCE)
    return made


def has(hostname: Hostname, address: str) -> None:
    Hostname.objects.filter(pk=hostname.pk).update(ipv4=address, changed_at=HELD_SINCE)


def key_of(root: User, identity: str = "org:cert.example") -> str:
    reporter = Reporter.objects.create(identity=identity, kind="organisation")
    return reporter_keys.create(reporter, label="scanner", by=root)[1]


def post(content: bytes, key: str = "", content_type: str = "application/xarf+json", query: str = "", **headers: str):
    """To the API, as a stranger where there is no key."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if key:
        named["Authorization"] = f"Bearer {key}"
    return Client().post(PATH + query, content, content_type=content_type, headers=named)


def pipe(content: bytes, monkeypatch: pytest.MonkeyPatch, sender: str = "trudy@cert.example") -> int:
    """Through the MTA's pipe; gives its exit code."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with pytest.raises(SystemExit) as ended:
        call_command("receive_mail", "--sender", sender, "--recipient", "abuse@ddns.test", stdout=io.StringIO())
    return int(ended.value.code or 0)


def letter(body: str, *, subject: str = "Abuse report", number: object = 1) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "Trudy <trudy@cert.example>"
    made["To"] = "abuse@ddns.test"
    made["Subject"] = subject
    made["Date"] = "Wed, 25 Nov 2026 08:00:00 +0000"
    made["Message-ID"] = f"<{number}@cert.example>"
    made.set_content(body)
    return made


def read() -> None:
    """Everything that waits, and the addresses that are looked up afterwards."""
    reports.read_all()
    address_matches.match_waiting()


def of(submission: Submission) -> list[Report]:
    found = Report.objects.filter(submission=submission).select_related("category", "case", "hostname")
    return list(found.order_by("position"))


def is_kept(submission: Submission, content: bytes) -> bool:
    return bytes(submission.blob.content) == content
