"""A customer's update keys: made, shown once, renamed, rotated, revoked."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import keys, requests
from ddns.errors import DdnsError
from ddns.forms.keys import KeyForm, RenameForm, RotateForm
from ddns.models import UpdateKey


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def key_list(request: HttpRequest) -> HttpResponse:
    """The list; after a POST with the new key's text, which is in no other response, cookie or row."""
    form = KeyForm(request.user, request.POST if request.method == "POST" else None)
    context: dict = {"form": form}
    if request.method == "POST" and form.is_valid():
        try:
            key, text = keys.create(request.user, **form.arguments)
        except DdnsError as error:
            form.add_error(None, str(error))
        else:
            context = {"form": KeyForm(request.user), "new_key": key, "text": text}
    working = UpdateKey.objects.working().filter(account=request.user)
    context["keys"] = working.select_related("group").prefetch_related("hostnames")
    return render(request, "ddns/keys.html", context)


@login_required
@require_safe
def key(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _own(request, pk))


@login_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    own, form = _own(request, pk), RenameForm(request.POST)
    if not form.is_valid():
        return _page(request, own, rename_form=form)
    keys.rename(own, form.cleaned_data["label"])
    return redirect("key", own.pk)


@login_required
@never_cache
@require_POST
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """The new key's text is in this response alone."""
    own, form = _own(request, pk), RotateForm(request.POST)
    if not form.is_valid():
        return _page(request, own, rotate_form=form)
    try:
        new, text = keys.rotate(own, overlap=form.duration)
    except DdnsError as error:
        messages.error(request, str(error))
        return redirect("keys")
    return _page(request, new, text=text)


@login_required
@require_POST
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    own = get_object_or_404(UpdateKey, pk=pk, account=request.user)
    if keys.revoke(own):
        messages.success(request, _("The key “{label}” stops working now.").format(label=own.label))
    return redirect("keys")


def _own(request: HttpRequest, pk: int) -> UpdateKey:
    """The customer's own that works; all others do not exist."""
    return get_object_or_404(UpdateKey.objects.working().select_related("group"), pk=pk, account=request.user)


def _page(
    request: HttpRequest,
    key: UpdateKey,
    *,
    text: str = "",
    rename_form: RenameForm | None = None,
    rotate_form: RotateForm | None = None,
) -> HttpResponse:
    context = {
        "key": key,
        "hostnames": key.hostnames.all(),
        "requests": requests.recent_of_keys([key.pk])[key.pk],
        "rename_form": rename_form or RenameForm(initial={"label": key.label}),
        "rotate_form": rotate_form or RotateForm(),
        "new_key": key if text else None,
        "text": text,
    }
    return render(request, "ddns/key.html", context)
