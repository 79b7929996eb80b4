"""An afternoon at an invented desk, by the platform's own verbs: what the pictures of the handbook show.

Everything is under ddns.test, its addresses are those of documentation (RFC 5737).
"""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from unittest import mock

import time_machine
from django.contrib.auth.models import Group
from django.utils import timezone

from abuse import (
    cases,
    decisions,
    messages,
    policy_settings,
    protected_names,
    reporters,
    reports,
    roles,
    scoring,
    submissions,
)
from abuse.intake import form
from abuse.management.commands.seed_demo_reports import _picture as picture
from abuse.models import Case, Message, Report, Reporter, Submission
from ddns import hostnames
from ddns.models import AddressUpdate, Domain, Hostname, HostnameContact, User

LURE = "examplebank-login"
DOOR = Submission.Door
HOUR, DAY = timedelta(hours=1), timedelta(days=1)

# label, kind, what is said, hours ago
OTHERS = [
    (
        "parcel-tracking",
        "content/phishing",
        "A text message says that a parcel waits, and asks for 1.99 EUR by card.",
        3.2,
    ),
    ("winupdate-srv", "infrastructure/botnet", "njRAT talks to port 1177 of this name, seen in three sandboxes.", 2.6),
    ("cheap-sneakers", "content/fraud", "I paid 89 EUR for shoes on 2026-11-02, and nobody answers any more.", 1.9),
    ("invoice-2026", "content/malware", "invoice.zip has a loader in it, SHA-256 in the log that is attached.", 1.4),
    ("cam-garage", "connection/login_attack", "Four hundred tries of passwords at our SSH port within an hour.", 20),
    ("nas-mueller", "connection/port_scan", "It scans our network for port 445 since Monday, log lines below.", 11),
    (
        "router-17",
        "vulnerability/open_service",
        "An open resolver answers at port 53 of this name: 40 times the size.",
        7,
    ),
    ("fanmusic", "copyright/copyright", "Three albums of our label can be downloaded there without a licence.", 30),
    ("newsletter-x", "messaging/spam", "Advertised by 1,200 mails to our users since yesterday evening.", 6),
    ("members-list", "content/exposed_data", "A list of our club's members with addresses lies open there.", 4),
]


def make(password: str) -> dict[str, str]:
    """Makes it all, with staff of this password; gives the addresses of the pages to show."""
    roles.make_missing()
    oscar, elder = (_staff(email, password) for email in ("oscar@example.com", "elder@example.com"))
    root = User.objects.create_superuser("root@example.com")
    protected_names.add("hospital.ddns.test", reason="A hospital's appointments.", by=root)
    policy_settings.put_brand("examplebank", title="Example Bank", holders=[], reason="Asked by the bank.", by=root)
    cert = reporters.proven_by_mailbox("reports@cert.example", name="Example CERT")
    bank = reporters.proven_by_mailbox("fraud@bank.example", name="Example Bank, fraud desk")
    Reporter.objects.filter(pk=cert.pk).update(tier="A")
    Reporter.objects.filter(pk=bank.pk).update(tier="B")
    for number in range(40):
        _decided_before(cert, f"old{number}", oscar)
    with mock.patch("abuse.submissions._wake_reader"):
        for label, kind, words, hours in OTHERS:
            _other(label, kind, words, hours)
        case = _lure(cert, bank, oscar, elder)
        _second_person(oscar)
        told = _suspended(oscar)
    for each in Case.objects.open():
        scoring.rescore(each)
    return {"case": str(case.pk), "viewed": str(_case("winupdate-srv").pk), **told}


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    with time_machine.travel(moment, tick=True):
        yield


def _staff(email: str, password: str) -> User:
    person = User.objects.create_user(email, password, is_staff=True)
    person.groups.add(Group.objects.get(name=roles.SENIOR))
    return person


def _name(label: str, email: str, *, age: timedelta, account_age: timedelta) -> Hostname:
    domain = Domain.objects.get(name="ddns.test")
    account = User.objects.filter(email=email).first() or User.objects.create_user(email)
    User.objects.filter(pk=account.pk).update(date_joined=timezone.now() - account_age)
    hostname = hostnames.register(account, domain=domain, label=label)
    Hostname.objects.filter(pk=hostname.pk).update(created_at=timezone.now() - age)
    return hostname


def _lived(hostname: Hostname, addresses: list[str], agent: str, every: timedelta, source: str = "") -> None:
    """Changes of address until now, the last one last."""
    now, old = timezone.now(), None
    for number, address in enumerate(addresses):
        moment = now - every * (len(addresses) - number)
        told = {"source": source or address, "agent": agent, "protocol": "dyndns2"}
        AddressUpdate.objects.create(hostname=hostname, at=moment, old_ipv4=old, new_ipv4=address, **told)
        old = address
    Hostname.objects.filter(pk=hostname.pk).update(ipv4=old, changed_at=now - every)
    HostnameContact.objects.create(
        hostname=hostname, at=now - timedelta(minutes=4), source=source or old, agent=agent, protocol="dyndns2"
    )
    hostnames.configure(Hostname.objects.get(pk=hostname.pk))


def _by_form(name: str, kind: str, words: str, who: str, *, files: list[form.File] = (), **details: str) -> None:
    """Read at once, at the present moment."""
    person, _, mailbox = who.partition(" <")
    report = form.FormReport(
        kind=kind, names=[name], description=words, name=person, email=mailbox.rstrip(">"), is_good_faith=True,
        files=files, details=details,
    )  # fmt: skip
    submissions.accept(form.write(report), door=DOOR.FORM, source="192.0.2.44", content_type=form.CONTENT_TYPE)
    reports.read_all()


def _by_program(by: Reporter, url: str, words: str, **more) -> None:
    host = url.partition("//")[2].partition("/")[0]
    party = {"org": by.name, "contact": by.contact, "domain": by.contact.partition("@")[2]}
    report = {
        "xarf_version": "4.2.0", "report_id": str(uuid.uuid4()), "timestamp": timezone.now().isoformat(), "reporter": party,
        "sender": party, "source_identifier": host, "category": "content", "type": "phishing", "url": url, "description": words,
        "evidence_source": "automated_scan", **more,
    }  # fmt: skip
    submissions.accept(
        json.dumps(report).encode(),
        door=DOOR.API,
        source="192.0.2.80",
        content_type="application/xarf+json",
        reporter=by,
    )
    reports.read_all()


def _case(label: str) -> Case:
    return Case.objects.filter(name=f"{label}.ddns.test").latest("pk")


def _decided_before(by: Reporter, label: str, oscar: User) -> None:
    """A reporter's record is made of what was decided."""
    with at(timezone.now() - 40 * DAY):
        _name(label, f"{label}@example.com", age=DAY, account_age=90 * DAY)
        _by_program(by, f"https://{label}.ddns.test/x", "A page that imitates a bank.")
        cases.close(_case(label), outcome=Report.Outcome.UPHELD, by=oscar, reason="A lure.")


def _other(label: str, kind: str, words: str, hours: float) -> None:
    hostname = _name(
        label,
        f"holder-of-{label}@example.org",
        age=timedelta(days=3 + 60 * hours),
        account_age=timedelta(days=9 + 70 * hours),
    )
    number = 10 + len(label) * 7
    _lived(hostname, [f"203.0.113.{number + step}" for step in range(5)], "ddclient/3.10.0", 9 * HOUR)
    with at(timezone.now() - timedelta(hours=hours)):
        log = "\n".join(
            f"{timezone.now() - timedelta(seconds=7 * each):%Y-%m-%dT%H:%M:%SZ} {label}.ddns.test" for each in range(9)
        )
        files = [form.File("log.txt", "text/plain", log.encode())]
        _by_form(
            f"{label}.ddns.test", kind, words, "Ivan Example <ivan@ivan.example>", files=files if "log" in words else []
        )


def _lure(cert: Reporter, bank: Reporter, oscar: User, elder: User) -> Case:
    """A new account with a family of names, and much on its case."""
    for label in (LURE, "examplebank-secure", "examplebank-verify", "examplebank2", "my-examplebank"):
        hostname = _name(label, "mallory@example.com", age=30 * HOUR, account_age=31 * HOUR)
        count = 46 if label == LURE else 3
        moved = [f"198.51.100.{20 + number}" for number in range(count)]
        _lived(hostname, moved, "curl/8.5.0", timedelta(minutes=38), source="192.0.2.201")
    name = f"{LURE}.ddns.test"
    screen = form.File("screen.png", "image/png", picture(name))
    with at(timezone.now() - timedelta(hours=2.4)):
        words = "A text message sent me there. It looks like Example Bank, and asks for card number and PIN."
        _by_form(
            f"https://{name}/login",
            "content/phishing",
            words,
            "Trudy Example <trudy@trudy.example>",
            files=[screen],
            target_brand="Example Bank",
        )
    case = _case(LURE)
    with at(timezone.now() - timedelta(hours=2.2)):
        decisions.take(
            case,
            action="ask",
            reason="The whole text message is wanted.",
            by=oscar,
            parameters={"text": "Can you send us the text message as it came?"},
        )
    with at(timezone.now() - timedelta(hours=1.8)):
        report = case.reports.first()
        messages.say(
            case,
            side=Message.Side.REPORTER,
            text="It said: “Your card is blocked, confirm it here”, and the link. I deleted it.",
            author=None,
            is_ours=False,
            report=report,
        )
    page = b"<title>Example Bank</title><form action=/collect.php><input name=card><input name=pin></form>"
    with at(timezone.now() - timedelta(hours=1.1)):
        address = AddressUpdate.objects.filter(hostname__name=name, at__lt=timezone.now()).latest("at").new_ipv4
        evidence = [
            {"content_type": "text/html", "description": "The page", "payload": base64.b64encode(page).decode()}
        ]
        _by_program(
            cert,
            f"https://{name}/login",
            "The form sends what is typed to /collect.php.",
            target_brand="Example Bank",
            evidence=evidence,
            dns_records={"a": [str(address)]},
        )
        scoring.rescore(_case(LURE))
    with at(timezone.now() - timedelta(minutes=50)):
        messages.say(
            case,
            side=Message.Side.NOTE,
            text="Same kit as the lures of last week: /collect.php, the same logo.",
            author=elder,
            is_ours=True,
        )
    with at(timezone.now() - timedelta(minutes=31)):
        _by_program(
            bank,
            f"https://{name}/login",
            "Eleven of our customers have typed their cards there.",
            target_brand="Example Bank",
        )
    for who, words in (
        ("Ida", "My mother got this link. It is not the bank."),
        ("Bea", "It was in a mail about a refund."),
    ):
        with at(timezone.now() - timedelta(minutes=25 - len(words) // 4)):
            _by_form(f"https://{name}/login", "content/phishing", words, f"{who} Example <{who}@{who}.example>")
    return case


def _second_person(oscar: User) -> None:
    hostname = _name("hospital", "it@clinic.example.org", age=700 * DAY, account_age=900 * DAY)
    _lived(hostname, ["203.0.113.200"], "inadyn/2.12.0", DAY)
    with at(timezone.now() - timedelta(hours=1.5)):
        _by_form(
            "https://hospital.ddns.test/wp-content/x/",
            "content/phishing",
            "A log-in page of Example Bank lies there.",
            "Ivan Example <ivan@ivan.example>",
        )
        decisions.take(
            _case("hospital"),
            action="suspend",
            reason="The page is still there, and nobody answers the telephone.",
            by=oscar,
        )


def _suspended(oscar: User) -> dict[str, str]:
    """Alice's name, what she is told, and a report to look at from the other side."""
    from abuse import customer_pages, reporter_links

    hostname = _name("home", "alice@example.com", age=400 * DAY, account_age=420 * DAY)
    _lived(hostname, [f"203.0.113.{number}" for number in (4, 5, 6, 7)], "ddclient/3.10.0", 20 * HOUR)
    with at(timezone.now() - timedelta(hours=5)):
        _by_form(
            "https://home.ddns.test/wp-content/uploads/login/",
            "content/phishing",
            "A page that imitates Example Bank.",
            "Trudy Example <trudy@trudy.example>",
        )
    case = _case("home")
    with at(timezone.now() - timedelta(hours=4)):
        decisions.take(
            case, action="suspend", reason="A lure below wp-content.", by=oscar, ends_at=timezone.now() + 7 * DAY
        )
    submission = case.reports.get().submission
    return {
        "customer": customer_pages.link_path(case),
        "reporter": reporter_links.path(submission),
        "receipt": f"/abuse/receipts/{submission.receipt.pk}/",
    }
