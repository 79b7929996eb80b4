"""Set-up: every client's configuration has the person's values, in the client's own language, and nothing is left open."""

import json
import re
import subprocess
from html import unescape

import pytest
from django.template.loader import get_template
from django.test import Client

from ddns import keys, setup
from ddns.models import TsigKey, UpdateKey
from ddns.models.keys import Permission
from tests.ddns.devices import Device
from tests.people import logged_in

pytestmark = pytest.mark.django_db

KEY = "abcdefgh" * 5
TSIG = setup.Tsig("kabcdefghij", "c2VjcmV0IHNlY3JldA==")
EVERY = [*setup.clients(), *(part for client in setup.clients() for part in client.parts)]
SHELL = [
    "openwrt",
    "curl",
    "wget",
    "nsupdate",
    "asuswrt-merlin",
    "certbot",
    "lego-httpreq",
    "lego-rfc2136",
    "lego-acmedns",
    "acme-sh",
    "acme-sh-httpreq",
]


def of(slug: str, server: str = "https://ddns.example", **values) -> str:
    given = {"hostname": "home.ddns.example", "key": KEY, "tsig": TSIG, "nameserver": ("ns.ddns.example", 5301)}
    return setup.render(setup.find(slug), server=server, **given | values)


@pytest.mark.parametrize("client", EVERY, ids=lambda client: client.slug)
def test_nothing_is_left_open(client):
    text = of(client.slug)

    assert not re.search(r"\{\{|\{%|YOUR-|example\.com|None|&amp;|&lt;|&#x27;", text.replace("you@example.com", ""))
    assert "ddns.example" in text
    get_template(f"ddns/setup/{client.slug}.html")


@pytest.mark.parametrize("client", setup.clients(), ids=lambda client: client.slug)
def test_what_authenticates_stands_in_it(client):
    text = of(client.slug)

    if client.is_tsig:
        assert TSIG.name in text
        assert TSIG.secret in text
        assert KEY not in text
    else:
        assert KEY in text
        assert TSIG.secret not in text


@pytest.mark.parametrize("client", EVERY, ids=lambda client: client.slug)
def test_plain_http_is_never_mixed_with_tls(client):
    assert "http://" not in of(client.slug)
    plain = of(client.slug, server="http://ddns.example").replace("use_https", "")
    assert "https" not in plain.replace("https://acme-v02.api.letsencrypt.org", "")


@pytest.mark.parametrize("slug", SHELL)
def test_a_shell_can_read_it(slug):
    done = subprocess.run(["sh", "-n"], input=of(slug), capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_an_e_mail_address_cannot_break_out_of_its_quotes():
    text = of("lego-httpreq", email="o'brien; rm -rf /@example.com")

    assert """'o'"'"'brien; rm -rf /@example.com'""" in text


def test_the_service_file_of_openwrt_is_json_and_makes_it_read_our_answers():
    service = json.loads(of("openwrt-service"))

    assert service["ipv4"]["answer"] == service["ipv6"]["answer"] == "good|nochg"
    assert json.dumps(service) in json.dumps(json.loads(of("openwrt").partition("<<'END'\n")[2].partition("\nEND")[0]))


@pytest.mark.parametrize("slug", ["fritzbox", "unifi", "pfsense", "opnsense", "synology", "qnap"])
def test_the_fields_of_a_form_are_those_lines(slug):
    client, text = setup.find(slug), of(slug)
    fields = dict(setup.fields(client, text))

    assert len(fields) == len(text.splitlines())
    assert KEY in fields.values()


def test_what_is_a_file_has_no_fields():
    assert list(setup.fields(setup.find("ddclient"), of("ddclient"))) == []


# The pages

PAGES = [f"/setup/{client.slug}/" for client in setup.clients()]


@pytest.fixture
def browser(alice) -> Client:
    return logged_in(alice)


def printed(html: str, slug: str = "curl") -> str:
    return unescape(re.search(rf'<pre id="{slug}"[^>]*>(.*?)</pre>', html, re.DOTALL)[1])


@pytest.mark.parametrize("page", PAGES)
def test_everybody_sees_every_page_with_placeholders(client, page):
    response = client.get(page)

    assert response.status_code == 200
    assert "Log in" in response.content.decode()
    assert "no-store" in response["Cache-Control"]


def test_the_list_leads_to_every_client(client):
    html = client.get("/setup/").content.decode()

    assert all(f'href="{page}"' in html for page in PAGES)


@pytest.mark.parametrize(
    ("q", "found"), [("fritz", ["fritzbox"]), ("DDCLIENT", ["ddclient", "ddclient-4"]), ("x1", [])]
)
def test_the_list_is_narrowed_without_a_script(client, q, found):
    html = client.get("/setup/", {"q": q}).content.decode()

    assert re.findall(r'class="tiles".*?</ul>', html) or not found
    assert re.findall(r'href="/setup/([\w-]+)/"><strong>', html) == found
    assert ("Not in the list" in html) == (not found)


@pytest.mark.parametrize("slug", ["nothing", "openwrt-service"])
def test_a_client_that_has_no_page_is_not_found(client, slug):
    assert client.get(f"/setup/{slug}/").status_code == 404


def test_alices_own_hostname_stands_in_it(browser, home, office):
    assert office.name in printed(browser.get("/setup/curl/").content.decode()), "the last that was registered"
    assert home.name in printed(browser.get("/setup/curl/", {"hostname": home.name}).content.decode())


def test_bob_gets_no_configuration_for_alices_hostname(bob, home, foreign):
    browser = logged_in(bob)
    for response in (
        browser.get("/setup/curl/", {"hostname": home.name}),
        browser.post("/setup/curl/", {"hostname": home.name, "make": "1"}),
    ):
        assert home.name not in response.content.decode()
    assert not UpdateKey.objects.filter(hostnames=home).exists()


def test_without_a_hostname_the_page_leads_to_registration(browser, domain):
    assert "register one" in browser.get("/setup/curl/").content.decode()


def test_a_key_that_is_made_there_works_for_this_hostname_alone_and_is_shown_once(browser, home, office):
    response = browser.post("/setup/curl/", {"hostname": home.name, "make": "1"})
    text = re.search(r"-u '[^:]+:(\w{40})'", printed(response.content.decode()))[1]
    router = Device("x", text)

    assert router.update(hostname=home.name, myip="203.0.113.9").content == b"good 203.0.113.9\n"
    assert router.update(hostname=office.name, myip="203.0.113.9").content == b"nohost\n"
    assert "no-store" in response["Cache-Control"]
    assert text not in browser.get("/setup/curl/").content.decode()
    assert UpdateKey.objects.get().label == "curl"


def test_a_client_for_certificates_gets_a_key_for_challenges_alone(browser, home):
    browser.post("/setup/lego-httpreq/", {"hostname": home.name, "make": "1"})

    assert UpdateKey.objects.get().permission == Permission.TXT


def test_too_many_keys_are_said_so_and_the_placeholder_stays(browser, home, alice, settings):
    settings.PLANS = {"free": {"keys": 1}}
    keys.create(alice, label="one")
    html = browser.post("/setup/curl/", {"hostname": home.name, "make": "1"}).content.decode()

    assert "Revoke one that nothing uses." in html
    assert setup.KEY_PLACEHOLDER in html


def test_a_key_that_was_typed_is_put_in_and_kept_nowhere(browser, home):
    html = browser.post("/setup/curl/", {"hostname": home.name, "key": KEY}).content.decode()

    assert KEY in printed(html)
    assert KEY not in str(dict(browser.session))
    assert not UpdateKey.objects.exists()


@pytest.mark.parametrize("key", ["'; rm -rf / #", "a b", "x" * 65, "<b>"])
def test_what_is_no_key_of_ours_is_not_put_in(browser, home, key):
    assert setup.KEY_PLACEHOLDER in printed(
        browser.post("/setup/curl/", {"hostname": home.name, "key": key}).content.decode()
    )


def test_a_tsig_key_that_was_typed_is_put_in(browser, home):
    form = {"hostname": home.name, "tsig_name": TSIG.name, "tsig_secret": TSIG.secret}
    html = browser.post("/setup/nsupdate/", form).content.decode()

    assert f"hmac-sha256:{TSIG.name}:{TSIG.secret}" in printed(html, "nsupdate")


def test_a_tsig_key_that_is_made_there_covers_this_hostname_alone(browser, home, office):
    html = browser.post("/setup/nsupdate/", {"hostname": home.name, "make": "1"}).content.decode()
    made = TsigKey.objects.get()

    assert f"{made.algorithm}:{made.name}:{made.secret}" in printed(html, "nsupdate")
    assert list(made.key.hostnames.all()) == [home]
    assert made.secret not in browser.get("/setup/nsupdate/").content.decode()


def test_too_many_keys_leave_no_tsig_key_behind(browser, home, settings):
    settings.PLANS = {"free": {"keys": 0}}
    browser.post("/setup/certbot/", {"hostname": home.name, "make": "1"})

    assert not UpdateKey.objects.exists()
    assert not TsigKey.objects.exists()


def test_the_file_is_downloaded_as_its_client_calls_it(browser, home):
    form = {"hostname": home.name, "key": KEY, "download": "ddclient"}
    response = browser.post("/setup/ddclient/", form)

    assert response["Content-Disposition"] == 'attachment; filename="ddclient.conf"'
    assert response["Content-Type"].startswith("text/plain")
    assert f"password={KEY}" in response.content.decode()
    service = browser.post("/setup/openwrt/", {"hostname": home.name, "download": "openwrt-service"})
    assert json.loads(service.content)


def test_what_cannot_be_downloaded_is_the_page(browser, home):
    assert b"<html" in browser.post("/setup/curl/", {"hostname": home.name, "download": "../secrets"}).content


def test_the_page_costs_the_same_number_of_queries_for_two_thousand_names(
    browser, home, alice, domain, django_assert_max_num_queries
):
    from tests.ddns.test_pages_dashboard import register_many

    register_many(alice, domain, 200)
    with django_assert_max_num_queries(8):
        html = browser.get("/setup/curl/").content.decode()
    assert "<option" not in html
