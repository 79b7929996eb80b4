"""JSON bodies: whatever comes is read to a bound, or refused; the APIs behind never fail on it."""

import io
import json

import pytest
from django.utils import translation
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ddns.protocols import json_bodies
from ddns.protocols.json_bodies import Malformed
from tests.ddns.acme_clients import FIRST, AcmeClient
from tests.ddns.devices import ask

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        "fqdn",
        "value",
        "domain",
        "token",
        "keyAuth",
        "subdomain",
        "txt",
        "allowfrom",
        "AllowFrom",
        "username",
        "password",
    ]
)
LIKELY = st.sampled_from(["home.ddns.test", "_acme-challenge.home.ddns.test.", FIRST, ["192.0.2.0/24"], ["x"]])
BODIES = st.dictionaries(NAMES, LIKELY | ANYTHING).map(lambda body: json.dumps(body).encode()) | st.binary(max_size=300)
PATHS = [
    "/httpreq/present",
    "/httpreq/cleanup",
    "/register",
    "/acme/register",
    "/acme/storage/home.ddns.test",
    "/update",
]


def environ(octets: bytes, length: str | None = None, *, is_terminated: bool = False) -> dict:
    return {
        "wsgi.input": io.BytesIO(octets),
        "wsgi.input_terminated": is_terminated,
        **({} if length is None else {"CONTENT_LENGTH": length}),
    }


@pytest.mark.parametrize(
    ("octets", "length", "is_terminated", "expected"),
    [
        (b'{"A":1}', "7", True, {"a": 1}),
        (b'{"A":1}', None, True, {"a": 1}),
        (b'{"A":1}', None, False, {}),
        (b'{"A":1}rest', "7", False, {"a": 1}),
        (b'{"a":1,"A":2}', "13", True, {"a": 2}),
        (b"", "0", True, {}),
        (b"", "", True, {}),
        (b" \n", "2", True, {}),
        (b"null\n", "5", True, {}),
    ],
)
def test_body_is_read_as_far_as_it_goes(octets, length, is_terminated, expected):
    assert json_bodies.parse(environ(octets, length, is_terminated=is_terminated)) == expected


@pytest.mark.parametrize("length", ["-1", "x", "1.5", "²", " 7", "99999999999999999999"])
def test_length_that_is_none_is_malformed(length):
    with pytest.raises(Malformed):
        json_bodies.parse(environ(b"x" * 20_000, length))


def test_body_without_end_is_read_to_the_bound():
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            assert 0 < size <= json_bodies.MAX_OCTETS + 1
            return b"x" * size

    with pytest.raises(Malformed):
        json_bodies.parse(environ(b"", None, is_terminated=True) | {"wsgi.input": Endless()})


def test_detail_is_in_the_site_s_language_whoever_looked_at_a_page_last():
    spoken = translation.gettext_lazy("This field is required.")
    with translation.override("de"):
        assert json.loads(json_bodies.error("x", spoken, 400).body)["detail"] == "This field is required."


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=BODIES)
@example(body=b'{"fqdn":"\\ud800","value":"x"}')
@example(body=b'{"domain":"home.ddns.test","keyAuth":"\\udfff"}')
@example(body=b'{"username":"00000000-0000-0000-0000-000000000000","password":"\\ud800"}')
@example(body=b'{"subdomain":"\\ud800","txt":"' + FIRST.encode() + b'"}')
def test_no_body_makes_an_api_fail(home, key, body):
    client = AcmeClient(user="home.ddns.test", key=key)
    for path in PATHS:
        headers = {"HTTP_X_API_USER": "x", "HTTP_X_API_KEY": key} if path == "/update" else {}
        response = client.post(path, body, **headers)
        assert response.status_code in (200, 201, 400, 401, 403, 404), (path, response.content)
        json.loads(response.content)


@pytest.mark.django_db
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    path=st.text(st.characters(max_codepoint=255), max_size=60),
    user=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
    secret=st.text(st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=60),
)
def test_no_path_and_no_header_makes_an_api_fail(home, path, user, secret):
    body = json.dumps({"subdomain": user, "txt": FIRST}).encode()
    headers = {"HTTP_X_API_USER": user, "HTTP_X_API_KEY": secret, "HTTP_AUTHORIZATION": f"Bearer {secret}"}
    for target in ("/update", "/acme/" + path, "/acme/storage/" + path, f"/acme/{secret}/{path}/register"):
        assert ask("POST", "/x", body, PATH_INFO=target, **headers).status_code in (400, 401, 404, 429, 503)
