"""Files of evidence: each look is in the ledger, nothing is served as it came, and what must not be shown is not there."""

import io
import random
import struct
import zlib

import pytest
import pyzipper
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image
from PIL.Image import Exif

from abuse import files, pictures
from abuse.files import Kind
from abuse.models import Blob, Evidence, LedgerEntry
from abuse.pictures import NotAPicture, Size
from ddns.models import User
from tests.abuse import page_rows as rows
from tests.people import logged_in

pytestmark = pytest.mark.django_db
VIEWS = ("change", "picture", "blurred", "download")


def picture(form: str = "PNG", size: tuple[int, int] = (300, 200), **options) -> bytes:
    output = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(output, form, **options)
    return output.getvalue()


@pytest.fixture
def report(home):
    return rows.report(rows.case(home))


@pytest.fixture
def named(oscar) -> User:
    oscar.user_permissions.add(Permission.objects.get(codename="view_restricted_case"))
    return User.objects.get(pk=oscar.pk)


def address(view: str, evidence: Evidence) -> str:
    return reverse(f"admin:abuse_evidence_{view}", args=[evidence.pk])


def looks() -> list[str]:
    return list(LedgerEntry.objects.filter(action="look").values_list("object", flat=True))


def test_text_is_shown_escaped_and_the_look_is_in_the_ledger(report, oscar):
    evidence = rows.evidence(report, b"GET / {{ 1 }} <b>alert(1)</b> \n", "access.log", "text/html")
    page = logged_in(oscar).get(address("change", evidence))
    assert "&lt;b&gt;alert(1)" in page.content.decode()
    assert "<b>alert(1)" not in page.content.decode()
    assert looks() == [f"evidence {evidence.pk}"]
    assert LedgerEntry.objects.get().actor == oscar
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize("written", ["\u202egpj.exe", "<html><p>&#x202e;gpj.exe &#8295;</p></html>"])
def test_text_that_turns_around_is_shown_as_it_is_written(report, oscar, written):
    page = logged_in(oscar).get(address("change", rows.evidence(report, written.encode(), "a.txt"))).content.decode()
    assert "⟦U+202E⟧gpj.exe" in page
    assert not set(page) & set("\u202e\u2067")


def test_html_is_shown_as_source_and_as_text_without_links_pictures_and_scripts(report, oscar):
    content = (
        b"<html><body onload=evil()><h1>Log in</h1><a href='https://bank.example'>here</a><img src=x onerror=evil()>"
        b"<form action=/steal><input name=pin></form><style>*{display:none}</style><iframe src=//evil.example></iframe></body>"
    )
    page = logged_in(oscar).get(address("change", rows.evidence(report, content, "page.html"))).content.decode()
    rendering = page.partition('class="rendering">')[2].partition("</section>")[0]
    assert "<h1>Log in</h1>" in rendering
    for bad in ("<a", "href", "<img", "onerror", "<form", "<input", "<style", "<iframe", "onload", "evil"):
        assert bad not in rendering
    assert "&lt;h1&gt;Log in" in page


def test_long_text_is_cut(report, oscar):
    evidence = rows.evidence(report, b"x" * (files.MAX_SHOWN_OCTETS + 10), "big.log")
    page = logged_in(oscar).get(address("change", evidence)).content.decode()
    assert "The beginning; the rest is in the download" in page
    assert len(page) < files.MAX_SHOWN_OCTETS + 100_000


@pytest.mark.parametrize("form", ["PNG", "JPEG", "GIF", "WEBP", "BMP"])
def test_picture_is_painted_anew_and_the_look_is_in_the_ledger(report, oscar, form):
    evidence = rows.evidence(report, picture(form), "screen", "image/png")
    response = logged_in(oscar).get(address("picture", evidence))
    assert response.content != bytes(evidence.blob.content)
    assert Image.open(io.BytesIO(response.content)).format == "JPEG"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in response["Cache-Control"]
    assert response["Content-Security-Policy"].startswith("sandbox")
    assert looks() == [f"evidence {evidence.pk}"]


def test_painted_picture_has_no_metadata():
    exif = Exif()
    exif[0x010E], exif[0x8825] = "taken at home", {1: "N"}
    painted = pictures.paint(picture("JPEG", exif=exif, comment=b"secret comment"), Size.WHOLE)
    assert b"Exif" not in painted
    assert b"secret comment" not in painted
    assert not Image.open(io.BytesIO(painted)).getexif()


def test_blurred_picture_shows_no_shape_and_is_no_look(report, oscar):
    evidence = rows.evidence(report, picture(size=(1280, 800)), "screen.png", "image/png")
    response = logged_in(oscar).get(address("blurred", evidence))
    assert max(Image.open(io.BytesIO(response.content)).size) <= 120
    assert looks() == []


def bomb() -> bytes:
    """A PNG that says it has 60,000 by 60,000 pixels, in some octets."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 10_000))
        + chunk(b"IEND", b"")
    )


def large() -> bytes:
    """Within no limit by a little, and well-formed."""
    return picture(size=(8000, 5001))


HOSTILE = {
    "bomb": bomb,
    "too many pixels": large,
    "cut": lambda: picture()[:200],
    "noise": lambda: b"\x89PNG\r\n\x1a\n" + random.Random(1).randbytes(5000),
    "noise as JPEG": lambda: b"\xff\xd8\xff\xe0" + random.Random(2).randbytes(5000),
    "PDF": lambda: b"%PDF-1.7",
    "SVG": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>",
    "EPS": lambda: b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 1 1\n",
    "TIFF": lambda: picture("TIFF"),
    "ICO": lambda: picture("ICO", size=(16, 16)),
    "nothing": lambda: b"",
    "too big": lambda: b"\x89PNG\r\n\x1a\n" + b"\0" * pictures.MAX_OCTETS,
}


@pytest.mark.parametrize("make", HOSTILE.values(), ids=HOSTILE.keys())
def test_what_is_no_harmless_picture_is_not_painted(make):
    with pytest.raises(NotAPicture):
        pictures.paint(make(), Size.WHOLE)


def test_picture_that_is_none_is_not_found_and_no_look(report, oscar):
    evidence = rows.evidence(report, b"not a picture", "screen.png", "image/png")
    assert logged_in(oscar).get(address("picture", evidence)).status_code == 404
    assert looks() == []


def test_text_is_downloaded_as_octets_to_be_saved(report, oscar):
    evidence = rows.evidence(report, b"log line\n", "../../etc/pass wd;\r\nX: y.log", "text/html")
    response = logged_in(oscar).get(address("download", evidence))
    assert response.content == b"log line\n"
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"] == 'attachment; filename="pass_wd_X_y.log"'
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert looks() == [f"evidence {evidence.pk}"]


RUNS = {
    "an executable": (b"MZ\x90\0\0", "kit.txt"),
    "an ELF": (b"\x7fELF\2\1\1", "x"),
    "an archive": (b"PK\3\4", "x.png"),
    "a PDF": (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "bill.pdf"),
    "HTML": (b"<!doctype html><p>x</p>", "page.txt"),
    "a script by name": (b"WScript.Echo 1", "a.VBS"),
    "a script by its first line": (b"#!/bin/sh\nrm -rf /", "readme"),
    "SVG": (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "a.svg"),
    "a macro document": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.doc"),
}


@pytest.mark.parametrize(("content", "name"), RUNS.values(), ids=RUNS.keys())
def test_what_could_run_comes_in_a_locked_archive(report, oscar, content, name):
    response = logged_in(oscar).get(address("download", rows.evidence(report, content, name)))
    assert response["Content-Disposition"].endswith('.zip"')
    with pyzipper.AESZipFile(io.BytesIO(response.content)) as archive:
        (inside,) = archive.namelist()
        with pytest.raises(RuntimeError):
            archive.read(inside)
        assert archive.read(inside, pwd=b"infected") == content


def test_quarantined_file_is_served_to_nobody(report, oscar, named, root):
    evidence = rows.evidence(report, picture(), "x.png", "image/png", is_quarantined=True)
    for user in (named, root):
        for view in VIEWS[1:]:
            assert logged_in(user).get(address(view, evidence)).status_code == 404
        page = logged_in(user).get(address("change", evidence)).content.decode()
        assert evidence.blob_id in page
        assert "shown to nobody" in page
    assert looks() == []


def test_the_same_file_on_another_report_is_served_to_nobody_either(report, oscar, home):
    seen = rows.evidence(report, picture(), "screen.png")
    secret = rows.report(rows.case(home, kind="content/csam"))
    rows.evidence(secret, picture(), "screen.png", is_quarantined=True)
    client = logged_in(oscar)
    assert {client.get(address(view, seen)).status_code for view in VIEWS} == {404}


def test_file_of_a_restricted_case_is_served_to_nobody_and_known_to_the_named(home, oscar, root, clerk):
    report = rows.report(rows.case(home, kind="content/csam"))
    evidence = rows.evidence(report, b"text", "x.txt", "text/plain")
    for view in VIEWS:
        assert logged_in(oscar).get(address(view, evidence)).status_code == 404
    for view in VIEWS[1:]:
        assert logged_in(root).get(address(view, evidence)).status_code == 404
    page = logged_in(root).get(address("change", evidence)).content.decode()
    assert evidence.blob_id in page
    assert looks() == []


def test_analyst_is_not_even_told_the_hash_of_what_is_quarantined(report, oscar):
    evidence = rows.evidence(report, b"x", "x.txt", is_quarantined=True)
    assert logged_in(oscar).get(address("change", evidence)).status_code == 404


def test_purged_file_says_so(report, oscar):
    evidence = rows.evidence(report, b"log", "x.log")
    Blob.objects.filter(pk=evidence.blob_id).update(content=b"", purged_at=timezone.now())
    assert "purged" in logged_in(oscar).get(address("change", evidence)).content.decode()
    assert logged_in(oscar).get(address("download", evidence)).status_code == 404


@pytest.mark.parametrize("view", VIEWS)
def test_stranger_customer_and_clerk_see_nothing(report, alice, clerk, view):
    evidence = rows.evidence(report, picture(), "x.png", "image/png")
    clerk.user_permissions.add(Permission.objects.get(codename="view_case"))
    assert Client().get(address(view, evidence)).status_code == 302
    assert logged_in(alice).get(address(view, evidence)).status_code in (302, 403)
    assert logged_in(clerk).get(address(view, evidence)).status_code == 403
    assert looks() == []


KINDS = [
    (b"plain text", Kind.TEXT),
    ("Grüße".encode(), Kind.TEXT),
    (b"", Kind.TEXT),
    (b"\xff\xfe\x00\x01", Kind.OTHER),
    (b"a\x00b", Kind.OTHER),
    (b"  <!DOCTYPE html>", Kind.HTML),
    (b"text and <script>x</script>", Kind.HTML),
    (b"GIF89a....", Kind.PICTURE),
    (b"a" * 65_535 + "ü".encode(), Kind.TEXT),
]


@pytest.mark.parametrize(("content", "kind"), KINDS)
def test_kind_is_by_the_octets(content, kind):
    assert files.kind_of(content) == kind
