"""seed_demo_reports: the desk of ./run has cases to decide, made once."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from abuse import reports
from abuse.models import Case, Evidence, Report, Submission
from ddns.models import Hostname, User


@pytest.fixture
def seed(home, tmp_path: Path) -> Callable[[], None]:
    """Runs the command as ./run does at each start."""
    path = tmp_path / "demo.json"
    path.write_text(json.dumps({"zone": home.domain.name, "hostname": home.name}))
    return lambda: call_command("seed_demo_reports", facts=str(path))


def test_reports_become_cases_about_names_of_the_demo(seed, home):
    seed()
    reports.read_all()

    about = sorted(Case.objects.values_list("name", "category", "route", "report_count", "source_count"))
    assert about == [
        ("examplebank-login.ddns.test", "content/phishing", "suspect", 2, 1),
        (home.name, "connection/*", "victim", 1, 1),
    ]
    assert set(Report.objects.values_list("standing", flat=True)) == {Report.Standing.HELD}
    assert Submission.objects.filter(state=Submission.State.UNREADABLE).count() == 1
    assert sorted(Evidence.objects.values_list("content_type", flat=True)) == ["image/png", "text/html"]


def test_a_second_run_changes_nothing(seed):
    seed()
    reports.read_all()
    seed()

    assert (Submission.objects.count(), Hostname.objects.count(), User.objects.count()) == (4, 3, 2)


def test_a_domain_that_takes_no_names_is_no_reason_not_to_start(seed, domain):
    type(domain).objects.update(is_open=False)
    seed()

    assert not Submission.objects.exists()
    assert not User.objects.filter(email="mallory@example.com").exists()


def test_a_provider_gets_no_invented_reports(seed, settings):
    settings.IS_PROVIDER = True
    with pytest.raises(CommandError):
        seed()
