"""The OpenAPI document: without warnings, as it is committed, and true."""

import pytest
import yaml
from django.core.management import call_command
from django.test import Client

from abuse.rest.urls import urlpatterns as for_reporters
from ddns.rest.urls import urlpatterns as for_customers
from tests.test_layers import ROOT

COMMITTED = ROOT / "docs" / "openapi.yaml"
OPENAPI = "/api/v1/openapi.json"


def test_committed_document_is_what_the_code_says(tmp_path):
    """Brought up to date by: python manage.py spectacular --file docs/openapi.yaml --validate --fail-on-warn"""
    call_command("spectacular", file=str(tmp_path / "openapi.yaml"), validate=True, fail_on_warn=True)

    assert (tmp_path / "openapi.yaml").read_text() == COMMITTED.read_text()


def test_document_is_served_with_an_etag(client):
    response = client.get(OPENAPI)

    assert response.json() == yaml.safe_load(COMMITTED.read_text())
    assert client.get(OPENAPI, headers={"If-None-Match": response["ETag"]}).status_code == 304
    assert client.post(OPENAPI).status_code == 405


def test_every_address_is_described():
    described = set(yaml.safe_load(COMMITTED.read_text())["paths"])
    routes = {
        "/api/v1/" + str(each.pattern).replace("<str:", "{").replace(">", "}")
        for each in (*for_customers, *for_reporters)
    }

    assert routes - described == {"/api/v1/", OPENAPI}


@pytest.mark.parametrize("path", ["ddns/reference.js", "drf_spectacular_sidecar/swagger-ui-dist/swagger-ui-bundle.js"])
def test_page_loads_what_it_runs_from_here(db, path):
    page = Client().get("/api/v1/")

    assert f"/static/{path}" in page.content.decode()
    assert "unsafe" not in page["Content-Security-Policy"]
