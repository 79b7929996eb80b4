"""docs/authorities.md: its commands work as they stand there, and its letter is read as it says."""

import json
import re
import subprocess
from datetime import timedelta

import pytest
from django.utils import timezone

from abuse import officer_keys, plans
from abuse.intake import letters
from abuse.models import Order
from abuse.order_pages import OUTCOMES
from tests.abuse import order_rows
from tests.abuse.portal_rows import PDF
from tests.left_out import require
from tests.test_layers import ROOT

GUIDE = (ROOT / "docs" / "authorities.md").read_text()
COMMANDS = re.findall(r"```sh\n(.*?)```", GUIDE, re.S)
LETTER = re.search(r"```text\n(.*?)```", GUIDE, re.S)[1]


@pytest.mark.django_db(transaction=True)
def test_commands_work_as_they_stand_there(live_server, tmp_path, settings):
    require("curl")
    settings.SITE_URL = live_server.url
    end = timezone.now() + timedelta(days=1)
    _, key = officer_keys.make(order_rows.officer(), label="guide", networks=["127.0.0.0/24"], expires_at=end)
    (tmp_path / "order.pdf").write_bytes(PDF)
    (tmp_path / "names.txt").write_text(LETTER)

    def run(command: str) -> None:
        said = {"KEY": key, "SITE": live_server.url, "PATH": "/usr/local/bin:/usr/bin:/bin"}
        subprocess.run(["bash", "-euc", command], cwd=tmp_path, env=said, check=True, timeout=120)

    def answered(name: str) -> dict:
        return json.loads((tmp_path / name).read_text())

    file_it, file_json, follow, end_it = COMMANDS
    run(file_it)
    run(file_json)
    plans.make(Order.objects.get(reference="12 Cr 345/26"))
    run(f"{follow}\n{end_it}")

    assert answered("filed.json")["standing"] == "received"
    assert answered("second.json")["kind"] == "information"
    assert answered("state.json")["standing"] == "looked_at"
    assert "www.example.org" in [each["name"] for each in answered("foreign.json")["results"]]
    assert len(answered("orders.json")["results"]) == 2
    assert "not-found" in (tmp_path / "effect.csv").read_text()
    assert answered("withdrawn.json")["standing"] == "withdrawn"


def test_letter_is_read_as_the_guide_says():
    letter = letters.read(LETTER.encode())

    assert [(line.name, line.port) for line in letter.lines] == [
        ("alpha.ddns.example", 1177),
        ("beta.ddns.example", 5552),
        ("gamma.ddns.example", None),
        ("www.delta.ddns.example", None),
        ("xn--bcher-kva.ddns.example", None),
        ("alpha.ddns.example", None),
        ("www.example.org", None),
    ]
    assert letter.comment_count == 1


def test_guide_names_every_outcome_and_kind():
    said = set(re.findall(r"^\| `(\w+)` \|", GUIDE, re.M))

    assert said == {each or "looked_at" for each in map(str, OUTCOMES)} | set(Order.Kind.values)
