"""A customer's update keys: made, shown once, renamed, rotated, revoked; their TSIG keys and acme-dns accounts."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ddns import acme_accounts, keys, requests, tsig_keys
from ddns.errors import DdnsError
from ddns.forms.keys import KeyForm, RenameForm, RotateForm, TsigForm
from ddns.models import AcmeAccount, UpdateKey


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


@login_required
@never_cache
@require_POST
def make_tsig_key(request: HttpRequest, pk: int) -> HttpResponse:
    """The key file is in this response alone."""
    own, form = _own(request, pk), TsigForm(request.POST)
    if not form.is_valid():
        return _page(request, own, tsig_form=form)
    _made, key_file = tsig_keys.create(own, algorithm=form.cleaned_data["algorithm"])
    return _page(request, _own(request, pk), key_file=key_file)


@login_required
@require_POST
def delete_tsig_key(request: HttpRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    if tsig_keys.delete(own):
        messages.success(request, _("The TSIG key is deleted: what is signed with it is refused from now on."))
    return redirect("key", own.pk)


@login_required
@require_POST
def end_acme_account(request: HttpRequest, pk: int, account: int) -> HttpResponse:
    own = _own(request, pk)
    ended = get_object_or_404(AcmeAccount.objects.with_owner(), pk=account, key=own)
    if acme_accounts.end(ended):
        messages.success(request, _("The acme-dns account for {name} is ended.").format(name=ended.fulldomain))
    return redirect("key", own.pk)


def _own(request: HttpRequest, pk: int) -> UpdateKey:
    """The customer's own that works; all others do not exist."""
    return get_object_or_404(
        UpdateKey.objects.working().select_related("group", "tsig_key"), pk=pk, account=request.user
    )


def _page(
    request: HttpRequest,
    key: UpdateKey,
    *,
    text: str = "",
    rename_form: RenameForm | None = None,
    rotate_form: RotateForm | None = None,
    tsig_form: TsigForm | None = None,
    key_file: str = "",
) -> HttpResponse:
    may_sign = key.may_update or key.may_write_text
    context = {
        "key": key,
        "hostnames": key.hostnames.all(),
        "requests": requests.recent_of_keys([key.pk])[key.pk],
        "rename_form": rename_form or RenameForm(initial={"label": key.label}),
        "rotate_form": rotate_form or RotateForm(),
        "tsig_form": (tsig_form or TsigForm()) if may_sign else None,
        "tsig_key": key.tsig_key_or_none,
        "key_file": key_file,
        "acme_accounts": key.acme_accounts.with_owner(),
        "new_key": key if text else None,
        "text": text,
    }
    return render(request, "ddns/key.html", context)
