"""Set up your device: the list of clients, and the configuration of each with the customer's own values."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ddns import keys, setup, tsig_keys
from ddns.errors import DdnsError
from ddns.forms.setup import MAX_CHOICES, SetupForm
from ddns.models import Hostname, User
from ddns.models.keys import Permission
from ddns.setup import Client, Kind


@require_safe
def client_list(request: HttpRequest) -> HttpResponse:
    """By kind; with ?q= those whose names have it in them."""
    wanted = request.GET.get("q", "").strip().lower()
    found = [client for client in setup.clients() if wanted in client.title.lower()]
    kinds = [(kind, [client for client in found if client.kind == kind]) for kind in Kind]
    context = {
        "kinds": [(kind, clients) for kind, clients in kinds if clients],
        "q": wanted,
        "chosen": _own_name(request),
        "values": setup.general(),
    }
    return render(request, "ddns/setup.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def client(request: HttpRequest, slug: str) -> HttpResponse:
    """After a POST with the key that was typed or made, which is in no other response, cookie or row."""
    found = setup.find(slug)
    if found is None or found.part_of:
        raise Http404
    context = _context(request, found)
    values = context["values"]
    if (part := _part(found, request.POST.get("download") or request.GET.get("download", ""))) is not None:
        return _download(part, setup.render(part, **values))
    parts = [_shown(part, values) for part in (found, *found.parts)]
    context |= setup.general() | {"client": found, "parts": parts}
    return render(request, "ddns/setup_client.html", context)


def _context(request: HttpRequest, client: Client) -> dict:
    """What the page shows beside the configuration, and as `values` what is put into that."""
    if not request.user.is_authenticated:
        return {"values": {}}
    values: dict = {"email": request.user.email}
    held = list(Hostname.objects.held_by(request.user)[: MAX_CHOICES + 1])
    if not held:
        return {"values": values}
    chosen = _chosen(request, held)
    values["hostname"] = chosen.name
    form = SetupForm(held, request.POST or None, initial={"hostname": chosen.name}, is_tsig=client.is_tsig)
    secrets = _secrets(form)
    if "make" in request.POST:
        secrets |= _made(request, client, chosen)
    if "key" in secrets:
        values["key"] = secrets["key"]
    if secrets.get("tsig_name") and secrets.get("tsig_secret"):
        values["tsig"] = setup.Tsig(secrets["tsig_name"], secrets["tsig_secret"])
    return {"values": values, "form": form, "hostname": chosen, "secrets": secrets}


def _secrets(form: SetupForm) -> dict[str, str]:
    """What was typed to be put into the configuration; it stands in the answer alone."""
    form.is_valid()
    return {name: value for name, value in getattr(form, "cleaned_data", {}).items() if value and name != "hostname"}


def _own_name(request: HttpRequest) -> str:
    """The hostname that the list is asked for, if it is the customer's."""
    name = request.GET.get("hostname", "")
    is_own = (
        name and request.user.is_authenticated and Hostname.objects.held_by(request.user).filter(name=name).exists()
    )
    return name if is_own else ""


def _chosen(request: HttpRequest, held: list[Hostname]) -> Hostname:
    """The one that is asked for, if it is the customer's; else the one that was registered last."""
    name = request.POST.get("hostname") or request.GET.get("hostname", "")
    asked = Hostname.objects.held_by(request.user).filter(name=name).first()
    return asked or max(held, key=lambda hostname: hostname.created_at)


def _made(request: HttpRequest, client: Client, hostname: Hostname) -> dict[str, str]:
    """The secrets of a new key for this hostname and client; none where it cannot be made."""
    permission = Permission.TXT if client.kind == Kind.CERTIFICATE else Permission.DEVICE
    try:
        made = _make_tsig if client.is_tsig else _make_key
        secrets = made(request.user, label=str(client.title)[:60], hostnames=[hostname], permission=permission)
    except DdnsError as error:
        messages.error(request, str(error))
        return {}
    messages.success(request, _("The key is made and stands in the configuration. It is shown this once."))
    return secrets


def _make_key(account: User, **limits) -> dict[str, str]:
    _key, text = keys.create(account, **limits)
    return {"key": text}


@transaction.atomic
def _make_tsig(account: User, **limits) -> dict[str, str]:
    """An update key that nobody is shown, for the TSIG key to stand for."""
    key, _text = keys.create(account, **limits)
    made, _file = tsig_keys.create(key)
    return {"tsig_name": made.name, "tsig_secret": made.secret}


def _part(client: Client, slug: str) -> Client | None:
    return next((part for part in (client, *client.parts) if part.slug == slug and part.file), None)


def _shown(part: Client, values: dict) -> dict:
    text = setup.render(part, **values)
    fields = [(f"{part.slug}-{number}", *field) for number, field in enumerate(setup.fields(part, text))]
    return {"client": part, "text": text, "fields": fields, "words": f"ddns/setup/{part.slug}.html"}


def _download(client: Client, text: str) -> HttpResponse:
    response = HttpResponse(text, content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{client.file}"'
    return response
