"""Set-up: the configuration of every client that we know, with a person's own values, ready to be copied.

The templates are ddns/templates/ddns/setup/<slug>.txt, as the client reads it, and <slug>.html, the words around it.
"""

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.template import Context
from django.template.loader import get_template
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# What stands in the place of what only its owner has, or of what does not exist yet.
KEY_PLACEHOLDER = "YOUR-UPDATE-KEY"
HOSTNAME_PLACEHOLDER = "yourname.example.com"
EMAIL_PLACEHOLDER = "you@example.com"


@dataclass(frozen=True, slots=True)
class Tsig:
    """What signs a DNS update (RFC 8945)."""

    name: str
    secret: str
    algorithm: str = "hmac-sha256"


TSIG_PLACEHOLDER = Tsig("YOUR-TSIG-NAME", "YOUR-TSIG-SECRET")


class Kind(models.TextChoices):
    """How the list is divided."""

    ROUTER = "router", _("Routers and firewalls")
    PROGRAM = "program", _("Programs and scripts")
    DEVICE = "device", _("NAS and home automation")
    CERTIFICATE = "certificate", _("Certificates by DNS challenge")
    URL = "url", _("For clients of other providers")


@dataclass(frozen=True, slots=True)
class Client:
    """A client: how its file is called, whether it is a form (lines of `field: value`), what it authenticates with.

    One that is a part of another stands on the other's page.
    """

    slug: str
    title: str | Promise
    kind: Kind
    file: str = ""
    is_form: bool = False
    is_tsig: bool = False
    part_of: str = ""

    @property
    def parts(self) -> list["Client"]:
        """Further configurations on its page."""
        return [client for client in _ALL if client.part_of == self.slug]


_ALL = (
    Client("fritzbox", "FRITZ!Box", Kind.ROUTER, is_form=True),
    Client("fritzbox-prefix", _("FRITZ!Box, IPv6 prefix"), Kind.ROUTER, is_form=True, part_of="fritzbox"),
    Client("openwrt", "OpenWrt", Kind.ROUTER, "openwrt.sh"),
    Client("openwrt-service", _("OpenWrt, service file"), Kind.ROUTER, "service.json", part_of="openwrt"),
    Client("unifi", "UniFi", Kind.ROUTER, is_form=True),
    Client("edgeos", "EdgeOS, USG", Kind.ROUTER, "edgeos.txt"),
    Client("mikrotik", "MikroTik RouterOS", Kind.ROUTER, "update-hostname.rsc"),
    Client("asuswrt-merlin", "Asuswrt-Merlin", Kind.ROUTER, "ddns-start"),
    Client("pfsense", "pfSense", Kind.ROUTER, is_form=True),
    Client("opnsense", "OPNsense", Kind.ROUTER, is_form=True),
    Client("cisco-ios", "Cisco IOS", Kind.ROUTER, "ddns.cfg"),
    Client("hpe-comware", "HPE Comware, H3C", Kind.ROUTER, "ddns.cfg"),
    Client("ddclient", "ddclient 3.10", Kind.PROGRAM, "ddclient.conf"),
    Client("ddclient-4", "ddclient 4", Kind.PROGRAM, "ddclient.conf"),
    Client("inadyn", "inadyn", Kind.PROGRAM, "inadyn.conf"),
    Client("curl", "curl", Kind.PROGRAM, "update.sh"),
    Client("cron", "cron", Kind.PROGRAM, "crontab"),
    Client("wget", "wget", Kind.PROGRAM, "update.sh"),
    Client("powershell", "Windows PowerShell", Kind.PROGRAM, "update.ps1"),
    Client("nsupdate", "nsupdate", Kind.PROGRAM, "nsupdate.sh", is_tsig=True),
    Client("home-assistant", "Home Assistant", Kind.DEVICE, "configuration.yaml"),
    Client("synology", "Synology DSM", Kind.DEVICE, is_form=True),
    Client("qnap", "QNAP", Kind.DEVICE, is_form=True),
    Client("certbot", "certbot", Kind.CERTIFICATE, "certbot.sh", is_tsig=True),
    Client("lego-httpreq", "lego, Traefik (httpreq)", Kind.CERTIFICATE, "lego.sh"),
    Client("lego-rfc2136", "lego, Traefik (rfc2136)", Kind.CERTIFICATE, "lego.sh", is_tsig=True),
    Client("lego-acmedns", "lego, Traefik (acme-dns)", Kind.CERTIFICATE, "lego.sh"),
    Client("acme-sh", "acme.sh (acme-dns)", Kind.CERTIFICATE, "acme.sh"),
    Client("acme-sh-httpreq", "acme.sh (acmeproxy)", Kind.CERTIFICATE, "acme.sh"),
    Client("caddy-acmedns", "Caddy (acme-dns)", Kind.CERTIFICATE, "Caddyfile"),
    Client("caddy", "Caddy (rfc2136)", Kind.CERTIFICATE, "Caddyfile", is_tsig=True),
    Client("cert-manager", "cert-manager", Kind.CERTIFICATE, "issuer.yaml"),
    Client("duckdns-url", "DuckDNS", Kind.URL),
    Client("freedns-url", "FreeDNS (afraid.org)", Kind.URL),
    Client("dynv6-url", "dynv6", Kind.URL),
    Client("desec-url", "deSEC (dedyn.io)", Kind.URL),
)
_BY_SLUG = {client.slug: client for client in _ALL}


def clients() -> list[Client]:
    """Those that have a page, in the order of the list."""
    return [client for client in _ALL if not client.part_of]


def find(slug: str) -> Client | None:
    """The client of that name; parts of others too."""
    return _BY_SLUG.get(slug)


def render(
    client: Client,
    hostname: str = HOSTNAME_PLACEHOLDER,
    server: str = "",
    key: str = KEY_PLACEHOLDER,
    *,
    tsig: Tsig = TSIG_PLACEHOLDER,
    email: str = EMAIL_PLACEHOLDER,
    nameserver: tuple[str, int] | None = None,
) -> str:
    """What to copy. server is the address of the site (https://ddns.example), the platform's own where it is empty.

    hostname, key and tsig must be of ours: they are put between quotes of several languages as they are.
    """
    values = _values(server or settings.SITE_URL, nameserver)
    values |= {"hostname": hostname, "user": hostname, "key": key, "tsig": tsig, "email": shlex.quote(email)}
    # Not HTML: the page that shows it escapes it.
    template = get_template(f"ddns/setup/{client.slug}.txt").template  # type: ignore[attr-defined]
    return template.render(Context(values, autoescape=False)).strip() + "\n"


def general() -> dict[str, object]:
    """What every device must know, whatever it is: site_url, server, host."""
    return _values(settings.SITE_URL, None)


def fields(client: Client, text: str) -> Iterator[tuple[str, str]]:
    """The fields of a form, as render gave them, with their values."""
    for line in text.splitlines() if client.is_form else []:
        name, _, value = line.partition(": ")
        yield name, value


def _values(site_url: str, nameserver: tuple[str, int] | None) -> dict[str, object]:
    site = urlsplit(site_url)
    dns_host, dns_port = nameserver or (settings.NSUPDATE_SERVER, settings.NSUPDATE_PUBLIC_PORT)
    return {
        "site_url": site_url.rstrip("/"),
        "scheme": site.scheme,
        "server": site.netloc,
        "host": site.hostname,
        "is_https": site.scheme == "https",
        "dns_host": dns_host,
        "dns_port": dns_port,
        # As the domains' own default: an update by hand says it, and it is kept.
        "ttl": 60,
    }
