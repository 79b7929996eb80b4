"""Subjects: the host in one piece of text, or the sentence that there is none."""

import pytest

from abuse.intake import subjects


@pytest.mark.parametrize(
    ("said", "name", "address", "port", "url"),
    [
        ("home.ddns.test", "home.ddns.test", "", None, ""),
        ("  <home.ddns.test>, ", "home.ddns.test", "", None, ""),
        ("home.ddns.test:0", "home.ddns.test", "", None, ""),
        ("home.ddns.test:99999", "home.ddns.test", "", None, ""),
        ("_dmarc.ddns.test", "_dmarc.ddns.test", "", None, ""),
        (".home.ddns.test.", "home.ddns.test", "", None, ""),
        ("*.*.ddns.test", "", "", None, None),
        ("http://user:pw@home.ddns.test:81/x", "home.ddns.test", "", 81, "http://user:pw@home.ddns.test:81/x"),
        ("HXXPS://Home.ddns.test/Path", "home.ddns.test", "", None, "https://Home.ddns.test/Path"),
        ("http:///home.ddns.test/", "home.ddns.test", "", None, "http://home.ddns.test/"),
        ("tcp://home.ddns.test:1177", "home.ddns.test", "", 1177, "tcp://home.ddns.test:1177"),
        ("//home.ddns.test/x", "home.ddns.test", "", None, "home.ddns.test/x"),
        ("mailto:carol@home.ddns.test", "home.ddns.test", "", None, "mailto:carol@home.ddns.test"),
        ("carol@home.ddns.test", "home.ddns.test", "", None, ""),
        ("http://3221226050/", "", "192.0.2.66", None, "http://3221226050/"),
        ("::ffff:192.0.2.7", "", "192.0.2.7", None, ""),
        ("http://[2001:db8::7]:8080/x", "", "2001:db8::7", 8080, "http://[2001:db8::7]:8080/x"),
        ("http://home.ddns.test\\@good.example/", "home.ddns.test", "", None, "http://home.ddns.test\\@good.example/"),
    ],
)
def test_host_is_found(said, name, address, port, url):
    if url is None:
        assert subjects.find(said) is None
        return
    subject = subjects.read(said)
    assert (subject.name, subject.address, subject.port, subject.url) == (name, address, port, url)


@pytest.mark.parametrize(
    "said",
    [
        "", " ", "/\x1f", "mailto:\x1f", "mailto:", "http://", "http:// ", "http://\x85/", "https://[", "https://[::",
        ":80", "localhost", "a..b", "1.2.3", "12345678", "999.0.2.7", "fe80::1%eth0", "-", "home.ddns.1", "a b", "@",
        "x" * 300 + ".test", "ü" * 200 + ".test", "x" * 5_000, "a.test@", "xn--.test\x00", "。。", ".", "http://./",
        "/gate.php", "/is.ready",
        None, 7, [], {}, b"home.ddns.test",
    ],
)  # fmt: skip
def test_what_names_nothing_says_so(said):
    with pytest.raises(subjects.NoSubject, match=r"names no host|longer than"):
        subjects.read(said)
