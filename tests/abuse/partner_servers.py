"""Nameservers of the sharing stories: a primary with a zone for partners alone, and a partner's resolver that enforces it."""

from pathlib import Path

from deploy.local.bind import KEY, Bind
from deploy.local.tsig import TsigKey

# As docs/partners.md says it, but for the addresses.
POLICY_ZONE = """\
zone "{apex}" {{
    type primary;
    file "{apex}.zone";
    update-policy {{ {grants} }};
    allow-query {{ key "{partner}"; 127.0.0.1; }};
    allow-transfer {{ key "{partner}"; key "{publisher}"; }};
}};
"""

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
    response-policy {{ zone "{policy}"; }} qname-wait-recurse no min-update-interval 1;
}};
zone "{policy}" {{
    type secondary; file "{policy}.secondary"; masterfile-format text; allow-query {{ none; }};
    primaries {{ 127.0.0.1 port {primary_port} key "{partner_name}"; }};
}};
zone "{names}" {{ type forward; forward only; forwarders {{ 127.0.0.1 port {primary_port}; }}; }};
"""


class PolicyBind(Bind):
    """A primary whose policy zones, those that are called rpz-…, a partner's key may ask and transfer and not change."""

    def __init__(self, directory: Path, *, partner: TsigKey, **options) -> None:
        super().__init__(directory, **options)
        self.partner = partner

    def _zone_statement(self, apex: str, file: str = "") -> str:
        if not apex.startswith("rpz-"):
            return super()._zone_statement(apex, file)
        grants = f'grant "{self.key.name}" zonesub ANY;'
        return POLICY_ZONE.format(apex=apex, grants=grants, partner=self.partner.name, publisher=self.key.name)

    def _more_config(self) -> str:
        return KEY.format(key=self.partner)


class Resolver(Bind):
    """A partner's. It transfers the policy with its own key, and asks for the names in one zone at the same primary."""

    name = "resolver"

    def __init__(self, directory: Path, *, primary: Bind, policy: str, names: str, partner: TsigKey) -> None:
        super().__init__(directory, key=partner)
        self.primary, self.policy, self.names = primary, policy, names

    def is_ready(self) -> bool:
        return (self.directory / f"{self.policy}.secondary").exists()

    def _write_config(self) -> None:
        values = {
            "partner": KEY.format(key=self.key),
            "partner_name": self.key.name,
            "control": self.control_key,
            "control_port": self.control_port,
            "directory": self.directory,
            "port": self.port,
            "policy": self.policy,
            "names": self.names,
            "primary_port": self.primary.port,
        }
        super()._write_config()
        self._write("named.conf", RESOLVER.format(**values))
