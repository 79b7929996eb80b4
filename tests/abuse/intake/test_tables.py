"""CSV: with or without a header, with whatever between."""

import pytest

from abuse.errors import Unreadable
from abuse.intake import parse


def _rows(said: str, **options):
    """Kind and subject of each row, in order."""
    drafts = parse(said.encode(), **options).drafts
    return [(draft.kind, each.name or each.address) for draft in drafts for each in draft.subjects]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", ", "])
def test_header_says_what_columns_mean(delimiter):
    head = delimiter.join(("Hostname", "Port", "Type", "First seen", "Comment", "Malware family", "Tags"))
    row = delimiter.join(("home.ddns.test", "1177", "c2", "2026-11-01 10:00:00", "seen it", "njRAT", "rat"))
    (draft,) = parse(f"{head}\n{row}\n".encode()).drafts
    assert draft.kind == "infrastructure/botnet"
    assert (draft.subjects[0].name, draft.subjects[0].port, draft.subjects[0].role) == ("home.ddns.test", 1177, "ioc")
    assert draft.evidence_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert draft.description == "seen it"
    assert draft.details == {"malware_family": "njRAT", "tags": ["rat"], "threat_type": "c2"}


@pytest.mark.parametrize(
    ("head", "row", "name", "address", "url"),
    [
        ("url,date", "https://home.ddns.test/x,2026-11-01", "home.ddns.test", "", "https://home.ddns.test/x"),
        ("domain,ip", "home.ddns.test,192.0.2.7", "home.ddns.test", "192.0.2.7", ""),
        (
            "source.fqdn,source.ip,classification.type",
            "home.ddns.test,192.0.2.7,c2-server",
            "home.ddns.test",
            "192.0.2.7",
            "",
        ),
        ("timestamp,ip,port,hostname", "2026-11-01T10:00:00Z,192.0.2.7,80,", "", "192.0.2.7", ""),
        ("indicator,type", "home[.]ddns[.]test,phishing", "home.ddns.test", "", ""),
        ('"URL","Notes"', '"https://home.ddns.test/a,b","x, y"', "home.ddns.test", "", "https://home.ddns.test/a,b"),
        ("# host,type", "home.ddns.test,phishing", "home.ddns.test", "", ""),
        ("id,host,more", "7,home.ddns.test", "home.ddns.test", "", ""),
    ],
)
def test_columns_of_others_are_known(head, row, name, address, url):
    (draft,) = parse(f"{head}\n{row}\n".encode()).drafts
    assert (draft.subjects[0].name, draft.subjects[0].address, draft.subjects[0].url) == (name, address, url)


def test_without_header_cells_say_what_they_are():
    said = "2026-11-01,home.ddns.test,1177,malware\n2026-11-02,192.0.2.7,80,phishing\n"
    first, second = parse(said.encode()).drafts
    assert (first.kind, first.subjects[0].name, first.subjects[0].port) == ("content/malware", "home.ddns.test", 1177)
    assert (second.kind, second.subjects[0].address, second.evidence_at.day) == ("content/phishing", "192.0.2.7", 2)


def test_every_host_of_a_row_without_header_counts():
    assert [host for _, host in _rows("a.ddns.test,b.ddns.test\nc.ddns.test,192.0.2.7\n")] == [
        "a.ddns.test",
        "b.ddns.test",
        "c.ddns.test",
    ]


@pytest.mark.parametrize(
    "said", ["a.ddns.test,b.ddns.test", "a.ddns.test, b.ddns.test and 192.0.2.4", "a.ddns.test; b.ddns.test"]
)
def test_line_with_commas_is_a_sentence(said):
    assert [host for _, host in _rows(said)][:2] == ["a.ddns.test", "b.ddns.test"]


def test_rows_that_say_the_same_are_one_draft_in_order():
    said = "host,type\n" + "".join(f"n{n}.ddns.test,{'c2' if n % 3 else 'phishing'}\n" for n in range(3_000))
    drafts = parse(said.encode()).drafts
    assert [(draft.kind, len(draft.subjects)) for draft in drafts] == [
        ("content/phishing", 1_000),
        ("infrastructure/botnet", 1_000),
        ("infrastructure/botnet", 1_000),
    ]
    assert [each.name for each in drafts[0].subjects[:2]] == ["n0.ddns.test", "n3.ddns.test"]


def test_rows_that_name_nothing_are_counted():
    parsed = parse(b"host,type\nhome.ddns.test,phishing\n,phishing\nlocalhost,phishing\n\n# a comment\n")
    assert parsed.passed_over == 2


def test_kind_of_the_door_counts_where_a_row_says_none():
    assert _rows("host,port\nhome.ddns.test,80\n", kind="content/fraud") == [("content/fraud", "home.ddns.test")]
    assert _rows("host,port\nhome.ddns.test,80\n") == [("other/unclassified", "home.ddns.test")]


def test_unreadable_time_is_a_warning():
    (draft,) = parse(b"host,date\nhome.ddns.test,yesterday\n").drafts
    assert draft.evidence_at is None
    assert draft.warnings == ("“yesterday” is no time that can be read.",)


def test_line_ends_byte_order_marks_and_utf_16_are_read():
    said = "host,type\r\nbücher.ddns.test,phishing\r\n"
    for content in (
        said.encode("utf-8-sig"),
        said.encode("utf-16"),
        said.replace("\r\n", "\r").encode(),
        said.encode("cp1252"),
    ):
        assert [each.name for each in parse(content).drafts[0].subjects] == ["xn--bcher-kva.ddns.test"]


def test_open_quote_loses_what_it_swallows_and_no_more():
    rows = parse(('host,note\na.ddns.test,"open\n' + "b.ddns.test,x\n" * 20).encode())
    assert rows.drafts[0].subjects[0].name == "a.ddns.test"


@pytest.mark.parametrize("said", ["host,type\n,\n", "host,type\nlocalhost,phishing\n"])
def test_table_without_hosts_is_refused(said):
    with pytest.raises(Unreadable, match="names a host"):
        parse(said.encode())


def test_too_long_a_table_is_refused():
    with pytest.raises(Unreadable, match="Send it in parts"):
        parse(b"host,type\n" + b"a.ddns.test,c2\n" * 100_002)
