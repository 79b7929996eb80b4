"""Feeds, reporters and their keys on the desk: changed by who may change settings, secrets never shown again."""

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client

from abuse import reporter_keys, roles
from abuse.models import Feed, LedgerEntry, Reporter, ReporterKey
from ddns.models import User
from tests.abuse import rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db

FEEDS, REPORTERS = "/admin/abuse/feed/", "/admin/abuse/reporter/"
FORM = {
    "name": "A feed",
    "url": "https://feeds.example/list.txt",
    "format": "names",
    "default_kind": "content/malware",
    "every_minutes": "60",
    "auth_header": "Auth-Key",
    "secret": "hush-hush",
    "is_enabled": "on",
}


@pytest.fixture
def administrator(db) -> Client:
    roles.make_missing()
    user = User.objects.create_user("admin@example.com", is_staff=True)
    user.groups.add(Group.objects.get(name=roles.ADMINISTRATOR))
    return logged_in(user)


@pytest.fixture
def trudy(db) -> Reporter:
    return Reporter.objects.create(identity="org:cert.example", kind="organisation", name="CERT Example")


# --- Feeds --------------------------------------------------------------------------------------------------


def test_feed_is_added_switched_on_and_due_at_once(administrator):
    assert administrator.post(f"{FEEDS}add/", FORM).status_code == 302
    feed = Feed.objects.get(name="A feed")
    assert (feed.is_enabled, feed.reporter.identity, feed.next_at is not None) == (True, "feed:a-feed", True)
    assert LedgerEntry.objects.get().action == "change-feed"


def test_secret_goes_in_and_never_out(administrator):
    administrator.post(f"{FEEDS}add/", FORM)
    feed = Feed.objects.get(name="A feed")
    page = administrator.get(f"{FEEDS}{feed.pk}/change/").content.decode()
    assert "hush-hush" not in page + str(LedgerEntry.objects.values())
    assert feed.sealed_secret not in page
    administrator.post(f"{FEEDS}{feed.pk}/change/", FORM | {"secret": "", "name": "Another name"})
    kept = Feed.objects.get(pk=feed.pk)
    assert (kept.name, kept.sealed_secret) == ("Another name", feed.sealed_secret)
    administrator.post(f"{FEEDS}{feed.pk}/change/", FORM | {"secret": "", "forgets_secret": "on"})
    assert Feed.objects.get(pk=feed.pk).sealed_secret == ""


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"url": "ftp://feeds.example/"}, "begins with https://"),
        ({"url": "https://user:pass@feeds.example/"}, "no user"),
        ({"every_minutes": "1"}, "greater than or equal to 5"),
        ({"auth_header": "Auth Key"}, "a name such as Auth-Key"),
        ({"secret": "ä"}, "one line of ASCII"),
    ],
)
def test_feed_that_cannot_work_is_asked_again(administrator, changes, why):
    assert why in administrator.post(f"{FEEDS}add/", FORM | changes).content.decode()
    assert not Feed.objects.filter(name="A feed").exists()


def test_pull_now_is_done_by_a_worker(administrator, monkeypatch):
    asked = []
    monkeypatch.setattr("abuse.feeds.current_app.send_task", lambda *args, **options: asked.append(options["args"]))
    feed = Feed.objects.first()
    assert administrator.get(f"{FEEDS}{feed.pk}/pull/").status_code == 405
    page = administrator.post(f"{FEEDS}{feed.pk}/pull/", follow=True).content.decode()
    assert "is being pulled" in page
    assert asked == [[feed.pk]]


def test_failure_is_shown(administrator):
    Feed.objects.update(failure="it answers with status 500.")
    assert (
        "it answers with status 500." in administrator.get(f"{FEEDS}{Feed.objects.first().pk}/change/").content.decode()
    )


def test_list_of_feeds_takes_a_constant_number_of_queries(administrator, django_assert_max_num_queries):
    with django_assert_max_num_queries(10):
        assert administrator.get(FEEDS).status_code == 200


def test_analysts_and_strangers_change_no_feed(client, oscar, clerk, senior):
    feed = Feed.objects.first()
    for each in (client, logged_in(oscar), logged_in(clerk)):
        assert each.post(f"{FEEDS}{feed.pk}/change/", FORM).status_code in (302, 403)
        assert each.post(f"{FEEDS}{feed.pk}/pull/").status_code in (302, 403)
        assert each.post(f"{FEEDS}add/", FORM).status_code in (302, 403)
    assert Feed.objects.filter(is_enabled=True).count() == 0


def test_auditor_sees_feeds_and_changes_none(db):
    roles.make_missing()
    auditor = User.objects.create_user("auditor@example.com", is_staff=True)
    auditor.groups.add(Group.objects.get(name=roles.AUDITOR))
    client, feed = logged_in(auditor), Feed.objects.first()
    page = client.get(f"{FEEDS}{feed.pk}/change/")
    assert page.status_code == 200
    assert "Pull now" not in page.content.decode()
    assert client.post(f"{FEEDS}{feed.pk}/change/", FORM).status_code == 403


def test_no_feed_is_deleted(root):
    assert logged_in(root).post(f"{FEEDS}{Feed.objects.first().pk}/delete/", {"post": "yes"}).status_code == 403


# --- Reporters and keys -------------------------------------------------------------------------------------


def test_key_is_made_and_shown_once(administrator, trudy):
    page = administrator.post(f"{REPORTERS}{trudy.pk}/make-key/", {"label": "scanner"})
    key = ReporterKey.objects.get()
    (text,) = [each for each in page.content.decode().replace("<", ">").split(">") if each.startswith(key.prefix)][:1]
    assert reporter_keys.recognise(text) == key
    assert "no-store" in page["Cache-Control"]
    assert text not in administrator.get(f"{REPORTERS}{trudy.pk}/change/").content.decode()


def test_key_is_revoked_with_a_reason(administrator, trudy, root):
    key, _ = reporter_keys.create(trudy, label="scanner", by=root)
    assert "needs a reason" in administrator.post(f"{REPORTERS}keys/{key.pk}/revoke/", {"reason": ""}).content.decode()
    administrator.post(f"{REPORTERS}keys/{key.pk}/revoke/", {"reason": "Lost."})
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_key_may_have_an_end(administrator, trudy):
    administrator.post(f"{REPORTERS}{trudy.pk}/make-key/", {"label": "scanner", "expires_on": "2030-01-31"})
    assert f"{ReporterKey.objects.get().expires_at:%Y-%m-%d}" == "2030-01-31"


def test_reporter_is_added_by_whoever_vouches(administrator):
    administrator.post(f"{REPORTERS}new/", {"who": "trudy@cert.example", "name": "CERT Example"})
    reporter = Reporter.objects.get(identity="org:cert.example")
    assert (reporter.name, reporter.contact) == ("CERT Example", "trudy@cert.example")
    assert "name a mailbox" in administrator.post(f"{REPORTERS}new/", {"who": "nobody"}).content.decode()


def test_analyst_sees_reporters_and_makes_no_key(oscar, trudy, root):
    client = logged_in(oscar)
    assert client.get(REPORTERS).status_code == 200
    assert "Make a key" not in client.get(f"{REPORTERS}{trudy.pk}/change/").content.decode()
    key, _ = reporter_keys.create(trudy, label="scanner", by=root)
    assert client.post(f"{REPORTERS}{trudy.pk}/make-key/", {"label": "x"}).status_code == 403
    assert client.post(f"{REPORTERS}keys/{key.pk}/revoke/", {"reason": "x"}).status_code == 403
    assert client.post(f"{REPORTERS}new/", {"who": "cert.example"}).status_code == 403
    assert ReporterKey.objects.count() == 1


def test_strangers_and_other_staff_find_no_reporter(client, clerk, trudy):
    assert client.get(f"{REPORTERS}{trudy.pk}/change/").status_code == 302
    assert logged_in(clerk).get(f"{REPORTERS}{trudy.pk}/change/").status_code == 403
    assert logged_in(clerk).get(REPORTERS).status_code == 403


def test_list_of_reporters_takes_a_constant_number_of_queries(administrator, django_assert_max_num_queries):
    for number in range(20):
        Reporter.objects.create(identity=f"org:{number}.example", kind="organisation")
    with django_assert_max_num_queries(10):
        assert administrator.get(REPORTERS).status_code == 200


def test_claimed_reporter_gets_no_key(administrator):
    claimed = Reporter.objects.create(identity="claimed:org:cert.example", kind="organisation")
    page = administrator.post(f"{REPORTERS}{claimed.pk}/make-key/", {"label": "scanner"})
    assert page.status_code == 200
    assert "nobody has proven to be this reporter" in page.content.decode()
    assert not ReporterKey.objects.exists()


@pytest.mark.parametrize("is_named", [False, True])
def test_page_of_a_reporter_shows_restricted_reports_to_named_people_alone(root, oscar, home, trudy, is_named):
    oscar.user_permissions.add(Permission.objects.get(codename="view_reporter"))
    case = rows.case(home, kind="content/csam")
    rows.report(case, reporter=trudy, category=case.category, name="restricted.ddns.test")
    rows.report(rows.case(home), reporter=trudy, name="phishing.ddns.test")
    page = logged_in(root if is_named else oscar).get(f"{REPORTERS}{trudy.pk}/change/").content.decode()
    assert "phishing.ddns.test" in page
    assert ("restricted.ddns.test" in page) == is_named
