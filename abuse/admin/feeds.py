"""Feeds on the desk: added, edited, switched on, pulled now; and how the last pull went."""

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import path, reverse
from unfold.admin import ModelAdmin
from unfold.decorators import display

from abuse import feeds
from abuse.forms.feeds import FeedForm
from abuse.models import Feed
from ddns.templatetags.durations import duration


@admin.register(Feed)
class FeedAdmin(ModelAdmin):
    """Nothing is deleted: what came from a feed names it. It is switched off."""

    form = FeedForm
    list_display = ("name", "format", "shown_state", "shown_every", "pulled_at", "next_at", "shown_failure")
    list_filter = ("is_enabled", "format")
    list_filter_sheet = False
    search_fields = ("name", "url")
    actions = None
    show_full_result_count = False
    fieldsets = (
        ("Feed", {"fields": ("name", "url", "format", "default_kind", "every_minutes", "is_enabled")}),
        ("Access", {"fields": ("auth_header", "secret", "forgets_secret", "shown_secret")}),
        ("Last pull", {"fields": ("shown_state", "pulled_at", "next_at", "failing_since", "shown_failure")}),
    )
    readonly_fields = ("shown_state", "pulled_at", "next_at", "failing_since", "shown_failure", "shown_secret")
    change_form_outer_before_template = "desk/_feed.html"

    @display(description="state", label={"off": "info", "on": "success", "failing": "danger"})
    def shown_state(self, feed: Feed) -> str:
        if not feed.is_enabled:
            return "off"
        return "failing" if feed.failing_since else "on"

    @display(description="every", ordering="every")
    def shown_every(self, feed: Feed) -> str:
        return duration(feed.every)

    @display(description="failure", empty_value="")
    def shown_failure(self, feed: Feed) -> str:
        return feed.failure[:300]

    @display(description="secret")
    def shown_secret(self, feed: Feed) -> str:
        return "set" if feed.sealed_secret else "none"

    def has_view_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return request.user.has_perm("abuse.view_feed") or self.has_change_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("abuse.change_settings")

    def has_change_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return request.user.has_perm("abuse.change_settings")

    def has_delete_permission(self, request: HttpRequest, obj: Feed | None = None) -> bool:
        return False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def get_urls(self) -> list:
        pull = self.admin_site.admin_view(self.pull_view)
        return [path("<int:pk>/pull/", pull, name="abuse_feed_pull"), *super().get_urls()]

    def get_form(
        self, request: HttpRequest, obj: Feed | None = None, change: bool = False, **kwargs
    ) -> type[ModelForm]:
        """Who may only look gets no field that could be filled in."""
        if not self.has_change_permission(request):
            kwargs["form"] = ModelForm
        return super().get_form(request, obj, change=change, **kwargs)

    def get_fieldsets(self, request: HttpRequest, obj: Feed | None = None) -> list:
        if self.has_change_permission(request):
            return list(super().get_fieldsets(request, obj))
        shown = ("name", "url", "format", "default_kind", "every", "is_enabled", "auth_header", *self.readonly_fields)
        return [(None, {"fields": shown})]

    def save_model(self, request: HttpRequest, obj: Feed, form: FeedForm, change: bool) -> None:
        feeds.save(obj, secret=form.new_secret, by=request.user)

    def change_view(self, request: HttpRequest, object_id: str, form_url: str = "", extra_context=None) -> HttpResponse:
        shown = {"feed": self.get_object(request, object_id), "may_pull": self.has_change_permission(request)}
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})

    def pull_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Not here: a page must not wait for somebody else's server."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        feed = Feed.objects.filter(pk=pk).first()
        if feed is None:
            raise Http404
        feeds.pull_soon(feed)
        messages.success(request, f"{feed} is being pulled. Look at this page again in a moment.")
        return HttpResponseRedirect(reverse("admin:abuse_feed_change", args=[pk]))
