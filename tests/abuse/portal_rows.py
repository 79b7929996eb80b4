"""What Olivia files, for tests of the portal."""

from typing import Any

from abuse import orders
from abuse.models import Officer, Order, OrderFile
from abuse.orders import Filing, UploadedFile

PDF = b"%PDF-1.7\n% an order\n"
NAMES = "home.ddns.test\nHXXP://bad[.]ddns.test:1177/\n# foreign\nwww.example.org\n"


def filing(**said: Any) -> Filing:
    values: dict[str, Any] = {
        "kind": Order.Kind.TAKEDOWN,
        "instrument": Order.Instrument.COURT_ORDER,
        "reference": "12 Cr 345/26",
        "issuing_authority": "Regional Court of Example",
        "legal_basis": "Section 1 of the Example Act",
        "reasons": "The names control malware.",
        "redress": "Appeal to the Higher Court of Example within two weeks.",
        "contact": "Olivia Example, +43 1 555 0199",
        **said,
    }
    return Filing(**values)


def information(**said: Any) -> Filing:
    wanted = {"parts": ["subscriber", "addresses"], "since": "2026-10-01T00:00:00Z", "until": None}
    return filing(**{"kind": Order.Kind.INFORMATION, "wanted_records": wanted, **said})


def files(names: str = NAMES, paper: bytes = PDF) -> list[UploadedFile]:
    return [
        UploadedFile(paper, "C:\\orders\\order.pdf", "application/pdf"),
        UploadedFile(names.encode(), "names.txt", "text/plain", OrderFile.Role.NAMES),
    ]


def filed(by: Officer, said: Filing | None = None, *, names: str = NAMES, **how: Any) -> Order:
    return orders.file(by, said or filing(), files(names), **{"door": Order.Door.PORTAL, "source": "192.0.2.1", **how})
