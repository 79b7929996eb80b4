"""The transparency report: every number of DSA Art. 15(1) by hand, sealed orders in one line, and a page for everybody."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from abuse import appeals, contact, decisions, suspensions, transparency
from abuse.forms import report_words
from abuse.models import Appeal, Case, Decision, Order, OrderItem, Report, Reporter
from abuse.transparency import Transparency
from ddns.models import Hostname, User
from tests.abuse.order_rows import agency, officer, planned
from tests.abuse.stories import add_report, open_case

pytestmark = pytest.mark.django_db

YEAR = 2025
MAY = datetime(YEAR, 5, 5, tzinfo=UTC)
AFTER = datetime(YEAR + 1, 2, 1, tzinfo=UTC)


def report(now: datetime = AFTER, year: int = YEAR) -> Transparency:
    return transparency.of(year, now=now)


def rows(key: str, **options) -> list[dict[str, str]]:
    """As whoever downloads the file reads it."""
    table = report(**options).table(key)
    assert table is not None
    return list(csv.DictReader(io.StringIO(table.as_csv())))


def filed(held: list[Hostname], *, acted: bool = False, **fields) -> Order:
    order = planned(held)
    values = {"filed_at": MAY, "sealed_until": None, **fields}
    if acted:
        values |= {"state": Order.State.ANSWERED, "acted_at": MAY + timedelta(minutes=2), "answered_at": AFTER}
        order.items.update(state=OrderItem.State.ACTED)
    Order.objects.filter(pk=order.pk).update(**values)
    return order


def noticed(case: Case, **fields) -> Report:
    row = add_report(case)
    Report.objects.filter(pk=row.pk).update(received_at=MAY, **fields)
    return row


def test_orders_are_counted_by_country_kind_and_instrument(home, foreign):
    filed([home, foreign], acted=True)
    filed([home], state=Order.State.REFUSED, instrument=Order.Instrument.REQUEST)
    german = agency("Beispielpolizei", country="DE")
    filed([foreign], acted=True, agency=german, officer=officer("olaf@polizei.example", agency=german))
    filed([home], filed_at=MAY - timedelta(days=365))
    found = {(row["country"], row["instrument"]): row for row in rows("2_orders")}
    assert set(found) == {("AT", "court_order"), ("AT", "request"), ("DE", "court_order")}
    first = found["AT", "court_order"]
    assert (first["order_count"], first["name_count"], first["acted_name_count"]) == ("1", "2", "2")
    assert (first["median_effect_seconds"], first["median_receipt_seconds"]) == ("120", "")
    refused = found["AT", "request"]
    assert (refused["refused_count"], refused["acted_name_count"], refused["median_effect_seconds"]) == ("1", "0", "")


def test_sealed_orders_are_one_line_once_the_year_is_over_and_move_when_the_seal_ends(home):
    filed([home], sealed_until=AFTER + timedelta(days=1))
    (row,) = rows("2_orders")
    assert (row["country"], row["kind"], row["order_count"], row["name_count"]) == ("", "sealed", "1", "")
    (row,) = rows("2_orders", now=AFTER + timedelta(days=2))
    assert (row["country"], row["kind"]) == ("AT", "takedown")
    assert rows("2_orders", now=datetime(YEAR, 11, 1, tzinfo=UTC)) == []


def test_a_running_year_is_counted_until_the_month_and_one_that_has_not_begun_is_refused(home):
    filed([home], acted=True)
    assert rows("2_orders", now=datetime(YEAR, 5, 31, tzinfo=UTC)) == []
    running = report(now=datetime(YEAR, 6, 2, tzinfo=UTC))
    assert (running.is_whole, running.until) == (False, datetime(YEAR, 6, 1, tzinfo=UTC))
    assert len(running.table("2_orders").rows) == 1
    with pytest.raises(ValueError, match="has not begun"):
        report(year=YEAR + 2)


def test_notices_are_counted_by_category_with_what_was_done_by_law_and_by_rules(home, foreign, root):
    case = open_case(home, decided_at=MAY + timedelta(hours=2))
    Report.objects.all().delete()
    noticed(case, outcome="upheld")
    noticed(case, outcome="rejected")
    noticed(case, state=Report.State.WITHDRAWN)
    Reporter.objects.update(tier=Reporter.Tier.TRUSTED)
    illegal = open_case(foreign, "content/csam")
    Report.objects.filter(case=illegal).update(received_at=MAY, outcome="upheld")
    found = {row["category"]: row for row in rows("3_notices")}
    phishing = found["content/phishing"]
    assert (phishing["notice_count"], phishing["trusted_flagger_count"]) == ("2", "2")
    assert (phishing["acted_by_law_count"], phishing["acted_by_terms_count"]) == ("0", "1")
    assert (phishing["no_action_count"], phishing["automated_count"]) == ("1", "0")
    assert phishing["median_action_seconds"] == "7200"
    assert found["content/csam"]["acted_by_law_count"] == "1"


def test_what_staff_and_feeds_found_is_our_own_initiative(home, foreign, root, oscar):
    case = open_case(home)
    decisions.take(case, action="suspend", reason="seen", by=root)
    Report.objects.update(received_at=MAY)
    suspensions.suspend(foreign, reason="seen too", by=root)
    suspensions.Suspension.objects.update(decided_at=MAY)
    Decision.objects.update(done_at=MAY)
    assert [row["category"] for row in rows("4_own_initiative")] == ["by name"]
    Reporter.objects.update(kind=Reporter.Kind.FEED)
    assert rows("3_notices") == []
    own = {row["category"]: row for row in rows("4_own_initiative")}["content/phishing"]
    assert (own["restriction"], own["ground"], own["detection"]) == ("suspend", "terms", "automated")


def test_complaints_and_reversals_are_counted(home, alice, root, judge):
    case = open_case(home)
    decision = decisions.take(case, action="suspend", reason="seen", by=root)
    appeal = appeals.file(decision, party=Appeal.Party.CUSTOMER, text="It is my shop.")
    appeals.decide(appeal, is_upheld=True, reason="It is.", by=judge)
    Appeal.objects.update(filed_at=MAY, decided_at=MAY + timedelta(hours=3))
    (row,) = rows("5_complaints")
    assert (row["party"], row["about"], row["reversed_count"]) == ("customer", "suspend", "1")
    assert row["median_decision_seconds"] == "10800"


def test_automated_means_have_a_rate_of_error(home, foreign, root):
    for each in (home, foreign):
        until = timezone.now() + timedelta(hours=1)
        decisions.take(open_case(each), action="hold", reason="young", by=None, rule="young-lure", ends_at=until)
    decisions.undo(Decision.objects.first(), reason="mistake", by=root)
    Decision.objects.update(done_at=MAY)
    (row,) = rows("6_automated_means")
    assert (row["rule"], row["decision_count"], row["reversed_count"]) == ("young-lure", "2", "1")
    assert row["error_rate"] == "0.5"


def test_the_command_writes_csv_as_the_rfc_has_it(home, tmp_path, capsys):
    filed([home], acted=True)
    call_command("transparency_report", str(YEAR), csv=tmp_path / "out")
    assert sorted(each.name for each in (tmp_path / "out").iterdir()) == [
        f"{YEAR}_{key}.csv"
        for key in (
            "1_identification",
            "2_orders",
            "3_notices",
            "4_own_initiative",
            "5_complaints",
            "6_automated_means",
        )
    ]
    octets = (tmp_path / "out" / f"{YEAR}_2_orders.csv").read_bytes()
    assert octets.startswith(b"country,kind,instrument,order_count")
    assert octets.count(b"\r\n") == octets.count(b"\n") == 2
    call_command("transparency_report", str(YEAR))
    assert "AT,takedown,court_order,1,1,1" in capsys.readouterr().out
    with pytest.raises(CommandError):
        call_command("transparency_report", "2999")


def test_everybody_reads_the_pages_and_downloads_the_tables(client: Client, home, settings):
    filed([home], acted=True)
    assert f'href="/abuse/transparency/{YEAR}/"' in client.get(reverse("abuse_transparency")).text
    page = client.get(reverse("abuse_transparency_year", args=[YEAR]))
    assert page.status_code == 200
    for words in ("Orders of authorities", "court order", "2 min", "None."):
        assert words in page.text
    table = client.get(reverse("abuse_transparency_table", args=[YEAR, "2_orders"]))
    assert table.headers["Content-Type"].startswith("text/csv; charset=utf-8")
    assert table.text.startswith("country,kind")
    for path in (f"/abuse/transparency/{YEAR - 1}/", "/abuse/transparency/99999/", f"/abuse/transparency/{YEAR}/x.csv"):
        assert client.get(path).status_code == 404


def test_the_pages_speak_german(client: Client, home):
    filed([home], acted=True)
    text = client.get(reverse("abuse_transparency_year", args=[YEAR]), headers={"Accept-Language": "de"}).text
    assert "Gerichtsbeschluss" in text


def test_every_column_and_value_has_words():
    columns = {column for table in report().tables[1:] for column in table.columns}
    assert columns == set(report_words.COLUMNS)
    assert {table.key for table in report().tables[1:]} == set(report_words.TITLES)
    values = {*Order.Kind.values, *Decision.Action.values, *Appeal.Party.values, *Order.Instrument.values}
    assert values <= set(report_words.VALUES)
    with translation.override("de"):
        assert str(report_words.VALUES["sealed"]) != "sealed, of all kinds"


def test_the_first_page_says_how_fast_orders_are_answered(client: Client, home, foreign):
    now = timezone.now()
    filed([home], filed_at=now - timedelta(hours=3), answered_at=now - timedelta(hours=1), state="answered")
    sealed = filed([foreign], filed_at=now - timedelta(days=9), answered_at=now, state="answered")
    Order.objects.filter(pk=sealed.pk).update(sealed_until=now + timedelta(days=1))
    assert [(each.count, each.median_seconds) for each in contact.order_paces()] == [(1, 7200), (1, 7200)]
    assert "Orders of authorities" in client.get("/abuse/").text
    answered = client.get("/abuse/policy.json").json()["authorities"]["answered"]
    assert answered[0] == {"days": 30, "count": 1, "median_seconds": 7200}


def test_a_year_takes_the_same_queries_however_much_there_is(
    home: Hostname, foreign: Hostname, alice: User, django_assert_max_num_queries
):
    for held in ([home], [foreign], [home, foreign]):
        filed(held, acted=True)
    with django_assert_max_num_queries(20):
        report()
