"""checkip: tells a client its address, in the forms that clients parse: text, Dyn's HTML, JSON."""

from django.http import HttpRequest, HttpResponse

from ddns import sources

# Paths by form. FreeDNS's own is among them: its clients look for "Detected IP".
TEXT_PATHS = ("/myip", "/ip", "/text")
HTML_PATHS = ("/nic/checkip", "/checkip")
JSON_PATHS = ("/json", "/ip.json")
FREEDNS_PATHS = ("/dynamic/check.php",)
# Names by which devices call the HTML form at "/".
HOST_LABELS = ("checkip", "ip1", "ip2")

_HTML = "<html><head><title>Current IP Check</title></head><body>Current IP Address: {address}</body></html>"


def text(request: HttpRequest) -> HttpResponse:
    return _answer(f"{sources.address_of(request)}\n", "text/plain")


def html(request: HttpRequest) -> HttpResponse:
    """Exactly Dyn's page: parsers look for the words before the address."""
    return _answer(_HTML.format(address=sources.address_of(request)), "text/html")


def json(request: HttpRequest) -> HttpResponse:
    return _answer(f'{{"ip":"{sources.address_of(request)}"}}', "application/json")


def freedns(request: HttpRequest) -> HttpResponse:
    return _answer(f"Detected IP : {sources.address_of(request)}\n", "text/plain")


def _answer(body: str, content_type: str) -> HttpResponse:
    content = body.encode()
    headers = {"Content-Length": str(len(content)), "Cache-Control": "no-cache, no-store", "Pragma": "no-cache"}
    return HttpResponse(content, content_type=content_type, headers=headers)
