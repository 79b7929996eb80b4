"""A delegation that changed, in a real browser: seen, compared, accepted."""

import pytest
from django.utils import timezone

from dnsupdate.models import Delegation, Zone
from tests.browser.conftest import DESKTOP, PASSWORD, PHONE, with_password
from tests.browser.pages import complaints, follow, log_in, overflow, press, text

SEIZED = [f"ns{number}.microsoftinternetsafety.example" for number in (7, 8)]


@pytest.fixture
def delegation(zone: Zone) -> Delegation:
    """Its DS was replaced, its nameservers too, at one of two servers."""
    now = timezone.now()
    expected = {
        "ns": [f"ns.{zone}"],
        "glue": {f"ns.{zone}": ["192.0.2.53"]},
        "ds": ["12345 13 2 " + "0123456789abcdef" * 4],
    }
    observed = {"ns": SEIZED, "glue": {}, "ds": []}
    answer = {
        "server": "a.nic.example (192.0.2.1)",
        "picture": observed,
        "said": "",
        "evidence": "id 7\n;ANSWER\n" * 20,
    }
    silent = {
        "server": "b.nic.example (192.0.2.2)",
        "picture": None,
        "said": "No answer within 2 seconds.",
        "evidence": "",
    }
    delegation = Delegation.objects.create(
        zone=zone,
        expected=expected,
        accepted_at=now,
        accepted_by="alice@example.com",
        observed=observed,
        observed_at=now,
        checked_at=now,
        state=Delegation.State.CHANGED,
        answers=[answer, silent],
        apexes=[
            {"role": "listed", "server": "ns1 (192.0.2.53)", "serial": 2026112501, "ns": [f"ns.{zone}"], "failure": ""}
        ],
    )
    delegation.changes.create(
        source="parent",
        was=expected,
        now=observed,
        words="\n".join(delegation.differences),
        evidence=[answer, silent],
        seen_at=now,
    )
    return delegation


def test_a_change_is_looked_at_and_accepted(live_server, open_browser, delegation, root):
    browser = open_browser()
    log_in(browser, live_server.url, with_password(root).email, PASSWORD, to="/admin/dnsupdate/delegation/")
    assert "changed" in text(browser).lower()
    follow(browser, str(delegation))
    for shown in (*SEIZED, "192.0.2.53", "No answer within 2 seconds.", "not those of the parent"):
        assert shown in text(browser)
    follow(browser, "This change was ours …")
    assert "Cancel" in text(browser)
    press(browser, "This change was ours")
    assert "as expected" in text(browser).lower()
    assert "accepted" in text(browser)
    assert complaints(browser) == []


@pytest.mark.parametrize("size", [DESKTOP, PHONE])
def test_the_page_fits(live_server, open_browser, delegation, root, size):
    browser = open_browser(size)
    log_in(browser, live_server.url, with_password(root).email, PASSWORD, to="/admin/dnsupdate/delegation/")
    for page in ("change", "accept"):
        browser.get(f"{live_server.url}/admin/dnsupdate/delegation/{delegation.pk}/{page}/")
        assert overflow(browser) <= 0, page
    assert complaints(browser) == []
