"""Mail: letters of people, reports attached or inline, answers of machines, hostile MIME."""

import base64
import json

import pytest

from abuse.errors import Unreadable
from abuse.intake import mime, parse
from tests.abuse.intake.reports import evidence, xarf

HEADER = (
    "From: Carol <carol@watch.example>\nTo: abuse@ddns.test\nSubject: {subject}\n"
    "Date: Sun, 1 Nov 2026 10:00:00 +0000\n{more}\n"
)


def letter(body: str, *, subject: str = "Abuse", more: str = "", charset: str = "utf-8") -> bytes:
    return (HEADER.format(subject=subject, more=more) + "\n").replace("\n\n\n", "\n\n").encode() + body.encode(charset)


def multipart(*parts: str, kind: str = "mixed", more: str = "") -> bytes:
    head = HEADER.format(subject="Abuse", more=f"{more}MIME-Version: 1.0\nContent-Type: multipart/{kind}; boundary=b")
    return (head + "".join(f"\n--b\n{part}" for part in parts) + "\n--b--\n").encode()


def _hosts(draft):
    return [each.name or each.address for each in draft.subjects]


def test_letter_is_a_draft():
    parsed = parse(
        letter(
            "There is a phishing page at hxxps://home[.]ddns[.]test/bank. Regards\n",
            more="Message-ID: <1@watch.example>\n",
        )
    )
    (draft,) = parsed.drafts
    assert parsed.format == "mail"
    assert draft.kind == "content/phishing"
    assert [(each.name, each.url, each.role) for each in draft.subjects] == [
        ("home.ddns.test", "https://home.ddns.test/bank", "url")
    ]
    assert (draft.reporter.org, draft.reporter.contact, draft.reporter.domain) == (
        "Carol",
        "carol@watch.example",
        "watch.example",
    )
    assert draft.external_id == "<1@watch.example>"
    assert draft.evidence_at.isoformat() == "2026-11-01T10:00:00+00:00"
    assert draft.description.startswith("Abuse\n\nThere is a phishing page")


@pytest.mark.parametrize(
    ("said", "hosts"),
    [
        ("home.ddns.test", ["home.ddns.test"]),
        ("See home.ddns.test, please.", ["home.ddns.test"]),
        ("(home.ddns.test)", ["home.ddns.test"]),
        ("HOME.DDNS.TEST is bad", ["home.ddns.test"]),
        ("home[.]ddns[.]test and b(dot)ddns(dot)test", ["home.ddns.test", "b.ddns.test"]),
        ("home . ddns . test", ["home.ddns.test"]),
        ("home dot ddns dot test", ["home.ddns.test"]),
        ("home{.}ddns\\.test", ["home.ddns.test"]),
        ("C2 home.ddns.test:1177 up", ["home.ddns.test"]),
        ("C2 home[.]ddns[.]test[:]1177 up", ["home.ddns.test"]),
        ("host=home.ddns.test;port=80", ["home.ddns.test"]),
        ("<https://home.ddns.test/a>", ["home.ddns.test"]),
        ("> quoted http://home.ddns.test/", ["home.ddns.test"]),
        ("bücher.ddns.test", ["xn--bcher-kva.ddns.test"]),
        ("from 192.0.2.7 and 192[.]0[.]2[.]8:80", ["192.0.2.7", "192.0.2.8"]),
        ("from 2001:db8::7 at 10:11:12", ["2001:db8::7"]),
        ("from [2001:db8::7]:443", ["2001:db8::7"]),
        ("write to me at carol@watch.example about home.ddns.test", ["home.ddns.test"]),
        ("the file setup.exe, version 1.2.3, e.g. report.pdf at home.ddns.test", ["home.ddns.test"]),
        ("I saw it.Please act on home.ddns.test", ["home.ddns.test"]),
        ("h**p://home.ddns.test/ hxxp[:]//b[.]ddns[.]test/", ["home.ddns.test", "b.ddns.test"]),
    ],
)
def test_every_spelling_in_a_letter_is_found(said, hosts):
    assert _hosts(parse(letter(said)).drafts[0]) == hosts


def test_port_is_kept():
    assert parse(letter("C2 home[.]ddns[.]test[:]1177 up")).drafts[0].subjects[0].port == 1177


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("phishing against our bank", "content/phishing"),
        ("njRAT command and control server", "infrastructure/botnet"),
        ("distributes malware", "content/malware"),
        ("spam, spam, spam", "messaging/spam"),
        ("infringes our copyright (DMCA)", "copyright/copyright"),
        ("scam shop", "content/fraud"),
        ("brute force against ssh", "connection/login_attack"),
        ("phishing and CSAM", "content/csam"),
        ("something odd", "other/unclassified"),
    ],
)
def test_kind_is_guessed_from_words(said, kind):
    assert parse(letter(f"{said}: home.ddns.test")).drafts[0].kind == kind


def test_host_in_the_subject_line_counts():
    assert _hosts(parse(letter("See subject.", subject="Phishing on home.ddns.test")).drafts[0]) == ["home.ddns.test"]


def test_encoded_words_and_charsets_are_read():
    said = letter(
        "Böse: home.ddns.test",
        subject="=?utf-8?q?Betr=C3=BCger?=",
        more="Content-Type: text/plain; charset=iso-8859-1\n",
        charset="latin-1",
    )
    assert parse(said).drafts[0].description == "Betrüger\n\nBöse: home.ddns.test"


@pytest.mark.parametrize("charset", ["unheard-of", "rot13", "zlib", "utf-16", "idna", "'", "x" * 5_000])
def test_wrong_charsets_lose_nothing(charset):
    said = letter("home.ddns.test ü", more=f"Content-Type: text/plain; charset={charset}\n")
    assert "home.ddns.test" in _hosts(parse(said).drafts[0])


def test_html_letter_is_read_with_its_links():
    body = (
        "<html><head><style>a.b.example{}</style><script>x.y.example</script></head><body>"
        '<p>See <a href="https://home.ddns.test/x">this</a> &amp; that'
    )
    (draft,) = parse(letter(body, more="Content-Type: text/html\n")).drafts
    assert [each.url for each in draft.subjects] == ["https://home.ddns.test/x"]
    assert draft.description == "Abuse\n\nSee https://home.ddns.test/x this & that"


def test_plain_text_is_preferred_to_html():
    said = multipart(
        "Content-Type: text/plain\n\nThe page home.ddns.test is phishing.\n",
        "Content-Type: text/html\n\n<p>The page other.ddns.test is phishing.</p>\n",
        kind="alternative",
    )
    assert _hosts(parse(said).drafts[0]) == ["home.ddns.test"]


def test_attachments_are_kept_and_forwarded_mails_are_searched():
    said = multipart(
        "Content-Type: text/plain\n\nSpam, see attached.\n",
        f"Content-Type: image/png; name=shot.png\nContent-Transfer-Encoding: base64\n\n{base64.b64encode(b'png').decode()}\n",
        "Content-Type: message/rfc822\n\nFrom: x@y.example\nSubject: Win\n\nhttps://home.ddns.test/win\n",
    )
    (draft,) = parse(said).drafts
    assert _hosts(draft) == ["home.ddns.test"]
    assert [(each.filename, each.content[:3]) for each in draft.attachments] == [("shot.png", b"png"), ("", b"Fro")]


def test_log_is_searched_where_the_letter_names_nothing():
    said = multipart(
        "Content-Type: text/plain\n\nSee log.\n", "Content-Type: text/plain; name=a.log\n\nhost home.ddns.test\n"
    )
    assert _hosts(parse(said).drafts[0]) == ["home.ddns.test"]


def test_pictures_of_abused_children_are_not_kept():
    said = multipart(
        "Content-Type: text/plain\n\nCSAM on home.ddns.test\n", "Content-Type: image/png; name=a.png\n\nxxx\n"
    )
    (draft,) = parse(said).drafts
    assert draft.kind == "content/csam"
    assert draft.attachments == ()


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/xarf", "application/octet-stream; name=report.json", "text/plain"]
)
def test_report_of_xarf_may_be_attached(content_type):
    said = multipart(
        "Content-Type: text/plain\n\nSee attached.\n",
        f"Content-Type: {content_type}\n\n{json.dumps(xarf(evidence=[evidence()]))}\n",
    )
    parsed = parse(said)
    assert parsed.format == "xarf"
    assert parsed.drafts[0].reporter.domain == "watch.example"


def test_report_of_xarf_may_stand_in_the_letter():
    parsed = parse(letter(f"Hello,\n\n{json.dumps(xarf(), indent=2)}\n\nRegards {{Carol}}\n"))
    assert parsed.format == "xarf"
    assert "login.ddns.test" in _hosts(parsed.drafts[0])


def test_list_may_be_attached():
    said = multipart(
        "Content-Type: text/plain\n\nSee list.\n",
        "Content-Type: text/csv; name=a.csv\n\nhostname,type\nhome.ddns.test,phishing\n",
    )
    parsed = parse(said)
    assert (parsed.format, parsed.drafts[0].kind) == ("csv", "content/phishing")
    assert parsed.drafts[0].reporter.contact == "carol@watch.example"
    assert parsed.drafts[0].evidence_at is not None


def test_list_in_a_letter_is_read_to_its_end():
    names = [f"n{n}.ddns.test" for n in range(3_000)]
    drafts = parse(letter("Please look at these njRAT controllers:\n\n" + "\n".join(names))).drafts
    assert [each.name for draft in drafts for each in draft.subjects] == names
    assert {(draft.kind, draft.reporter.domain) for draft in drafts} == {("infrastructure/botnet", "watch.example")}


def test_list_of_names_may_be_attached():
    said = multipart(
        "Content-Type: text/plain\n\nSee list.\n", "Content-Type: text/plain; name=a.txt\n\na.ddns.test\nb.ddns.test\n"
    )
    parsed = parse(said)
    assert (parsed.format, _hosts(parsed.drafts[0])) == ("list", ["a.ddns.test", "b.ddns.test"])


@pytest.mark.parametrize(
    "more",
    [
        "Auto-Submitted: auto-replied\n",
        "Auto-Submitted: auto-replied\nReturn-Path: <>\n",
        "X-Autoreply: yes\n",
        "Precedence: auto_reply\n",
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n",
        "Auto-Submitted: auto-replied (vacation)\n",
    ],
)
def test_answers_of_machines_are_no_reports(more):
    parsed = parse(letter("I am away. About home.ddns.test", more=more))
    assert (parsed.format, parsed.drafts) == ("auto-reply", ())
    assert parsed.warnings


def test_report_from_nobody_who_could_be_answered_is_a_report():
    """Programs that report by mail often want no bounces."""
    more = "Return-Path: <>\n"
    assert parse(letter("phishing: http://home.ddns.test/login", more=more)).drafts != ()
    assert parse(letter("Your mail has arrived.", more=more)).drafts == ()


@pytest.mark.parametrize("name", ["names.txt", "names.csv"])
def test_list_that_is_attached_is_about_what_the_letter_says(name):
    list_ = "a.ddns.test,2026-11-24\nb.ddns.test,2026-11-24\n" if name.endswith("csv") else "a.ddns.test\nb.ddns.test\n"
    said = multipart(
        "Content-Type: text/plain\n\nThese are controllers of a botnet.\n",
        f"Content-Type: text/plain; name={name}\n\n{list_}",
    )
    assert {each.kind for each in parse(said).drafts} == {"infrastructure/botnet"}
    assert {each.kind for each in parse(said, kind="content/malware").drafts} == {"infrastructure/botnet"}


def test_out_of_office_is_known_by_its_subject_where_it_answers():
    assert (
        parse(
            letter("home.ddns.test", subject="Automatic reply: Your report", more="In-Reply-To: <1@ddns.test>\n")
        ).drafts
        == ()
    )
    assert parse(letter("home.ddns.test", subject="Out of office")).drafts != ()


def test_report_sent_by_a_machine_is_a_report():
    assert parse(letter("phishing: home.ddns.test", more="Auto-Submitted: auto-generated\n")).drafts != ()


def test_letter_that_names_nothing_is_for_a_person():
    with pytest.raises(Unreadable, match="A person has to read it"):
        parse(letter("Your customer attacks me. Stop that."))


def test_forwarded_octets_are_not_written_anew():
    inner = "Subject:  odd   blanks\nX: =?broken?=\n\n8bit \udce4\n".encode("utf-8", "surrogateescape")
    said = multipart("Content-Type: text/plain\n\nhome.ddns.test\n", "Content-Type: message/rfc822\n\nMARK")
    (draft,) = parse(said.replace(b"MARK", inner)).drafts
    assert draft.attachments[0].content == inner


@pytest.mark.parametrize(
    ("field", "said"),
    [
        ('attachment; filename="a b.txt"', "a b.txt"),
        ("attachment; filename*=utf-8''%C3%BC.txt", "ü.txt"),
        ("attachment; filename*0=long; filename*1=er.txt", "longer.txt"),
        ("attachment; filename*0*=utf-8''%C3%BC; filename*1=.txt", "ü.txt"),
        ('attachment; filename="=?utf-8?q?=C3=BC.txt?="', "ü.txt"),
        ('attachment; filename="a\\"b"', 'a"b'),
        ("attachment; filename=../../etc/passwd", "../../etc/passwd"),
        ("attachment; filename*=bad'x", "bad'x"),
        ("attachment", ""),
    ],
)
def test_file_names_in_every_spelling(field, said):
    assert mime.read(f"Content-Disposition: {field}\n\n".encode()).filename == said


def _nested(depth: int) -> bytes:
    return letter("", more="Content-Type: multipart/mixed; boundary=b0\n") + b"".join(
        b"--b%d\nContent-Type: multipart/mixed; boundary=b%d\n\n" % (n, n + 1) for n in range(depth)
    )


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        (_nested(50), "nests deeper"),
        (letter("", more="Content-Type: multipart/mixed; boundary=b\n") + b"--b\n\nx\n" * 300, "more than 200 parts"),
        (b"From: a@b.example\n" + b"X: y\n" * 100_000, "header of the mail is longer"),
        (b"From: a@b.example\nX: " + b"y" * 1_000_000, "header of the mail is longer"),
    ],
)
def test_hostile_mime_is_refused(said, problem):
    with pytest.raises(Unreadable, match=problem):
        parse(said)


@pytest.mark.parametrize(
    "more",
    [
        "Content-Type: multipart/mixed; boundary=\n",
        "Content-Type: multipart/mixed\n",
        "Content-Type: multipart/mixed; boundary=nowhere\n",
        "Content-Type: ;;;;====\n",
        'Content-Type: text/plain; charset="unclosed\n',
        "Content-Transfer-Encoding: base64x\n",
        "Subject: =?utf-8?b?!!!?=\n",
        "Subject: =?unheard-of?q?x?=\n",
        "Date: Sun, 99 Nov 2026 99:99:99 +9999\n",
        'From: "((((" <<<@>>>\n',
        "From: " + "(" * 5_000 + "\n",
    ],
)
def test_broken_headers_lose_nothing(more):
    assert _hosts(parse(letter("home.ddns.test", more=more)).drafts[0]) == ["home.ddns.test"]


def test_broken_base64_is_read_as_far_as_it_goes():
    said = base64.b64encode(b"home.ddns.test is bad").decode()
    assert _hosts(
        parse(letter(said[:10] + "!\n" + said[10:-1], more="Content-Transfer-Encoding: base64\n")).drafts[0]
    ) == ["home.ddns.test"]


@pytest.mark.parametrize("field", ["From", "Reply-To", "Sender"])
def test_brackets_without_end_in_an_address_are_no_address(field):
    said = letter("Phishing at https://home.ddns.test/").replace(b"From: Carol <", b"From: " + b"(" * 10_000 + b"<")
    assert _hosts(parse(said.replace(b"From:", f"{field}:".encode())).drafts[0]) == ["home.ddns.test"]
