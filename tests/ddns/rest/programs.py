"""What the tests speak to the REST API with."""

import json
from typing import Any

from django.http import HttpResponse
from django.test import Client

SOURCE = "198.51.100.9"
ROOT = "/api/v1"


class Program:
    """A client with a key, or without one; addresses are those below /api/v1."""

    def __init__(self, key: str = "", client: Client | None = None, source: str = SOURCE) -> None:
        self.key, self.source = key, source
        self.client = client or Client(enforce_csrf_checks=True)

    def get(self, path: str, **headers: str) -> HttpResponse:
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any = None, **headers: str) -> HttpResponse:
        return self.send("POST", path, {} if body is None else body, **headers)

    def patch(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PATCH", path, body, **headers)

    def put(self, path: str, body: Any, **headers: str) -> HttpResponse:
        return self.send("PUT", path, body, **headers)

    def delete(self, path: str, **headers: str) -> HttpResponse:
        return self.send("DELETE", path, **headers)

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> HttpResponse:
        """A body that is bytes goes as it is. Headers are given as names of Python."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.key:
            given.setdefault("Authorization", f"Bearer {self.key}")
        content_type = given.pop("Content-Type", "application/json")
        octets = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        return self.client.generic(
            method, f"{ROOT}{path}", octets, content_type if octets else "", headers=given, REMOTE_ADDR=self.source
        )


def problem(response: HttpResponse) -> tuple[int, str]:
    """Its status and the kind that it says; fails where the answer is no problem."""
    assert response["Content-Type"] == "application/problem+json", response.content
    said = response.json()
    assert said["status"] == response.status_code
    assert said["title"]
    assert said["detail"]
    return response.status_code, said["type"].rpartition("/")[2]


def fields(response: HttpResponse) -> list[str]:
    """Which fields its errors are about."""
    return [error.get("field", "") for error in response.json()["errors"]]
