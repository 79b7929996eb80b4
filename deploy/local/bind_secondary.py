"""A private BIND on loopback as secondary."""

from pathlib import Path

from .bind import Bind

ZONE = """\
zone "{apex}" {{
    type secondary;
    file "{apex}.secondary";
    primaries {{ {host} port {port} key "{key.name}"; }};
}};
"""


class BindSecondary(Bind):
    """Transfers every zone from `primary`, with the key that may update there."""

    name = "bind-secondary"

    def __init__(self, directory: Path, *, primary: tuple[str, int], **options) -> None:
        super().__init__(directory, **options)
        self.primary = primary

    def _write_config(self) -> None:
        apexes, self.zones = self.zones, []
        super()._write_config()
        self.zones = apexes
        host, port = self.primary
        zones = "".join(ZONE.format(apex=apex, host=host, port=port, key=self.key) for apex in apexes)
        self._write("named.conf", (self.directory / "named.conf").read_text() + zones)
