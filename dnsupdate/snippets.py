"""What a nameserver must be told to serve one of our zones: for BIND and for Knot, as text to paste or include."""

from dataclasses import dataclass

from dnsupdate.models import TsigKey

# 60 seconds: how long a resolver remembers that a name does not exist, so that a mistake heals within a minute.
_ZONE_FILE = """\
$TTL 60
@ IN SOA {ns} hostmaster.{apex}. 1 3600 600 1209600 60
@ IN NS {ns}
{glue}"""

# The key has a file of its own: several zones share it, and neither server takes it twice.
_BIND_KEY = """\
// Include this in named.conf once.
key "{key}" {{
    algorithm {algorithm};
    secret "{secret}";
}};
"""

_BIND = """\
// Include this in named.conf, and {key}.key.bind.conf once. Put {apex}.zone into BIND's directory, which must be
// writable for the journal.
zone "{apex}" {{
    type primary;
    file "{apex}.zone";
    update-policy {{ grant {key} zonesub ANY; }};
    allow-transfer {{ key {key}; }};  // manage.py verify_zone, and secondaries
    notify-delay 0;                   // the default of 5 s is what secondaries would lag
    max-journal-size 512m;
    max-ixfr-ratio unlimited;
{signing}    // notify explicit; also-notify {{ 192.0.2.53; }};  // your secondaries
}};
"""

_KNOT_KEY = """\
# Include this in knot.conf once, before the zones.
key:
  - id: {key}
    algorithm: {algorithm}
    secret: "{secret}"
"""

_KNOT = """\
# Include this in knot.conf, after {key}.key.knot.conf, and put {apex}.zone into Knot's storage directory. For zones
# of up to some ten thousand names: the cost of an update grows with the zone (BIND's does not).
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
{signing}"""

# One key that signs everything (CSK): nobody has to change the DS record at the registry until the key is changed by hand.
# No NSEC3: the names of a dynamic zone are no secret worth twice the denials, and its opt-out would deny nothing.
_BIND_POLICY = """\
// Include this in named.conf once, before the zones.
dnssec-policy "ddns-signed" {{
    keys {{ csk lifetime unlimited algorithm ecdsap256sha256; }};
    dnskey-ttl 1h;
    max-zone-ttl 1d;               // a higher TTL is cut down to this without a word
    signatures-validity 14d;
    signatures-validity-dnskey 14d;
    signatures-refresh 5d;         // an alarm comes when they have less than DDNS_SIGNATURE_WARNING_DAYS
    // nsec3param iterations 0 optout no salt-length 0;  // so that nobody can list the zone (RFC 9276)
}};
"""

_BIND_SIGNING = """\
    dnssec-policy "ddns-signed";
    inline-signing no;                // signs the zone that is updated, and no copy of it
    key-directory "keys";             // make it, writable for BIND alone, and keep a copy: without the keys the zone is dark
"""

_KNOT_POLICY = """\
# Include this in knot.conf once, before the zones. The keys are in Knot's storage directory, keys/: keep a copy, without
# them the zone is dark.
policy:
  - id: ddns-signed
    single-type-signing: on
    algorithm: ecdsap256sha256
    ksk-lifetime: 0
    zsk-lifetime: 0
    dnskey-ttl: 1h
    zone-max-ttl: 1d
    rrsig-lifetime: 14d
    rrsig-refresh: 5d       # an alarm comes when they have less than DDNS_SIGNATURE_WARNING_DAYS
    nsec3: off              # on, with nsec3-iterations: 0 and nsec3-salt-length: 0, so that nobody can list the zone
    cds-cdnskey-publish: always
"""

_KNOT_SIGNING = """\
    dnssec-signing: on
    dnssec-policy: ddns-signed
"""


_BIND_ROTATION = """\
// Include this in named.conf once, and let every zone that grants {present} grant both, until {present} is removed:
//     update-policy {{ grant {present} zonesub ANY; grant {key} zonesub ANY; }};
//     allow-transfer {{ key {present}; key {key}; }};
key "{key}" {{
    algorithm {algorithm};
    secret "{secret}";
}};
"""

_KNOT_ROTATION = """\
# Include this in knot.conf before the zones, and let every acl that has {present} have both, until {present} is removed:
#     key: [{present}, {key}]
key:
  - id: {key}
    algorithm: {algorithm}
    secret: "{secret}"
"""


@dataclass(frozen=True, slots=True)
class Snippets:
    """File contents by file name. Those of the key hold its secret: keep them private."""

    by_file_name: dict[str, str]


def render(apex: str, key: TsigKey, *, is_signed: bool = False) -> Snippets:
    """The initial zone file and the zone's configuration for either server, which signs it if it shall be signed."""
    values = {"apex": apex, **_values(key)}
    zone_file = _ZONE_FILE.format(apex=apex, ns=f"ns1.{apex}.", glue="ns1 IN A 127.0.0.1 ; the server's own address\n")
    bind_signing, knot_signing = (_BIND_SIGNING, _KNOT_SIGNING) if is_signed else ("", "")
    policies = (
        {"dnssec-policy.bind.conf": _BIND_POLICY.format(), "dnssec-policy.knot.conf": _KNOT_POLICY} if is_signed else {}
    )
    return Snippets(
        {
            f"{apex}.zone": zone_file,
            f"{key.name}.key.bind.conf": _BIND_KEY.format(**values),
            f"{apex}.bind.conf": _BIND.format(**values, signing=bind_signing),
            f"{key.name}.key.knot.conf": _KNOT_KEY.format(**values),
            f"{apex}.knot.conf": _KNOT.format(**values, signing=knot_signing),
            **policies,
        }
    )


def render_rotation(key: TsigKey, *, present: str) -> Snippets:
    """What makes either server accept the key besides the present one, which is named."""
    values = {"present": present, **_values(key)}
    return Snippets(
        {
            f"{key.name}.key.bind.conf": _BIND_ROTATION.format(**values),
            f"{key.name}.key.knot.conf": _KNOT_ROTATION.format(**values),
        }
    )


def _values(key: TsigKey) -> dict[str, str]:
    algorithm = "hmac-md5" if key.algorithm.startswith("hmac-md5") else key.algorithm
    return {"key": key.name, "algorithm": algorithm, "secret": key.secret}
