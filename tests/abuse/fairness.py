"""Cases, reports and decisions for the tests of what people are told."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.utils import timezone

from abuse import roles, submissions
from abuse.models import Case, Category, Decision, Report, Reporter, Submission
from ddns.models import Hostname, User

# Whoever reads one of these words in what a customer gets knows who reported.
REPORTER_WORDS = (
    "trudy",
    "Trudy",
    "Watchers",
    "watchers.example",
    "192.0.2.99",
    "W-4711",
    "0176 1234567",
    "Victim Bank",
)


@pytest.fixture
def trudy(db) -> Reporter:
    """She reports."""
    return Reporter.objects.create(
        identity="org:watchers.example",
        kind=Reporter.Kind.ORGANISATION,
        name="Watchers",
        contact="trudy@watchers.example",
    )


@pytest.fixture
def judge(db) -> User:
    """May decide appeals, and has decided nothing yet."""
    roles.make_missing()
    user = User.objects.create_user("judge@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


def open_case(hostname: Hostname, kind: str = "content/phishing", **fields) -> Case:
    category = Category.objects.get(key=kind)
    now = timezone.now()
    told = {
        "hostname": hostname,
        "account": hostname.account,
        "name": hostname.name,
        "route": category.route,
        "category": category,
        "severity": category.severity,
        "opened_at": now,
        "due_at": now + category.clock,
        "paused_for": timedelta(),
        "last_report_at": now,
    }
    return Case.objects.create(**{**told, **fields})


def report_on(case: Case, reporter: Reporter, **fields) -> Report:
    submission = submissions.accept(
        f"report {Report.objects.count()}".encode(), door=Submission.Door.MAIL, source="trudy@watchers.example"
    )
    told = {
        "submission": submission,
        "reporter": reporter,
        "category": case.category,
        "kind": case.category_id,
        "name": case.name,
        "url": f"https://{case.name}/login/trudy@watchers.example/index.html?to=trudy@watchers.example",
        "evidence_at": timezone.now() - timedelta(hours=2),
        "description": "From: Trudy <trudy@watchers.example>\nA page that imitates a bank. Call 0176 1234567.\n\nRegards\nTrudy",
        "external_id": "W-4711",
        "complainant": {"org": "Victim Bank", "contact": "cert@victimbank.example"},
        "fingerprint": "0" * 64,
        "received_at": timezone.now(),
        "state": Report.State.OPEN,
        "case": case,
        "hostname": case.hostname,
    }
    return Report.objects.create(**{**told, **fields})


def decide(case: Case, action: str, by: User | None = None, **fields) -> Decision:
    """As the verb of decisions leaves it, without what it does to the name."""
    now = timezone.now()
    told = {
        "case": case,
        "action": action,
        "reason": "Trudy of Watchers showed a screenshot.",
        "state": Decision.State.DONE,
        "decided_by": by,
        "rule": "" if by else "hold-young-names",
        "decided_at": now,
        "done_at": now,
    }
    return Decision.objects.create(**{**told, **fields})
