"""Nameservers of the sharing stories, configured as docs/partners.md says: a primary with a zone for partners alone, and a
partner's resolver that enforces it."""

import re
from pathlib import Path

from deploy.local.bind import KEY, Bind
from deploy.local.ports import free_port
from deploy.local.tsig import TsigKey

PAGE = (Path(__file__).parents[2] / "docs" / "partners.md").read_text()
# What stands there for what each has of its own.
APEX, PARTNER, PUBLISHER, OUR_NETWORK = "rpz-green.invalid", "partner-cert", "ddns-publisher", "192.0.2.0/28"
RESOLVER_ADDRESS, PRIMARY_ADDRESS = "198.51.100.53", "203.0.113.53"


def _statement(of: str, within: str) -> str:
    """The statement of a zone out of the page's block that has these words."""
    block = next(each for each in re.findall(r"^```\w*\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE) if within in each)
    found = re.search(rf"^{of}.*?^\}};$", block, re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[0]


POLICY_ZONE = _statement("zone", "type primary")
TRANSFERRED = _statement("zone", "type secondary")
POLICY = re.search(r"^options \{ (response-policy .*;) \};$", PAGE, re.MULTILINE)[1]

RESOLVER = """\
{partner}
key "{control.name}" {{ algorithm {control.algorithm}; secret "{control.secret}"; }};
controls {{ inet 127.0.0.1 port {control_port} allow {{ 127.0.0.1; }} keys {{ "{control.name}"; }}; }};
options {{
    directory "{directory}";
    pid-file none;
    listen-on port {port} {{ 127.0.0.1; }};
    listen-on-v6 {{ none; }};
    recursion yes;
    allow-recursion {{ 127.0.0.1; }};
    dnssec-validation no;
    {response_policy}
}};
{transferred}
zone "{names}" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {primary_port}; }}; }};
"""


class PolicyBind(Bind):
    """A primary whose policy zones, those that are called rpz-…, a partner's key may ask and transfer and not change."""

    def __init__(self, directory: Path, *, partner: TsigKey, **options) -> None:
        super().__init__(directory, **options)
        self.partner, self.resolver_port = partner, free_port()

    def _zone_statement(self, apex: str, file: str = "") -> str:
        if not apex.startswith("rpz-"):
            return super()._zone_statement(apex, file)
        return _with(
            POLICY_ZONE,
            {
                APEX: apex,
                PARTNER: self.partner.name,
                PUBLISHER: self.key.name,
                OUR_NETWORK: self.host,
                RESOLVER_ADDRESS: f"{self.host} port {self.resolver_port}",
            },
        )

    def _more_config(self) -> str:
        return KEY.format(key=self.partner)


class Resolver(Bind):
    """A partner's. It transfers the policy with its own key, and asks for the names in one zone at the same primary."""

    name = "resolver"

    def __init__(self, directory: Path, *, primary: PolicyBind, policy: str, names: str, partner: TsigKey) -> None:
        super().__init__(directory, key=partner, port=primary.resolver_port)
        self.primary, self.policy, self.names = primary, policy, names

    def is_ready(self) -> bool:
        return (self.directory / f"{self.policy}.secondary").exists()

    def _write_config(self) -> None:
        own = {
            APEX: self.policy,
            PARTNER: self.key.name,
            PRIMARY_ADDRESS: f"{self.primary.host} port {self.primary.port}",
        }
        values = {
            "partner": KEY.format(key=self.key),
            "control": self.control_key,
            "control_port": self.control_port,
            "directory": self.directory,
            "port": self.port,
            "response_policy": _with(POLICY, {APEX: self.policy}),
            "transferred": _with(TRANSFERRED, own),
            "names": self.names,
            "primary_port": self.primary.port,
        }
        super()._write_config()
        self._write("named.conf", RESOLVER.format(**values))


def _with(text: str, own: dict[str, str]) -> str:
    for said, value in own.items():
        assert said in text
        text = text.replace(said, value)
    return text + "\n"
