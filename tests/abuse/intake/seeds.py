"""Valid inputs of every format, to mutate: by name, as octets."""

import base64
import json

from abuse.intake import form
from tests.abuse.intake import test_arf, test_feeds, test_misp, test_stix, test_x_arf
from tests.abuse.intake.reports import evidence, xarf

XARF_3 = {
    "Version": "3",
    "ReporterInfo": {
        "ReporterOrg": "Watch",
        "ReporterOrgDomain": "watch.example",
        "ReporterOrgEmail": "soc@watch.example",
    },
    "Disclosure": True,
    "Report": {
        "ReportClass": "Content",
        "ReportType": "Phishing",
        "Date": "2026-11-01T10:00:00Z",
        "SourceIp": "192.0.2.7",
        "SourcePort": 443,
        "Url": "https://home.ddns.test/bank",
        "Samples": [{"ContentType": "text/plain", "Base64Encoded": False, "Description": "Log", "Payload": "GET /"}],
    },
}
RICH = xarf(
    evidence=[evidence(), evidence(hash="sha256:" + "0" * 64)],
    c2_servers=[{"address": "c2.ddns.test", "port": 1177}],
    related_domains=[{"domain": "b.ddns.test", "relationship": "same_ip"}],
    redirect_chain=["https://a.example/"],
    tags=["brand:bank"],
    confidence=0.5,
    file_hashes={"sha256": "0" * 64},
    dns_records={"a": ["192.0.2.7"]},
)
BUNDLE = {
    "type": "bundle",
    "id": "bundle--1",
    "objects": [
        test_stix.IDENTITY,
        test_stix.MALWARE,
        test_stix.indicator(
            "[domain-name:value IN ('a.ddns.test','b.ddns.test') OR network-traffic:dst_port = 1177]",
            created_by_ref="identity--1",
            labels=["rat"],
            confidence=80,
            object_marking_refs=["marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"],
        ),
        test_stix.INDICATES,
        {"type": "sighting", "sighting_of_ref": "indicator--1", "last_seen": "2026-11-02T00:00:00Z"},
        {"type": "observed-data", "id": "observed-data--1", "object_refs": ["domain-name--1"]},
        {"type": "domain-name", "id": "domain-name--1", "value": "home.ddns.test"},
    ],
}
EVENT = {
    "Event": test_misp.event(
        test_misp.attribute(Sighting=[{"type": "1"}]), test_misp.attribute("a.ddns.test|80", "hostname|port")
    )
}
LETTER = (
    "From: =?utf-8?q?C=C3=A4rol?= <carol@watch.example>\r\nSubject: Phishing\r\nDate: Sun, 1 Nov 2026 10:00:00 +0000\r\n"
    "Message-ID: <1@watch.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    "--b\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    "See hxxps://home[.]ddns[.]test/=C3=BC and b . ddns . test:80\r\n"
    '--b\r\nContent-Type: text/html\r\n\r\n<p>See <a href="https://home.ddns.test/">x</a></p>\r\n'
    "--b\r\nContent-Type: image/png; name*=utf-8''a.png\r\nContent-Disposition: attachment; filename*0=a; filename*1=.png\r\n"
    f"Content-Transfer-Encoding: base64\r\n\r\n{base64.b64encode(b'png').decode()}\r\n"
    "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: x\r\n\r\nhttps://lure.ddns.test/\r\n--b--\r\n"
)

FORM = form.write(
    form.FormReport(
        kind="content/phishing",
        names=("home.ddns.test", "hxxps://lure[.]ddns[.]test/x", "localhost"),
        description="Seen it.",
        email="carol@watch.example",
        details={"target_brand": "Bank"},
        files=(form.File("a.txt", "text/plain", b"GET /"),),
    )
)

# Of an authority, with lines that name nothing.
ORDER = b"""Polizeidirektion Example
Ref.: AZ 12 Cr 345/26, 30.06.2014
olivia@police.example

Dear sir or madam,
we request that you, z.B. today, withdraw the following names (see report.pdf):

1) hxxp://evil[.]ddns[.]net:1177/ (njRAT)
2) bad(dot)hopto(dot)org , TCP 5552
3) evil ddns net
4) 203.0.113.7

Kind regards,
Olivia Example
"""

# Formats of JSON, as values.
VALUES = {
    "form": json.loads(FORM),
    "xarf": RICH,
    "xarf-list": [RICH, xarf(category="infrastructure", type="botnet", c2_server="c2.ddns.test:80")],
    "xarf-3": XARF_3,
    "stix": BUNDLE,
    "misp": EVENT,
    "urlhaus": {"query_status": "ok", "urls": [test_feeds.URL], "blacklists": {"spamhaus_dbl": "abused_legit_malware"}},
    "threatfox": {"query_status": "ok", "data": [test_feeds.IOC]},
}
OCTETS = {name: json.dumps(value).encode() for name, value in VALUES.items()} | {
    "x-arf": test_x_arf.REPORT.encode(),
    "x-arf-mail": test_x_arf.mail(),
    "arf": test_arf.mail(
        "Reported-Domain: home.ddns.test",
        "Source-IP: 192.0.2.7",
        "Arrival-Date: Sun, 1 Nov 2026 10:00:00 +0000",
        original="From: a@b.example\n\nhttps://lure.ddns.test/\n",
    ),
    "mail": LETTER.encode(),
    "mail-xarf": f"From: a@b.example\nSubject: x\n\nHello\n{json.dumps(xarf())}\nBye\n".encode(),
    "csv": b'host,ip,port,type,date,comment,tags\nhome.ddns.test,192.0.2.7,1177,c2,2026-11-01,"a, b",x\n',
    "csv-bare": b"2026-11-01;home.ddns.test;80;phishing\n2026-11-02;192.0.2.7;81;spam\n",
    "list": b"# c\nhome.ddns.test:1177\n192.0.2.7\n[2001:db8::7]:80\nhxxps://a[.]ddns[.]test/x ; y\n||b.ddns.test^\n",
    "urlhaus-csv": test_feeds.URLHAUS_CSV.encode(),
    "threatfox-csv": test_feeds.THREATFOX_CSV.encode(),
    "letter": "Bitte prüfen: hxxp://home[.]ddns[.]test und b dot ddns dot test".encode(),
}
