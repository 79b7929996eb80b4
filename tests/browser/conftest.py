"""A real browser on the pages, and a real nameserver behind them."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from importlib import import_module
from ipaddress import ip_address
from pathlib import Path

import pytest
from django.apps import apps
from django.utils import timezone
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

from ddns import acme_accounts, domains, groups, hostnames, keys, records, requests
from ddns.models import AddressUpdate, Domain, Hostname, HostnameContact, User
from ddns.tsig_keys import create as create_tsig_key
from dnsupdate import publisher, zones
from dnsupdate.models import TsigKey, Zone
from tests.ddns.devices import caller
from tests.left_out import require
from tests.people import *  # noqa: F403 - fixtures

PASSWORD = "correct horse battery staple"
DESKTOP, PHONE = (1280, 800), (390, 844)


@pytest.fixture
def open_browser(tmp_path: Path) -> Iterator[Callable[..., Chrome]]:
    """`open_browser(size, scheme, scripts)` starts chromium with a profile of its own."""
    binary, driver = require("chromium"), require("chromedriver", "chromium-driver")
    opened: list[Chrome] = []

    def start(size: tuple[int, int] = DESKTOP, scheme: str = "light", scripts: bool = True) -> Chrome:
        options = ChromeOptions()
        options.binary_location = str(binary)
        for argument in ("headless", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-sync"):
            options.add_argument(f"--{argument}")
        for argument in ("disable-background-networking", "disable-component-update", "disable-dev-shm-usage"):
            options.add_argument(f"--{argument}")
        options.add_argument(f"--user-data-dir={tmp_path / f'profile-{len(opened)}'}")
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        if not scripts:
            options.add_experimental_option("prefs", {"profile.managed_default_content_settings.javascript": 2})
        browser = Chrome(options=options, service=Service(str(driver)))
        opened.append(browser)
        metrics = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": size == PHONE}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        scheme_feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme_feature]})
        return browser

    yield start
    for browser in opened:
        browser.quit()


@pytest.fixture
def zone(transactional_db, embedded_nameserver, fresh_zone) -> Zone:
    server = embedded_nameserver
    key = TsigKey(name=server.key.name, algorithm=server.key.algorithm)
    key.secret = server.key.secret
    return zones.add(fresh_zone(server), host=server.host, port=server.port, key=key)


@pytest.fixture
def domain(zone: Zone) -> Domain:
    return domains.offer(zone)


@pytest.fixture
def home(alice: User, domain: Domain) -> Hostname:
    """In DNS with an address."""
    hostname = hostnames.register(alice, domain=domain, label="home")
    Hostname.objects.filter(pk=hostname.pk).update(ipv4="203.0.113.7")
    hostnames.configure(hostname)
    drain(domain.zone)
    return Hostname.objects.get(pk=hostname.pk)


@pytest.fixture
def categories(transactional_db) -> None:
    """As the migration makes them: the tables were emptied after an earlier test."""
    import_module("abuse.migrations.0006_categories").add(apps, None)


@pytest.fixture
def busy(home, alice, categories) -> dict[str, object]:
    """Alice's hostname with something on every part of its page; what the addresses of her pages need."""
    group = groups.create(alice, name="attic")
    groups.assign(group, [home])
    key, key_text = keys.create(alice, label="router", hostnames=[home], networks=["192.0.2.0/24"])
    create_tsig_key(key)
    acme_accounts.register(caller(key_text)._replace(source=ip_address("192.0.2.7")))
    now = timezone.now()
    HostnameContact.objects.create(hostname=home, at=now, source="198.51.100.9", agent="router/1", protocol="dyndns2")
    for days in range(12):
        AddressUpdate.objects.create(
            hostname=home,
            key=key,
            at=now - timedelta(days=days),
            source="198.51.100.9",
            agent="router/1",
            protocol="dyndns2",
            new_ipv4=f"203.0.113.{days}",
        )
    records.add(home, rdtype="TXT", rdata="x" * 200)
    records.add(home, label="_acme-challenge", rdtype="TXT", rdata="y" * 43)
    for code in ("good", "dnserr", "abuse"):
        requests.note(home.name, caller(key_text), code)
    requests.note_of_key(key.pk, caller(key_text), "nohost", "hoem.ddns.test")
    requests.flush()
    return {"name": home.name, "key": key.pk, "group": group.pk}


def drain(zone: Zone) -> None:
    """The worker's part, at a moment of the test's choosing."""
    while not publisher.drain(zone.pk):
        pass


def with_password(user: User) -> User:
    user.set_password(PASSWORD)
    user.save()
    return user
