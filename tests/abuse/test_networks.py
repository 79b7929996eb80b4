"""Networks: kinds by the registries, data of the package, and what the operator puts beside us."""

import json

import pytest

from abuse import networks
from abuse.networks import Network
from tests.abuse import mmdb


@pytest.fixture(autouse=True)
def _as_loaded_anew():
    networks.forget()
    yield
    networks.forget()


@pytest.fixture
def lists(tmp_path, settings):
    """Writes a list as the MISP project publishes it."""
    settings.WARNINGLISTS = tmp_path

    def write(directory: str, entries: list, *, name: str = "", raw: str | None = None) -> None:
        path = tmp_path / directory / "list.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(
            raw if raw is not None else json.dumps({"name": name or directory, "type": "cidr", "list": entries})
        )

    return write


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("10.1.2.3", "private"),
        ("192.168.1.1", "private"),
        ("172.31.0.1", "private"),
        ("169.254.1.1", "private"),
        ("fd00::1", "private"),
        ("fe80::1", "private"),
        ("100.64.0.1", "CGNAT"),
        ("100.127.255.255", "CGNAT"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "reserved"),
        ("192.0.2.1", "reserved"),
        ("198.18.0.1", "reserved"),
        ("240.0.0.1", "reserved"),
        ("224.0.0.1", "reserved"),
        ("2001:db8::1", "reserved"),
        ("ff02::1", "reserved"),
        ("64:ff9b::1", "reserved"),
        ("::ffff:10.0.0.1", "private"),
    ],
)
def test_kind_of_an_address_that_goes_nowhere(address, kind):
    assert networks.of(address) == Network(kind=kind)
    assert networks.of(address).is_sunk


@pytest.mark.parametrize("text", [None, "", "home.ddns.test", "203.0.113", "fe80::1%eth0"])
def test_what_is_no_address_has_no_network(text):
    assert networks.of(text) == Network()


def test_public_address_has_a_network_and_a_country_from_the_data_at_hand():
    found = networks.of("8.8.8.8")

    assert (found.country, found.key) == ("US", found.org)
    assert "GOOGLE" in found.org.upper()
    assert not found.is_sunk


def test_list_of_the_operator_names_a_sinkhole(lists):
    lists("sinkholes", ["8.8.8.0/24", "2001:4860::/32", "sinkhole.example.net"], name="Sinkholes")

    assert (networks.of("8.8.8.8").kind, networks.of("8.8.8.8").lists) == ("sinkhole", ("Sinkholes",))
    assert networks.of("2001:4860::8888").kind == "sinkhole"
    assert networks.of("8.8.9.9").kind != "sinkhole"


@pytest.mark.parametrize(
    ("directory", "kind"),
    [
        ("vpn-ipv4", "VPN"),
        ("tor-exit-nodes", "Tor"),
        ("automated-malware-analysis", "sandbox"),
        ("sinkholes", "sinkhole"),
    ],
)
def test_kind_of_a_list_is_in_its_name(lists, directory, kind):
    lists(directory, ["8.8.8.8"])
    assert networks.of("8.8.8.8").kind == kind


def test_other_lists_are_named_and_change_no_kind(lists):
    before = networks.of("8.8.8.8").kind
    networks.forget()
    lists("public-dns-v4", ["8.8.8.8/32"], name="Public DNS")

    assert (networks.of("8.8.8.8").kind, networks.of("8.8.8.8").lists) == (before, ("Public DNS",))


def test_networks_that_overlap_are_found(lists):
    lists("vpn-ipv4", ["8.0.0.0/8", "8.8.8.0/24", "9.0.0.0/8", "8.8.0.0/16", "11.0.0.0/8"])
    (found,) = networks.warning_lists()

    assert len(found.ranges) == 2
    assert [networks.of(each).kind == "VPN" for each in ("8.0.0.0", "9.255.255.255", "10.0.0.1", "11.0.0.1", "12.0.0.1")] == [
        True, True, False, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    "raw",
    ["", "[]", "{", '{"name": "x"}', '{"name": "x", "list": 5}', "[" * 100_000, '{"name": 1, "list": ["x", null]}'],
)
def test_list_that_cannot_be_read_is_logged_and_left_out(lists, raw, caplog):
    lists("vpn-ipv4", [], raw=raw)
    lists("sinkholes", ["8.8.8.8"])

    assert networks.of("8.8.8.8").kind == "sinkhole"


def test_list_that_is_too_big_is_left_out(lists, monkeypatch, caplog):
    monkeypatch.setattr(networks, "MOST_LIST_OCTETS", 10)
    lists("sinkholes", ["8.8.8.8"])

    assert networks.warning_lists() == ()
    assert "too big" in caplog.text


def test_database_that_cannot_be_read_is_logged_and_other_data_used(tmp_path, settings, caplog):
    settings.ASN_MMDB = tmp_path / "broken.mmdb"
    settings.ASN_MMDB.write_bytes(b"no database")
    settings.GEO_MMDB = tmp_path / "missing.mmdb"

    assert networks.of("8.8.8.8").country == "US"
    assert caplog.text.count("cannot be read") == 2


def test_databases_of_the_operator_are_asked_first(tmp_path, settings):
    settings.ASN_MMDB, settings.GEO_MMDB = tmp_path / "asn.mmdb", tmp_path / "country.mmdb"
    settings.ASN_MMDB.write_bytes(
        mmdb.of_first_octet(8, {"autonomous_system_number": 64500, "autonomous_system_organization": "Example VPS"})
    )
    settings.GEO_MMDB.write_bytes(mmdb.of_first_octet(8, {"country": {"iso_code": "DE"}}))

    assert networks.of("8.8.8.8") == Network(64500, "Example VPS", "DE", "hosting")
    assert networks.of("9.9.9.9").key != "AS64500"
    # A file of IPv4 alone says nothing of IPv6.
    assert networks.of("2001:4860:4860::8888").country == "US"


def test_nothing_is_known_without_any_data(monkeypatch, caplog):
    monkeypatch.setattr(networks.os.path, "dirname", lambda path: "/nonexistent")

    assert networks.of("8.8.8.8") == Network()
    assert "no data on networks" in caplog.text


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"autonomous_system_number": 64500, "autonomous_system_organization": "Example"}, (64500, "Example")),
        ({"asn": "AS64500", "as_name": "Example"}, (64500, "Example")),
        ({}, (None, "")),
    ],
)
def test_row_of_an_as_in_either_dialect(row, expected):
    assert networks._as_of(row) == expected


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"country": {"iso_code": "DE"}}, "DE"),
        ({"registered_country": {"iso_code": "nl"}}, "NL"),
        ({"country": "US"}, "US"),
        ({}, ""),
    ],
)
def test_row_of_a_country_in_either_dialect(row, expected):
    assert networks._country_of(row) == expected


def test_network_in_words():
    assert str(Network(64500, "Example", "DE", "hosting")) == "AS64500 Example (DE) hosting"
    assert str(Network()) == "unknown"
