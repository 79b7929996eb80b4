"""The page of a case: everything on one screen, decided with a reason, never on a view that is older than what was decided."""

import io
import zipfile
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from abuse import decisions, presence, roles, screen
from abuse.models import Appeal, Case, Decision, LedgerEntry, Message, Report, ReporterMail
from ddns import hostnames
from ddns.models import AddressUpdate, Hostname, User
from ddns.models.hostnames import State
from tests.abuse import page_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
ALONE = [(name,) for name in ("change", "next", "presence", "note", "reopen", "export")]


@pytest.fixture
def case(home):
    case = rows.case(home)
    rows.report(case, description="A page that imitates https://bank.example/login <script>alert(1)</script>")
    return case


@pytest.fixture
def elder(db) -> User:
    """A senior, who is not Oscar."""
    roles.make_missing()
    user = User.objects.create_user("elder@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.SENIOR))
    return user


def page_of(case: Case) -> str:
    return reverse("admin:abuse_case_change", args=[case.pk])


def decide(client: Client, case: Case, action: str, **fields):
    address = reverse("admin:abuse_case_decide", args=[case.pk, action])
    version = screen.version_of(case, screen.decisions_on(case))
    return client.post(address, {"version": version, "reason": "a lure for a bank", "hours": "48", **fields})


def text(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_everything_is_on_the_page(case, home, oscar):
    now = timezone.now()
    AddressUpdate.objects.create(
        hostname=home, at=now - timedelta(hours=2), protocol="dyndns2", agent="curl/8", source="192.0.2.1",
        old_ipv4=None, new_ipv4="203.0.113.7",
    )  # fmt: skip
    rows.report(case, details={"dns_records": {"a": ["203.0.113.7"]}, "malware_family": "njRAT"}, port=1177)
    page = text(logged_in(oscar), page_of(case))
    for words in (
        "Ours, and done before?",
        "Evidence",
        "Timeline",
        "Linked names",
        "Corroboration",
        "Reporters",
        "Harm",
    ):
        assert words in page
    assert "agrees with our history: <b>yes</b>" in page
    assert "port 1177" in page
    assert "njRAT" in page


def test_what_strangers_wrote_is_escaped_and_defanged(case, oscar):
    page = text(logged_in(oscar), page_of(case))
    assert "hxxps://bank[.]example/login" in page
    assert "<script>alert(1)" not in page
    assert "https://bank.example" not in page


def test_report_that_our_history_contradicts_says_so(case, home, oscar):
    rows.report(case, address="198.51.100.66")
    assert "agrees with our history: <b>no</b>" in text(logged_in(oscar), page_of(case))


def test_decision_is_taken_and_leads_to_the_next_case_with_its_undoing(case, alice, domain, oscar):
    following = rows.case(hostnames.register(alice, domain=domain, label="next"), due_in=timedelta(hours=9))
    client = logged_in(oscar)
    response = decide(client, case, "suspend")
    assert response.status_code == 302
    assert response.url.startswith(page_of(following))
    decision = Decision.objects.get()
    assert (decision.action, decision.state, decision.decided_by) == ("suspend", "done", oscar)
    assert Hostname.objects.get(pk=case.hostname_id).state == State.SUSPENDED
    toast = text(client, response.url)
    undo = reverse("admin:abuse_case_decision", args=[case.pk, decision.pk, "undo"])
    assert undo in toast
    client.post(undo)
    assert Hostname.objects.get(pk=case.hostname_id).state == State.LIVE
    assert Decision.objects.get().state == "undone"


def test_one_reporter_of_the_case_is_asked_or_all_of_them(case, oscar):
    """By the choice in the form: everybody, or one."""
    peggy = rows.reporter("mailbox:peggy@example.org", name="Peggy", contact="peggy@example.org")
    chosen = rows.report(case, by=peggy, contact="peggy@example.org")
    other = rows.report(case, contact="abuse@trudy.example")
    client = logged_in(oscar)
    form = text(client, reverse("admin:abuse_case_decide", args=[case.pk, "ask"]))
    assert "every reporter of the case" in form
    assert f'value="{chosen.pk}"' in form
    assert f'value="{other.pk}"' in form

    decide(client, case, "ask", text="Which page?", report=str(chosen.pk))
    assert list(ReporterMail.objects.values_list("address", flat=True)) == ["peggy@example.org"]
    assert "Which page?" in ReporterMail.objects.get().text
    assert list(Message.objects.values_list("report", flat=True)) == [chosen.pk]
    assert Case.objects.get(pk=case.pk).state == "waits_reporter"

    case.refresh_from_db()
    decide(client, case, "ask", text="And you all?")
    mails = ReporterMail.objects.filter(text__contains="And you all?").values_list("address", flat=True)
    assert sorted(mails) == ["abuse@trudy.example", "peggy@example.org"]


def test_a_reporter_of_another_case_is_not_asked(case, foreign, oscar):
    elsewhere = rows.case(foreign)
    stranger = rows.report(elsewhere)
    response = decide(logged_in(oscar), case, "ask", text="Which page?", report=str(stranger.pk))
    assert response.status_code == 200
    assert not Decision.objects.exists()
    assert not ReporterMail.objects.exists()


def test_who_left_no_address_is_said_before(case, oscar):
    address = reverse("admin:abuse_case_impact", args=[case.pk, "ask"])
    assert "1 of 1 left no address" in text(logged_in(oscar), address)


ANSWER = {"server": "ns1.example.net", "name": "home.ddns.test", "rcode": "NXDOMAIN", "answers": {}, "is_match": True}


def test_a_proof_shows_itself_once_it_is_there_and_is_asked_for_no_more(case, oscar):
    client = logged_in(oscar)
    decide(client, case, "suspend")
    decision = Decision.objects.get()
    part = reverse("admin:abuse_case_proof", args=[case.pk, decision.pk])
    for address in (page_of(case), part):
        page = text(client, address)
        assert f'data-proof="{part}"' in page
        assert "Look again" in page

    known = {"answers": [ANSWER], "lagging": ["ns2.example.net"], "waits": ""}
    Decision.objects.update(proof=known)
    page = text(client, part)
    assert "Not yet at ns2.example.net" in page
    assert "data-proof" in page

    Decision.objects.update(proof=known | {"lagging": []}, proven_at=timezone.now())
    for address in (page_of(case), part):
        page = text(client, address)
        assert "every authoritative server answers as decided" in page
        assert "data-proof" not in page

    decisions.undo(decision, reason="mistake", by=oscar)
    page = text(client, part)
    assert "every authoritative server answers as decided" in page
    assert "data-proof" in page
    undoing = {"answers": [ANSWER | {"rcode": "NOERROR", "answers": {"A": ["203.0.113.7"]}}]}
    Decision.objects.update(proof=known | {"undoing": undoing}, undoing_proven_at=timezone.now())
    page = text(client, part)
    assert "every authoritative server answers without it" in page
    assert "203.0.113.7" in page
    assert "data-proof" not in page


def test_what_is_not_in_dns_or_was_long_ago_is_not_asked_for(case, oscar):
    rows.decision(case, oscar, Decision.Action.WARN, done_at=timezone.now())
    rows.decision(case, oscar, Decision.Action.SUSPEND, done_at=timezone.now() - timedelta(days=2))
    assert "data-proof" not in text(logged_in(oscar), page_of(case))


def test_a_stranger_is_shown_no_proof(case, home, oscar, clerk, alice, client):
    decision = rows.decision(case, oscar)
    part = reverse("admin:abuse_case_proof", args=[case.pk, decision.pk])
    for who in (client, logged_in(alice), logged_in(clerk)):
        assert who.get(part).status_code in (302, 403)
    restricted = rows.case(home, kind="content/csam")
    hidden = rows.decision(restricted, oscar)
    assert logged_in(oscar).get(reverse("admin:abuse_case_proof", args=[restricted.pk, hidden.pk])).status_code == 404
    assert logged_in(oscar).get(reverse("admin:abuse_case_proof", args=[case.pk, hidden.pk])).status_code == 404


def test_after_the_last_case_comes_the_queue(case, oscar):
    response = decide(logged_in(oscar), case, "dismiss", outcome="insufficient")
    assert response.url.startswith(reverse("admin:abuse_case_changelist"))
    assert Case.objects.get(pk=case.pk).outcome == Report.Outcome.INSUFFICIENT


def test_decision_without_a_reason_is_asked_again_and_nothing_is_done(case, oscar):
    response = decide(logged_in(oscar), case, "suspend", reason=" ")
    assert response.status_code == 200
    assert "A decision needs a reason" in response.content.decode()
    assert not Decision.objects.exists()


def test_decision_on_an_older_view_is_asked_again_and_done_when_sent_once_more(case, oscar, elder):
    client = logged_in(oscar)
    seen = screen.version_of(case, screen.decisions_on(case))
    decisions.take(case, action="warn", reason="the router is open", by=elder, parameters={"hours": 24})
    response = decide(client, case, "hold", version=seen)
    assert "by elder@example.com" in response.content.decode()
    assert Decision.objects.filter(action="hold").count() == 0
    again = response.context["form"].data["version"]
    assert decide(client, case, "hold", version=again).status_code == 302
    assert Decision.objects.get(action="hold").decided_by == oscar


def test_form_says_what_it_touches_and_what_the_customer_is_told(case, oscar):
    address = reverse("admin:abuse_case_decide", args=[case.pk, "suspend"])
    form = logged_in(oscar).get(address, headers={"X-Requested-With": "fetch"}).content.decode()
    assert "leaves DNS" in form
    assert "the world sees it within" in form
    assert "What the customer is told" in form
    assert "<html" not in form
    assert "leaves DNS" in text(logged_in(oscar), address)


@pytest.mark.parametrize("action", ["dismiss", "ask", "inform", "warn", "hold", "suspend", "forward"])
def test_every_decision_of_an_analyst_has_a_form_that_works(case, oscar, action):
    response = decide(
        logged_in(oscar), case, action, outcome="rejected", text="What do you see?", to="abuse@example.net"
    )
    assert response.status_code == 302, response.context["form"].errors
    assert Decision.objects.get().action == action


@pytest.mark.parametrize(
    ("action", "fields"),
    [
        ("lock_account", {}),
        ("preserve", {"lasts": "90"}),
        ("refer", {"authority": "Police of Vienna"}),
        ("block_network", {"network": "198.51.100.0/28", "lasts": "30"}),
        # Whoever would only choose the next pattern is not told of this one.
        ("block_pattern", {"pattern": "homebank*", "lasts": "30", "withheld": "They would go around it."}),
        ("reserve_label", {"label": "home"}),
    ],
)
def test_every_grave_decision_has_a_form_that_works(case, elder, action, fields):
    response = decide(logged_in(elder), case, action, **fields)
    assert response.status_code == 302, response.context["form"].errors
    decision = Decision.objects.get()
    assert (decision.action, decision.withheld) == (action, fields.get("withheld", ""))


@pytest.mark.parametrize("action", ["divert", "lock_account", "preserve", "refer", "block_network", "reserve_label"])
def test_analyst_can_neither_see_nor_send_what_is_not_theirs(case, oscar, action):
    client = logged_in(oscar)
    assert f"/decide/{action}/" not in text(client, page_of(case))
    assert decide(client, case, action).status_code == 403
    assert client.get(reverse("admin:abuse_case_decide", args=[case.pk, action])).status_code == 403
    assert not Decision.objects.exists()


def person_in(role: str) -> Client:
    roles.make_missing()
    person = User.objects.create_user("pat@example.com", is_staff=True)
    person.groups.add(Group.objects.get(name=role))
    return logged_in(person)


def test_liaison_undoes_what_a_liaison_may_decide(case):
    liaison = person_in(roles.LIAISON)
    decide(liaison, case, "preserve", lasts="90")
    decision = Decision.objects.get()
    undo = reverse("admin:abuse_case_decision", args=[case.pk, decision.pk, "undo"])
    assert undo in text(liaison, page_of(case))
    liaison.post(undo, {"reason": "The authority needs it no more."})
    decision.refresh_from_db()
    assert decision.state == "undone"


def test_undoing_is_offered_to_whoever_may_decide_so_alone(case, oscar, root):
    decision = decisions.take(case, action="lock_account", reason="lures", by=root)
    analyst, undo = logged_in(oscar), reverse("admin:abuse_case_decision", args=[case.pk, decision.pk, "undo"])
    assert undo not in text(analyst, page_of(case))
    assert analyst.post(undo, {"reason": "x"}).status_code == 403
    assert undo in text(logged_in(root), page_of(case))


def test_clerk_with_view_case_decides_nothing(case, clerk):
    clerk.user_permissions.add(Permission.objects.get(codename="view_case"))
    client = logged_in(clerk)
    assert "You may look at cases" in text(client, page_of(case))
    assert decide(client, case, "dismiss").status_code == 403
    assert client.post(reverse("admin:abuse_case_note", args=[case.pk]), {"text": "x"}).status_code == 403
    assert client.post(reverse("admin:abuse_case_reopen", args=[case.pk]), {"reason": "x"}).status_code == 403


def test_second_person_approves_what_was_shown(case, oscar, elder):
    oscar.user_permissions.add(Permission.objects.get(codename="decide_gravely"))
    client = logged_in(User.objects.get(pk=oscar.pk))
    decide(client, case, "block_network", network="198.51.100.0/28", lasts="30")
    decision = Decision.objects.get()
    assert decision.state == "proposed"
    assert "Somebody else has to approve it" in text(client, page_of(case))
    approve = reverse("admin:abuse_case_decision", args=[case.pk, decision.pk, "approve"])
    assert client.post(approve).status_code == 403
    page = text(logged_in(elder), page_of(case))
    assert approve in page
    digest = page.partition('name="digest" value="')[2].partition('"')[0]
    logged_in(elder).post(approve, {"digest": digest})
    decision.refresh_from_db()
    assert (decision.state, decision.approved_by) == ("done", elder)


def test_second_person_refuses_with_a_reason(case, elder, oscar):
    decision = rows.decision(
        case, oscar, Decision.Action.SUSPEND, state=Decision.State.PROPOSED, impact={"digest": "", "name_count": 1}
    )
    refuse = reverse("admin:abuse_case_decision", args=[case.pk, decision.pk, "refuse"])
    logged_in(elder).post(refuse, {"reason": "It is a hospital."})
    decision.refresh_from_db()
    assert (decision.state, decision.refusal) == ("refused", "It is a hospital.")


def test_appeal_is_decided_by_somebody_else(case, oscar, elder):
    decision = decisions.take(case, action="suspend", reason="a lure", by=oscar)
    appeal = Appeal.objects.create(
        case=case, decision=decision, party="customer", text="It was not me.", due_at=timezone.now(),
        look_due_at=timezone.now(), first_decider=oscar,
    )  # fmt: skip
    address = reverse("admin:abuse_case_appeal", args=[case.pk, appeal.pk])
    assert logged_in(oscar).post(address, {"is_upheld": "yes", "reason": "mine"}).status_code == 403
    assert "It was not me." in text(logged_in(elder), page_of(case))
    logged_in(elder).post(address, {"is_upheld": "yes", "reason": "The router was broken into."})
    appeal.refresh_from_db()
    assert appeal.is_upheld
    assert Hostname.objects.get(pk=case.hostname_id).state == State.LIVE


def test_note_is_kept_with_its_author(case, oscar):
    logged_in(oscar).post(
        reverse("admin:abuse_case_note", args=[case.pk]), {"text": "Same kit as case 3.", "side": "note"}
    )
    message = Message.objects.get()
    assert (message.side, message.author, message.text) == ("note", oscar, "Same kit as case 3.")
    assert "Same kit as case 3." in text(logged_in(oscar), page_of(case))


def test_closed_case_is_opened_again_with_a_reason(case, oscar):
    decide(logged_in(oscar), case, "dismiss", outcome="rejected")
    logged_in(oscar).post(reverse("admin:abuse_case_reopen", args=[case.pk]), {"reason": "new evidence"})
    assert Case.objects.get(pk=case.pk).closed_at is None


def test_two_people_see_each_other_and_what_was_decided(case, oscar, elder):
    page = text(logged_in(oscar), page_of(case))
    version = page.partition('data-version="')[2].partition('"')[0]
    assert "oscar@example.com since" in text(logged_in(elder), page_of(case))
    address = reverse("admin:abuse_case_presence", args=[case.pk])
    said = logged_in(oscar).post(address, {"version": version}).json()
    assert [each["name"] for each in said["others"]] == ["elder@example.com"]
    assert said["changed"] == ""
    decisions.take(case, action="warn", reason="x", by=elder, parameters={"hours": 24})
    assert "by elder@example.com" in logged_in(oscar).post(address, {"version": version}).json()["changed"]
    logged_in(elder).post(address, {"leave": "1"})
    assert logged_in(oscar).post(address, {"version": version}).json()["others"] == []
    presence.leave(case.pk, oscar)


def test_restricted_case_is_not_there_for_others(home, oscar, elder):
    case = rows.case(home, kind="content/csam")
    rows.report(case)
    for user in (oscar, elder):
        client = logged_in(user)
        for name, *more in (*ALONE, ("decide", "suspend"), ("impact", "suspend")):
            address = reverse(f"admin:abuse_case_{name}", args=[case.pk, *more])
            assert client.get(address).status_code == 404, name
            assert client.post(address, {"reason": "x", "text": "x"}).status_code == 404, name
        assert f">{case.pk}</a>" not in text(client, reverse("admin:ddns_hostname_change", args=[home.pk]))
        assert f">{case.pk}</a>" not in text(client, reverse("admin:ddns_user_change", args=[home.account_id]))


def test_named_person_sees_a_restricted_case(home, oscar):
    oscar.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    case = rows.case(home, kind="content/csam")
    assert "restricted" in text(logged_in(User.objects.get(pk=oscar.pk)), page_of(case))


def test_decision_of_another_case_is_not_found_here(case, foreign, oscar):
    other = rows.decision(rows.case(foreign), oscar)
    address = reverse("admin:abuse_case_decision", args=[case.pk, other.pk, "undo"])
    assert logged_in(oscar).post(address, {"reason": "x"}).status_code == 404
    assert logged_in(oscar).post(reverse("admin:abuse_case_decision", args=[case.pk, 1, "burn"])).status_code == 404


def test_case_about_the_platforms_own_name_can_be_looked_at(domain, oscar):
    case = rows.case(None)
    rows.report(case)
    page = text(logged_in(oscar), page_of(case))
    assert "everybody" in page
    address = reverse("admin:abuse_case_decide", args=[case.pk, "suspend"])
    assert "nothing here can touch it" in text(logged_in(oscar), address)


def test_hostname_and_account_link_to_their_cases_and_back(case, home, oscar):
    client = logged_in(oscar)
    hostname = reverse("admin:ddns_hostname_change", args=[home.pk])
    account = reverse("admin:ddns_user_change", args=[home.account_id])
    assert page_of(case) in text(client, hostname)
    assert page_of(case) in text(client, account)
    page = text(client, page_of(case))
    assert hostname in page
    assert account in page


def test_page_asks_the_same_number_of_queries_whatever_is_on_it(
    case, home, alice, domain, oscar, django_assert_max_num_queries
):
    client = logged_in(oscar)
    client.get(page_of(case))
    with django_assert_max_num_queries(110) as few:
        client.get(page_of(case))
    for number in range(6):
        report = rows.report(case, description=f"again {number}")
        rows.evidence(report, f"evidence {number}".encode(), "log.txt", "text/plain")
        rows.decision(
            case, oscar, state=Decision.State.UNDONE, undone_at=timezone.now(), undo_reason="x", undone_by=oscar
        )
        Message.objects.create(case=case, side="note", is_ours=True, author=oscar, text="x")
        hostnames.register(alice, domain=domain, label=f"other{number}")
    with django_assert_max_num_queries(len(few) + 8):
        client.get(page_of(case))


def test_proof_of_a_decision_is_on_the_page(case, oscar):
    answer = {
        "server": "ns1.example.net",
        "rcode": "NXDOMAIN",
        "answers": {},
        "serial": 7,
        "error": "",
        "is_match": True,
    }
    rows.decision(case, oscar, proven_at=timezone.now(), proof={"answers": [answer], "lagging": [], "waits": ""})
    lagging = {**answer, "server": "ns2.example.net", "is_match": False}
    rows.decision(case, oscar, proof={"answers": [lagging], "lagging": ["ns2.example.net"], "waits": ""})
    rows.decision(case, oscar, proof={"waits": "The change is on its way to the primary."})
    page = text(logged_in(oscar), page_of(case))
    assert "every authoritative server answers as decided" in page
    assert "ns1.example.net: NXDOMAIN" in page
    assert "Not yet at ns2.example.net." in page
    assert "on its way to the primary" in page


def test_what_was_done_before_is_said(case, home, alice, oscar):
    rows.case(home, kind="messaging/spam", state="closed", closed_at=timezone.now(), outcome="rejected", account=alice)
    earlier = decisions.take(rows.case(home, kind="connection/scan"), action="hold", reason="a wrong name", by=oscar)
    decisions.undo(earlier, reason="wrong name", by=oscar)
    Report.objects.filter(pk=rows.report(case).pk).update(duplicate_of=case.reports.first(), state="duplicate")
    page = text(logged_in(oscar), page_of(case))
    assert "Spam" in page
    assert "was held" in page
    assert "came 1 more time" in page


@pytest.mark.parametrize("done", ["", "x", "0", "9" * 40])
def test_toast_of_nothing_is_no_toast(case, oscar, done):
    assert 'id="toast"' not in text(logged_in(oscar), f"{page_of(case)}?done={done}")


def test_toast_is_for_whoever_decided(case, foreign, oscar, elder):
    decision = rows.decision(rows.case(foreign), oscar)
    assert 'id="toast"' in text(logged_in(oscar), f"{page_of(case)}?done={decision.pk}")
    assert 'id="toast"' not in text(logged_in(elder), f"{page_of(case)}?done={decision.pk}")


def test_looking_at_a_case_is_no_look_at_its_evidence(case, oscar):
    rows.evidence(case.reports.first(), b"log", "log.txt", "text/plain")
    text(logged_in(oscar), page_of(case))
    assert not LedgerEntry.objects.filter(action="look").exists()


def test_stranger_customer_and_clerk_are_kept_out(case, alice, clerk):
    assert Client().get(page_of(case)).status_code == 302
    assert logged_in(alice).get(page_of(case)).status_code in (302, 403)
    assert logged_in(clerk).get(page_of(case)).status_code == 403


def test_flood_of_strangers_hides_nobody_who_stands_for_a_report(case, oscar, monkeypatch):
    monkeypatch.setattr(screen, "REPORT_ROWS", 2)
    for number in range(3):
        rows.report(case, by=rows.reporter(f"claimed:org:junk-{number}.example"), description=f"junk {number}")
    page = text(logged_in(oscar), page_of(case))
    assert "A page that imitates" in page
    assert "junk 0" not in page


def test_export_is_for_who_may_and_is_entered(case, oscar, elder):
    address = reverse("admin:abuse_case_export", args=[case.pk])
    assert logged_in(oscar).post(address).status_code == 403
    assert address not in text(logged_in(oscar), page_of(case))
    client = logged_in(elder)
    assert address in text(client, page_of(case))
    assert client.get(address).status_code == 302
    assert not LedgerEntry.objects.filter(action="export").exists()
    response = client.post(address)

    assert response.headers["Content-Disposition"] == f'attachment; filename="case-{case.pk}.zip"'
    with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as archive:
        assert "manifest.json" in archive.namelist()
    assert LedgerEntry.objects.filter(action="export", actor=elder).exists()
