"""A customer's groups of hostnames: made, filled, renamed, dissolved."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from ddns import groups
from ddns.errors import DdnsError
from ddns.forms.groups import GroupForm, MembersForm
from ddns.models import Group


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def group_list(request: HttpRequest) -> HttpResponse:
    form = GroupForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            made = groups.create(request.user, **form.cleaned_data)
        except DdnsError as error:
            form.add_error("name", str(error))
        else:
            return redirect("group", made.pk)
    held = Count("hostnames", filter=Q(hostnames__released_at=None), distinct=True)
    found = Group.objects.filter(account=request.user).annotate(hostname_count=held)
    return render(request, "ddns/groups.html", {"groups": found, "form": form})


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def group(request: HttpRequest, pk: int) -> HttpResponse:
    """Its hostnames, and the form that puts others into it."""
    own = _own(request, pk)
    form = MembersForm(request.user, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        count = groups.assign(own, form.cleaned_data["names"])
        said = ngettext("{count} hostname is in the group now.", "{count} hostnames are in the group now.", count)
        messages.success(request, said.format(count=count))
        return redirect("group", own.pk)
    context = {
        "group": own,
        "hostname_count": own.hostnames.unreleased().count(),
        "hostnames": own.hostnames.unreleased()[:100],
        "key_count": own.keys.working().count(),
        "form": form,
        "rename_form": GroupForm(initial={"name": own.name}),
    }
    return render(request, "ddns/group.html", context)


@login_required
@require_POST
def rename(request: HttpRequest, pk: int) -> HttpResponse:
    own, form = _own(request, pk), GroupForm(request.POST)
    if form.is_valid():
        try:
            groups.rename(own, form.cleaned_data["name"])
        except DdnsError as error:
            messages.error(request, str(error))
    return redirect("group", own.pk)


@login_required
@require_POST
def delete(request: HttpRequest, pk: int) -> HttpResponse:
    own = _own(request, pk)
    revoked = groups.delete(own)
    said = ngettext(
        "The group “{name}” is dissolved; {count} key of it stops working now.",
        "The group “{name}” is dissolved; {count} keys of it stop working now.",
        revoked,
    )
    messages.success(request, said.format(name=own.name, count=revoked))
    return redirect("groups")


def _own(request: HttpRequest, pk: int) -> Group:
    """The customer's own; everybody else's do not exist."""
    return get_object_or_404(Group, pk=pk, account=request.user)
