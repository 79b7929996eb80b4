"""What a nameserver must be told to serve one of our zones: for BIND and for Knot, as text to paste or include."""

from dataclasses import dataclass

from dnsupdate.models import TsigKey

# 60 seconds: how long a resolver remembers that a name does not exist, so that a mistake heals within a minute.
_ZONE_FILE = """\
$TTL 60
@ IN SOA {ns} hostmaster.{apex}. 1 3600 600 1209600 60
@ IN NS {ns}
{glue}"""

_BIND = """\
// Include this in named.conf and put {apex}.zone into BIND's directory (it must be writable for the journal).
key "{key}" {{
    algorithm {algorithm};
    secret "{secret}";
}};
zone "{apex}" {{
    type primary;
    file "{apex}.zone";
    update-policy {{ grant {key} zonesub ANY; }};
    allow-transfer {{ key {key}; }};  // manage.py verify_zone, and secondaries
    notify-delay 0;                   // the default of 5 s is what secondaries would lag
    max-journal-size 512m;
    max-ixfr-ratio unlimited;
    // notify explicit; also-notify {{ 192.0.2.53; }};  // your secondaries
}};
"""

_KNOT = """\
# Include this in knot.conf and put {apex}.zone into Knot's storage directory. For zones of up to some
# ten thousand names: the cost of an update grows with the zone (BIND's does not).
key:
  - id: {key}
    algorithm: {algorithm}
    secret: "{secret}"
acl:
  - id: publisher-{apex}
    key: {key}
    action: [update, transfer]
zone:
  - domain: {apex}
    file: "{apex}.zone"
    acl: publisher-{apex}
    zonefile-sync: -1       # with 0, acknowledged updates may be lost in a power cut
    zonefile-load: difference-no-serial
    journal-content: all
"""


@dataclass(frozen=True, slots=True)
class Snippets:
    """File contents by file name. Two of them hold the key's secret: keep them private."""

    by_file_name: dict[str, str]


def render(apex: str, key: TsigKey) -> Snippets:
    """The initial zone file and the zone's configuration for either server."""
    algorithm = "hmac-md5" if key.algorithm.startswith("hmac-md5") else key.algorithm
    values = {"apex": apex, "key": key.name, "algorithm": algorithm, "secret": key.secret}
    zone_file = _ZONE_FILE.format(apex=apex, ns=f"ns1.{apex}.", glue="ns1 IN A 127.0.0.1 ; the server's own address\n")
    return Snippets(
        {
            f"{apex}.zone": zone_file,
            f"{apex}.bind.conf": _BIND.format(**values),
            f"{apex}.knot.conf": _KNOT.format(**values),
        }
    )
