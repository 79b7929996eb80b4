"""Certificate clients of the tests: what they send, octet for octet, and how they read the answer."""

import json
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpResponse

from tests.ddns.devices import SOURCE, ask, basic

# What a certification authority asks for: base64url of a SHA-256 (RFC 8555 §8.4).
FIRST, SECOND, THIRD = ("gfj9Xq-Rg85nM_pEcGmDTEFTBKlpAMQDFTBKlpAMQDx", "b" * 43, "c" * 43)


@dataclass
class AcmeClient:
    """A program that posts JSON. base is what its user configured as the server's address."""

    base: str = ""
    user: str = ""
    key: str = ""
    source: str = SOURCE
    headers: dict[str, str] = field(default_factory=dict)

    def post(self, path: str, body: Any = b"", content_type: str = "application/json", **headers: str) -> HttpResponse:
        octets = body if isinstance(body, bytes) else json.dumps(body).encode()
        return ask("POST", self.base + path, octets, content_type if octets else "", **self._environ(headers))

    def get(self, path: str, **headers: str) -> HttpResponse:
        return ask("GET", self.base + path, **self._environ(headers))

    def register(self, body: Any = b"") -> HttpResponse:
        return self.post("/register", body)

    def update(self, account: dict[str, Any], text: str, **changed: Any) -> HttpResponse:
        """As acme-dns's clients do with what they got at the registration."""
        body = {"subdomain": account["subdomain"], "txt": text, **changed}
        return self.post("/update", body, **api_headers(account))

    def _environ(self, headers: dict[str, str]) -> dict[str, str]:
        authorization = {"HTTP_AUTHORIZATION": basic(self.user, self.key)} if self.user or self.key else {}
        return {"REMOTE_ADDR": self.source, "HTTP_USER_AGENT": "Test/1.0", **authorization, **self.headers, **headers}


def api_headers(account: dict[str, Any]) -> dict[str, str]:
    return {"HTTP_X_API_USER": account["username"], "HTTP_X_API_KEY": account["password"]}


def read(response: HttpResponse, status: int = 200) -> Any:
    """The JSON of an answer that must have this status."""
    assert (response.status_code, response["Content-Type"]) == (status, "application/json"), response.content
    return json.loads(response.content)


def refusal(response: HttpResponse) -> tuple[int, str]:
    """Status and the word for programs, of an answer that has a sentence for people too."""
    content = json.loads(response.content)
    assert set(content) == {"error", "detail"}
    assert content["detail"].endswith("."), content["detail"]
    return response.status_code, content["error"]
