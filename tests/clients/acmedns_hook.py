"""certbot's hook of these tests: an acme-dns client as small as one can be, which waits until DNS has its value.

Registers with an empty body and no length, keeps what it got in a file by domain, and sets the value as certbot asks.
"""

import json
import os
from datetime import timedelta
from pathlib import Path

import dns.message
import dns.query
import requests

from deploy.local.deadline import wait_for

SOON = timedelta(seconds=60)


def main() -> None:
    base, file = os.environ["ACMEDNS_URL"], Path(os.environ["ACMEDNS_FILE"])
    domain, text = os.environ["CERTBOT_DOMAIN"], os.environ["CERTBOT_VALIDATION"]
    kept = json.loads(file.read_text()) if file.exists() else {}
    if domain not in kept:
        response = requests.post(f"{base}/register", timeout=SOON.total_seconds())
        assert response.status_code == 201, response.text
        kept[domain] = response.json()
    account = kept[domain]
    headers = {"X-Api-User": account["username"], "X-Api-Key": account["password"], "Content-Type": "application/json"}
    body = json.dumps({"subdomain": account["subdomain"], "txt": text})
    response = requests.post(f"{base}/update", data=body, headers=headers, timeout=SOON.total_seconds())
    assert response.status_code == 200, response.text
    file.write_text(json.dumps({**kept, "texts": [*kept.get("texts", []), text]}))
    wait_for(lambda: f'"{text}"' in answered(account["fulldomain"]), SOON, f"{text} at {account['fulldomain']}")


def answered(name: str) -> list[str]:
    host, port = os.environ["PRIMARY"].split()
    response = dns.query.udp(dns.message.make_query(name, "TXT"), host, port=int(port), timeout=SOON.total_seconds())
    return [str(rdata) for rrset in response.answer for rdata in rrset]


if __name__ == "__main__":
    main()
