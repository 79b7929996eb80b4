"""Celery's entries: what is scheduled or asked for by name is there. A name that nobody has is lost work, and no error."""

import re
from inspect import getmembers, isfunction

import pytest

import abuse.tasks
import ddns.tasks
import dnsupdate.tasks
from config.beat import SCHEDULE
from config.celery import app
from tests.test_layers import ROOT

NAMED = re.compile(r'"((?:abuse|ddns|dnsupdate)\.tasks\.\w+)"')


def test_every_task_that_is_named_is_there():
    sources = [path for name in ("config", "abuse", "ddns", "dnsupdate") for path in (ROOT / name).rglob("*.py")]
    named = {task for path in sources for task in NAMED.findall(path.read_text())}
    assert {each["task"] for each in SCHEDULE.values()} <= named
    assert named - set(app.tasks) == set()


@pytest.mark.parametrize("module", [abuse.tasks, ddns.tasks, dnsupdate.tasks], ids=lambda module: module.__name__)
def test_every_entry_is_a_task(module):
    """A decorator is soon lost in a merge."""
    own = {name for name, each in getmembers(module, isfunction) if each.__module__ == module.__name__}
    assert {name for name in own if not name.startswith("_")} == set()
