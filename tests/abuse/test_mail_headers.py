"""Headers of mails: whatever comes, something is made of it, in bounded time, and the same mail has the same digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from abuse import authentication_results, mail_headers
from abuse.mail_headers import MAX_OCTETS, Mailbox

LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from(
            [
                b"From: a@b.example",
                b"Authentication-Results: mx; dmarc=pass",
                b" folded",
                b"",
                b"Subject: =?utf-8?q?=C3?=",
            ]
        ),
    ),
    max_size=12,
)


@given(LINES)
def test_anything_can_be_a_mail(lines):
    headers = mail_headers.parse(b"\n".join(lines))
    assert len(headers.digest) == 32
    assert len(headers.subject) <= 300
    assert len(headers.message_id) <= 300
    author = authentication_results.proven_author(headers, "mx")
    assert author is None or "@" in author.address
    assert "\0" not in headers.subject + headers.message_id + headers.return_path


@given(st.text(max_size=300))
def test_any_results_can_be_read(text):
    content = f"Authentication-Results: mx; {text}\nFrom: a@b.example\n\n".encode("utf-8", "replace")
    headers = mail_headers.parse(content)
    authentication_results.has_failed(headers, "mx")
    authentication_results.proven_author(headers, "mx")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_way_of_a_mail_does_not_change_its_digest(head, body):
    lines = head.replace(b"\r", b"").replace(b"\n", b"")
    one = b"From: a@b.example\nX: " + lines + b"\n\n" + body.replace(b"\r", b"")
    other = b"Received: by mx\nReturn-Path: <x@y.example>\n" + one
    assert mail_headers.parse(one).digest == mail_headers.parse(other).digest
    assert mail_headers.parse(one.replace(b"\n", b"\r\n")).digest == mail_headers.parse(one).digest


@pytest.mark.parametrize(
    ("said", "found"),
    [
        ("a@b.example", [Mailbox("a@b.example")]),
        ("Trudy <Trudy@B.example>", [Mailbox("trudy@b.example", "Trudy")]),
        ("=?utf-8?q?Tr=C3=BCdy?= <a@b.example>", [Mailbox("a@b.example", "Trüdy")]),
        ("a@b.example, c@d.example", [Mailbox("a@b.example"), Mailbox("c@d.example")]),
        ("nobody", []),
        ("<>", []),
        ('"<script>"@b.example', []),
        ("a@" + "b" * 300, []),
    ],
)
def test_mailboxes_are_found(said, found):
    assert mail_headers.mailboxes(said) == found


def test_only_so_much_of_a_header_is_looked_at():
    content = b"A: 1\n" * (MAX_OCTETS // 5) + b"Subject: too late\n\n"
    assert mail_headers.parse(content).subject == ""


@pytest.mark.parametrize(
    "subject", ["=?utf-7?q?+2AA-?=", "=?unicode-escape?q?=5Cud800?=", "=?raw-unicode-escape?q?=5Cud800?="]
)
def test_half_a_character_in_a_subject_can_be_stored(subject):
    headers = mail_headers.parse(f"From: Trudy <trudy@cert.example>\nSubject: {subject}\n\nx".encode())
    assert headers.subject.encode() == "\ufffd".encode()
