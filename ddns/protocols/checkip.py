"""checkip: tells a client its address, in the forms that clients parse: text, Dyn's HTML, JSON."""

from collections.abc import Callable
from wsgiref.types import WSGIEnvironment

from ddns import sources
from ddns.protocols.answers import HTML, JSON, PLAIN, Answer, not_allowed

# Paths by form. FreeDNS's own is among them: its clients look for "Detected IP".
TEXT_PATHS = ("/myip", "/ip", "/text")
HTML_PATHS = ("/nic/checkip", "/nic/checkip/", "/checkip", "/checkip/", "/checkip.html")
JSON_PATHS = ("/json", "/ip.json")
FREEDNS_PATHS = ("/dynamic/check.php",)
_HTML = "<html><head><title>Current IP Check</title></head><body>Current IP Address: {}</body></html>"
_NOT_CACHED = (("Cache-Control", "no-cache, no-store"), ("Pragma", "no-cache"))


def text(environ: WSGIEnvironment) -> Answer:
    return _answer(environ, "{}\n", PLAIN)


def html(environ: WSGIEnvironment) -> Answer:
    """Exactly Dyn's page: parsers look for the words before the address."""
    return _answer(environ, _HTML, HTML)


def json(environ: WSGIEnvironment) -> Answer:
    return _answer(environ, '{{"ip":"{}"}}', JSON)


def freedns(environ: WSGIEnvironment) -> Answer:
    return _answer(environ, "Detected IP : {}\n", PLAIN)


def hurricane(environ: WSGIEnvironment) -> Answer:
    return _answer(environ, "Your IP address is : {}\n", PLAIN)


# By the first labels of the names under which devices ask at "/"; the first that fits.
_BY_HOST: tuple[tuple[str, Callable[[WSGIEnvironment], Answer]], ...] = (
    ("checkip.dns.", hurricane),
    ("checkip.", html),
    ("ip1.", html),
    ("ip2.", html),
    # Names that are to have addresses of one family alone.
    ("ipv4.", text),
    ("ipv6.", text),
)


def view_of_host(host: str) -> Callable[[WSGIEnvironment], Answer] | None:
    """What answers at "/" under this name, None where that is a page."""
    return next((view for labels, view in _BY_HOST if host.startswith(labels)), None)


def _answer(environ: WSGIEnvironment, form: str, content_type: str) -> Answer:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return not_allowed("GET", "HEAD")
    body = form.format(sources.of_environ(environ)).encode()
    return Answer(body, content_type=content_type, headers=_NOT_CACHED)
