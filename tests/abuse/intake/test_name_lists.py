"""Lists of names as researchers publish them."""

import pytest

from abuse.errors import Unreadable
from abuse.intake import parse
from tests.abuse.intake.samples import paths


def _subjects(content: str):
    return [each for draft in parse(content.encode()).drafts for each in draft.subjects]


@pytest.mark.parametrize(
    ("line", "name", "address", "port", "url"),
    [
        ("home.ddns.test", "home.ddns.test", "", None, ""),
        ("HOME.ddns.Test.", "home.ddns.test", "", None, ""),
        ("home.ddns.test:1177", "home.ddns.test", "", 1177, ""),
        ("home[.]ddns[.]test[:]5552", "home.ddns.test", "", 5552, ""),
        ("*.home.ddns.test", "home.ddns.test", "", None, ""),
        ("192.0.2.7", "", "192.0.2.7", None, ""),
        ("192.0.2.7:6969", "", "192.0.2.7", 6969, ""),
        ("2001:DB8:0::7", "", "2001:db8::7", None, ""),
        ("[2001:db8::7]:443", "", "2001:db8::7", 443, ""),
        ("hxxps://home.ddns.test:8443/A?b=C", "home.ddns.test", "", 8443, "https://home.ddns.test:8443/A?b=C"),
        ("home.ddns.test/vre", "home.ddns.test", "", None, "home.ddns.test/vre"),
        ("bücher.ddns.test", "xn--bcher-kva.ddns.test", "", None, ""),
        ("0.0.0.0 home.ddns.test", "home.ddns.test", "", None, ""),
        ("||home.ddns.test^", "home.ddns.test", "", None, ""),
        ("home.ddns.test  # seen yesterday", "home.ddns.test", "", None, ""),
    ],
)
def test_every_spelling_of_a_line(line, name, address, port, url):
    (subject,) = _subjects(line)
    assert (subject.name, subject.address, subject.port, subject.url) == (name, address, port, url)
    assert subject.role == "ioc"


def test_comments_and_blanks_are_nothing_and_the_rest_is_counted():
    parsed = parse(
        b"# list\n\nhome.ddns.test\n; more\n/is-ready\nhome.ddns.test\nlocalhost\n// end\nb.ddns.test\nc.ddns.test\n"
    )
    assert [each.name for each in parsed.drafts[0].subjects] == ["home.ddns.test", "b.ddns.test", "c.ddns.test"]
    assert parsed.passed_over == 2
    assert parsed.warnings == ("1 lines repeat an earlier one.",)


def test_kind_is_that_of_the_door():
    assert parse(b"home.ddns.test\n", kind="infrastructure/botnet").drafts[0].kind == "infrastructure/botnet"


def test_published_lists_are_read_to_the_end():
    for path in paths("names/*.txt"):
        lines = [line.strip() for line in path.read_text().splitlines()]
        said = [line for line in lines if line and not line.startswith("#")]
        parsed = parse(path.read_bytes())
        distinct = sum(len(draft.subjects) for draft in parsed.drafts)
        repeated = int(parsed.warnings[0].split()[0])
        assert distinct + repeated + parsed.passed_over == len(said)
        assert parsed.passed_over < 30


def test_long_list_is_cut_into_drafts_in_order():
    names = [f"n{n}.ddns.test" for n in range(20_000)]
    drafts = parse("\n".join(names).encode()).drafts
    assert [each.name for draft in drafts for each in draft.subjects] == names
    assert max(len(draft.subjects) for draft in drafts) == 1_000


def test_too_long_a_list_is_refused():
    with pytest.raises(Unreadable, match="Send it in parts"):
        parse(b"a.ddns.test\n" * 100_002)
