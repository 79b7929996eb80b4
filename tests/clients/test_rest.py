"""REST through the real web server, worker and BIND: a change that waits is in DNS when it is answered."""

import json
import subprocess

from ddns.rest.waiting import MAX_WAIT_SECONDS
from tests.left_out import require

MANAGE = """
from ddns import keys
from ddns.models import User
result = keys.create(User.objects.get(email=email), label="program", permission="manage")[1]
"""


def curl(method: str, url: str, key: str, body: dict) -> tuple[int, dict]:
    """As docs/rest-api.md has it, for curl before 7.82."""
    argv = [
        require("curl"),
        "-sS",
        "-X",
        method,
        "-H",
        f"Authorization: Bearer {key}",
        "-H",
        "Content-Type: application/json",
    ]
    argv += ["-d", json.dumps(body), "-w", "\n%{http_code}", url]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    answer, _, status = done.stdout.rpartition("\n")
    return int(status), json.loads(answer)


def test_change_that_waits_is_in_dns_when_it_is_answered(stack):
    stack.customer("rest@example.com")
    key = stack.run(MANAGE, email="rest@example.com")
    api, zone = f"{stack.web_url}/api/v1/hostnames", stack.zones[0]
    wanted = {"name": f"waiting.{zone}", "ipv4": "203.0.113.5", "wildcard": True}
    status, made = curl("POST", f"{api}?wait={MAX_WAIT_SECONDS}", key, wanted)

    assert (status, made["dns"]["published"]) == (201, True), made
    assert stack.answer(f"waiting.{zone}", "A") == stack.answer(f"any.waiting.{zone}", "A") == ["203.0.113.5"]
    soa = stack.answer(zone, "SOA")[0].split()
    assert made["dns"]["serial"] <= int(soa[2])

    status, changed = curl("PATCH", f"{api}/waiting.{zone}?wait={MAX_WAIT_SECONDS}", key, {"ipv4": None})
    assert (status, changed["dns"]["published"]) == (200, True), changed
    assert stack.answer(f"waiting.{zone}", "A") == []
