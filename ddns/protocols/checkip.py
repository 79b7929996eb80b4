"""checkip: tells a client its address, in the forms that clients parse: text, Dyn's HTML, JSON."""

from wsgiref.types import WSGIEnvironment

from ddns import sources
from ddns.protocols.answers import HTML, JSON, PLAIN, Answer, not_allowed

# Paths by form. FreeDNS's own is among them: its clients look for "Detected IP".
TEXT_PATHS = ("/myip", "/ip", "/text")
HTML_PATHS = ("/nic/checkip", "/checkip")
JSON_PATHS = ("/json", "/ip.json")
FREEDNS_PATHS = ("/dynamic/check.php",)
# Names by which devices call the HTML form at "/".
HOST_LABELS = ("checkip", "ip1", "ip2")

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


def _answer(environ: WSGIEnvironment, form: str, content_type: str) -> Answer:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        return not_allowed("GET", "HEAD")
    body = form.format(sources.of_environ(environ)).encode()
    return Answer(body, content_type=content_type, headers=_NOT_CACHED)
