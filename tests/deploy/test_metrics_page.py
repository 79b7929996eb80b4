"""The metrics page: for Prometheus alone, by any host name, without TLS, and clear when there is nothing to tell."""

from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client

from dnsupdate import metrics
from dnsupdate.models import Nameserver, Zone
from tests.dnsupdate.samples import parsed

TOKEN = "a-token-of-thirty-two-characters"
RIGHT = {"Authorization": f"Bearer {TOKEN}"}
QUERIES = 15  # with the savepoint around them, and the limit


@pytest.fixture(autouse=True)
def _token(settings) -> None:
    settings.METRICS_TOKEN = TOKEN


@pytest.fixture
def zone(db) -> Zone:
    server = Nameserver.objects.create(name="nowhere", host="127.0.0.1", port=9)
    return Zone.objects.create(name="ddns.example", primary=server)


def get(headers: dict[str, str] = RIGHT, **more):
    return Client().get("/metrics", headers={**headers, **more})


def test_prometheus_reads_publishing_and_customers(zone):
    response = get()
    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found = parsed(response.content.decode())
    assert found["dnsupdate_zone_failing", "ddns.example"] == 0
    assert ("ddns_restricted_hostnames", "suspended") in found


def test_prometheus_gets_openmetrics_where_it_asks_for_it(zone):
    response = get(Accept="application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5")
    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1.0.0")
    assert response.content.endswith(b"# EOF\n")


def test_a_scrape_costs_few_queries(zone, django_assert_num_queries):
    with django_assert_num_queries(QUERIES):
        get()


def test_stranger_is_refused_and_told_how(db):
    response = get({})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"] == "Bearer"
    assert b"dnsupdate" not in response.content


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer wrong",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer \xfc\xdf",
    ],
)
def test_wrong_token_is_refused(authorization, db):
    assert get({"Authorization": authorization}).status_code == 401


def test_scheme_is_read_in_any_case(zone):
    """RFC 9110 §11.1."""
    assert get({"Authorization": f"bearer {TOKEN}"}).status_code == 200


@pytest.mark.parametrize("headers", [{}, RIGHT, {"Authorization": "Bearer "}, {"Authorization": "Bearer"}])
def test_without_a_token_set_there_is_no_such_page(settings, headers, db):
    settings.METRICS_TOKEN = ""
    assert get(headers).status_code == 404


def test_nothing_can_be_sent_there(zone):
    assert Client().post("/metrics", headers=RIGHT).status_code == 405


def test_prometheus_comes_by_the_services_name_and_without_tls(zone, settings):
    settings.SECURE_SSL_REDIRECT, settings.ALLOWED_HOSTS = True, ["dyn.example.net"]
    assert get(Host="web:8000").status_code == 200


def test_no_other_page_answers_by_that_name(db, settings):
    settings.ALLOWED_HOSTS = ["dyn.example.net"]
    assert Client().get("/accounts/login/", headers={"Host": "web:8000"}).status_code == 400


@pytest.fixture
def _locked_queue(committed_db):
    """Somebody holds the table of what waits, as a careless migration would."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("LOCK TABLE dnsupdate_pendingpublication IN ACCESS EXCLUSIVE MODE")
        yield
        other.rollback()


@pytest.mark.usefixtures("_locked_queue")
def test_a_database_that_is_too_slow_is_said_to_be(monkeypatch):
    monkeypatch.setattr(metrics, "STATEMENT_TIMEOUT", timedelta(milliseconds=100))
    response = get()
    assert response.status_code == 503
    assert response.content.decode().startswith("No metrics: the database is away or too slow. ")
    assert "statement timeout" in response.content.decode()


def test_a_database_that_is_away_is_said_to_be(committed_db):
    """It ends the kept connection, as when it is restarted; the next scrape makes a new one."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (backend,) = cursor.fetchone()
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])
    assert get().status_code == 503
    connection.close()
    assert get().status_code == 200
