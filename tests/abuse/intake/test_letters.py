"""Letters of authorities: every line that is meant to name something is one, and the counts add up to the letter's."""

import json
from pathlib import Path

import pytest

from abuse.errors import Unreadable
from abuse.intake import limits
from abuse.intake.letters import Letter, read
from tests.abuse.intake import seeds
from tests.abuse.intake.reports import xarf
from tests.abuse.intake.samples import paths


def named(letter: Letter) -> list[tuple[str, int | None]]:
    return [(line.name, line.port) for line in letter.lines]


def problems(letter: Letter) -> list[str]:
    return [line.text for line in letter.lines if line.problem]


@pytest.mark.parametrize(
    ("line", "name", "port"),
    [
        ("home.ddns.test", "home.ddns.test", None),
        ("HOME.ddns.Test.", "home.ddns.test", None),
        ("1) hxxp://home[.]ddns[.]net:1177/ (njRAT)", "home.ddns.net", 1177),
        ("bad(dot)hopto(dot)org , TCP 5552", "bad.hopto.org", 5552),
        ("bad[.]hopto[.]org port 5552", "bad.hopto.org", 5552),
        ("bad.hopto.org 5552/tcp", "bad.hopto.org", 5552),
        ("bad.hopto.org\t5552", "bad.hopto.org", 5552),
        ("bad . hopto . org", "bad.hopto.org", None),
        ("BAD . HOPTO . ORG", "bad.hopto.org", None),
        ("bad dot hopto dot org", "bad.hopto.org", None),
        ("17 bad.hopto.org", "bad.hopto.org", None),
        ("(17) bad.hopto.org", "bad.hopto.org", None),
        ("- bad.hopto.org", "bad.hopto.org", None),
        ("• bad.hopto.org;", "bad.hopto.org", None),
        ("*.bad.hopto.org", "bad.hopto.org", None),
        ("203.0.113.7 bad.hopto.org", "bad.hopto.org", None),
        ("bad.hopto.org (203.0.113.7)", "bad.hopto.org", None),
        ('"bad.hopto.org"', "bad.hopto.org", None),
        ("2026-11-01T10:00:00Z,bad.hopto.org,njRAT", "bad.hopto.org", None),
        ("bad.hopto.org # see https://example.com/", "bad.hopto.org", None),
        ("bücher.hopto.org", "xn--bcher-kva.hopto.org", None),
        ("xn--bcher-kva.hopto.org", "xn--bcher-kva.hopto.org", None),
        ("https://user:pass@bad.hopto.org:8443/x?y=z.example", "bad.hopto.org", 8443),
        ("0.0.0.0 bad.hopto.org", "bad.hopto.org", None),
        ("||bad.hopto.org^", "bad.hopto.org", None),
    ],
)
def test_every_spelling_of_a_line(line, name, port):
    letter = read(line.encode())
    assert named(letter) == [(name, port)]
    assert (letter.lines[0].position, letter.lines[0].number, letter.line_count) == (1, 1, 1)


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("notahost", "names no host"),
        ("203.0.113.7", "an address"),
        ("203.0.113.7:1177", "an address"),
        ("olivia@police.example", "a mail address"),
        ("home..ddns.test", "is not a domain name"),
        (f"{'a' * 64}.ddns.test", "longer than 63"),
        ("9) evil ddns test", "names no host"),
        ("hxxp://[.]", "names no host"),
    ],
)
def test_bad_line_of_a_list_says_why(line, problem):
    letter = read(f"a.ddns.test\n{line}\nb.ddns.test\n".encode())
    assert [bool(each.problem) for each in letter.lines] == [False, True, False]
    assert problem in letter.lines[1].problem
    assert letter.lines[1].name == ""


def test_counts_add_up():
    letter = read(b"# list\n\na.ddns.test\n; more\nlocalhost\na.ddns.test\nb.ddns.test, c.ddns.test\n// end\n\n")
    assert [line.name for line in letter.lines] == ["a.ddns.test", "", "a.ddns.test", "b.ddns.test", "c.ddns.test"]
    assert [line.position for line in letter.lines] == [1, 2, 3, 4, 5]
    assert [line.number for line in letter.lines] == [3, 5, 6, 7, 7]
    assert (letter.comment_count, letter.blank_count, letter.further_count, letter.passed_over) == (3, 2, 1, 0)
    assert letter.line_count == 9


def test_letter_of_the_police():
    letter = read(seeds.ORDER)
    assert named(letter) == [("evil.ddns.net", 1177), ("bad.hopto.org", 5552), ("", None), ("", None)]
    assert (letter.passed_over, letter.blank_count, letter.line_count) == (7, 3, 14)


def test_prose_gives_its_names_and_the_rest_is_counted():
    letter = read(
        b"We have seen evil.ddns.net again\nand, as of today, bad.hopto.org:81 as well. Please act\nas soon as possible. Thanks\n"
    )
    assert named(letter) == [("evil.ddns.net", None), ("bad.hopto.org", 81)]
    assert (letter.format, letter.passed_over) == ("letter", 1)


def test_paste_without_line_ends_is_read_whole():
    letter = read(", ".join(f"h{number}[.]ddns[.]net" for number in range(20_000)).encode())
    assert [line.name for line in letter.lines] == [f"h{number}.ddns.net" for number in range(20_000)]
    assert (letter.line_count, letter.further_count) == (1, 19_999)


def test_table_is_read_by_the_column_that_names_hosts():
    letter = read(
        b'id;Hostname;port;malware;ref\n1;evil.ddns.net;1177;njRAT;x\n2;no..x;1;;\n3;"a.ddns.net, b.ddns.net";;;\n'
    )
    assert letter.format == "csv"
    assert named(letter) == [("evil.ddns.net", 1177), ("", None), ("a.ddns.net", None), ("b.ddns.net", None)]
    assert [line.number for line in letter.lines] == [2, 3, 4, 4]
    assert (letter.line_count, letter.passed_over) == (4, 1)


def test_columns_that_nobody_knows_are_a_heading():
    letter = read(b"Nr,C2 of the gang,Seen\n1,evil.ddns.net,yes\n2,bad.ddns.net,no\n")
    assert [line.name for line in letter.lines] == ["evil.ddns.net", "bad.ddns.net"]
    assert (letter.line_count, letter.passed_over) == (3, 1)


def test_heading_of_a_list_is_none_of_its_names():
    letter = read(b"Hostname\r\nevil.ddns.net\r\nnotahost\r\n")
    assert named(letter) == [("evil.ddns.net", None), ("", None)]
    assert letter.line_count == 3


def test_xarf_names_the_culprits_alone():
    report = xarf(
        category="infrastructure",
        type="botnet",
        source_identifier="victim.ddns.net",
        c2_server="c2.ddns.net:80",
        related_domains=[{"domain": "innocent.ddns.net"}],
        redirect_chain=["https://innocent.example/"],
    )
    letter = read(json.dumps([report, {"xarf_version": "4.2.0"}, xarf(url="https://lure.ddns.net/")]).encode())
    assert letter.format == "xarf"
    assert [line.name for line in letter.lines][:2] == ["c2.ddns.net", ""]
    assert "lure.ddns.net" in [line.name for line in letter.lines]
    assert letter.lines[1].problem
    assert "innocent.ddns.net" not in [line.name for line in letter.lines]
    assert letter.line_count == 3


def test_xarf_of_as_many_reports_as_the_order_of_2014_had_names():
    reports = [
        {"xarf_version": "4", "category": "content", "type": "malware", "domain": f"h{n}.ddns.net"}
        for n in range(18_472)
    ]
    assert len(read(json.dumps(reports).encode()).lines) == 18_472


def test_stix_names_what_is_indicated():
    letter = read(json.dumps(seeds.BUNDLE).encode())
    assert named(letter) == [("a.ddns.test", 1177), ("b.ddns.test", 1177)]
    assert (letter.format, letter.passed_over) == ("stix", 1)


def test_list_in_json():
    assert named(read(b'["a.ddns.test", "b[.]ddns[.]test:80"]')) == [("a.ddns.test", None), ("b.ddns.test", 80)]


def test_mail_is_read_as_a_person_would():
    letter = read(seeds.OCTETS["mail"])
    assert [line.name for line in letter.lines] == ["home.ddns.test", "b.ddns.test"]


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "None of its lines"),
        (b"Dear sir or madam, hello.", "None of its lines"),
        (b"%PDF-1.7\n1) evil.ddns.net", "as text"),
        (b"\n %PDF-1.7\n1) evil.ddns.net", "as text"),
        (b"PK\x03\x04", "zip"),
        (b"\x00\x01evil.ddns.net", "no text"),
        (b"<!DOCTYPE html><p>evil.ddns.net", "as text"),
        (b'{"a": 1}', "JSON"),
        (b"[" * 100_000, "JSON"),
        (b"a.ddns.test\n" * (limits.MAX_LINES + 2), "parts"),
        (b"a" * (limits.MAX_OCTETS + 1), "most"),
    ],
)
def test_what_is_no_list_says_what_to_give_instead(content, why):
    with pytest.raises(Unreadable, match=why):
        read(content)


def test_published_lists_are_read_to_the_end():
    for path in paths("names/*.txt"):
        said = path.read_text()
        meant = [line for line in said.splitlines() if line.strip() and not line.startswith("#")]
        letter = read(path.read_bytes())
        assert len(letter.lines) == len(meant)
        assert letter.line_count == said.count("\n")
        # Paths of a protocol are in these lists, too.
        bad = [line for line in letter.lines if line.problem]
        assert all("an address" in line.problem or line.text.startswith("/") for line in bad)


def test_published_bundles_name_what_they_indicate():
    (poison,) = paths("stix/poisonivy.json")
    letter = read(poison.read_bytes())
    assert ("www.webserver.dynssl.com", None) in named(letter)
    assert letter.line_count == len(letter.lines) + letter.passed_over


def test_published_reports_name_their_culprit_or_say_why_not():
    read_count = 0
    for path in paths("xarf-v4/*.json"):
        try:
            letter = read(path.read_bytes())
        except Unreadable:
            # Most are about an address.
            continue
        read_count += 1
        assert all(line.name for line in letter.lines)
        assert all(line.name in path.read_text() for line in letter.lines)
    assert read_count > 10


def test_list_in_the_guide_for_officers_is_read_as_the_guide_says():
    guide = (Path(__file__).parents[3] / "docs" / "authorities.md").read_text()
    letter = read(guide.partition("```text\n")[2].partition("```")[0].encode())
    assert named(letter) == [
        ("alpha.ddns.example", 1177),
        ("beta.ddns.example", 5552),
        ("gamma.ddns.example", None),
        ("www.delta.ddns.example", None),
        ("xn--bcher-kva.ddns.example", None),
        ("alpha.ddns.example", None),
        ("www.example.org", None),
    ]
    assert (letter.passed_over, letter.comment_count, letter.line_count) == (1, 1, 9)
