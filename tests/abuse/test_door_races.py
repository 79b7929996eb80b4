"""Races at the doors: the same report twice at once is one; the pipe as an MTA runs it, as a process of its own."""

import os
import subprocess
import sys
from functools import partial
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from abuse import mail, postings
from abuse.models import Mail, Reporter, Submission
from tests.ddns.together import Together
from tests.test_layers import ROOT

pytestmark = pytest.mark.django_db(transaction=True)

MAIL = b"From: trudy@cert.example\nMessage-ID: <1@cert.example>\n\nhttps://evil.ddns.test/ is phishing.\n"
ROUNDS = 5


def receive_mail(content: bytes, database: str, *arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-W", "ignore", "manage.py", "receive_mail", *arguments]
    environment = os.environ | {"DATABASE_URL": database}
    return subprocess.run(
        command, cwd=ROOT, env=environment, input=content, capture_output=True, timeout=60, check=False
    )


def this_database() -> str:
    return urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}"))


def test_same_report_by_the_api_twice_at_once_is_one():
    reporter = Reporter.objects.create(identity="org:cert.example", kind="organisation")
    for number in range(ROUNDS):
        content = b"%d.example\n" % number
        post = partial(postings.accept, content, content_type="text/plain", source="192.0.2.1", reporter=reporter)
        with Together(post, post, post) as together:
            pass
        assert len({submission.pk for submission, _ in together.results}) == 1
        assert sum(is_new for _, is_new in together.results) == 1
    assert Submission.objects.count() == ROUNDS


def test_same_mail_twice_at_once_is_one():
    """By the pipe and from the mailbox."""
    receive = partial(mail.receive, MAIL, sender="trudy@cert.example")
    with Together(receive, receive, receive) as together:
        pass
    assert len({submission.pk for submission in together.results}) == 1
    assert (Submission.objects.count(), Mail.objects.count()) == (1, 1)


def test_command_stores_what_the_mta_pipes_into_it():
    done = receive_mail(MAIL, this_database(), "--sender", "trudy@cert.example", "--recipient", "abuse@ddns.test")
    assert done.returncode == 0, done.stderr
    assert bytes(Submission.objects.get().blob.content) == MAIL
    assert str(Submission.objects.get().pk) in done.stdout.decode()


def test_mta_is_told_to_come_again_while_the_database_is_away(free_port):
    done = receive_mail(MAIL, f"postgresql://127.0.0.1:{free_port}/nothing", "--sender", "trudy@cert.example")
    assert done.returncode == 75
    assert b"Not now" in done.stderr
    assert b"Traceback" not in done.stderr


def test_mta_is_told_that_an_empty_mail_is_none():
    assert receive_mail(b"", this_database(), "--sender", "").returncode == 65
