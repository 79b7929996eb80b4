"""Templates on the desk: the words of every key in each language, changed with a preview, restored to what is built in."""

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from abuse import samples, templates, wordings
from abuse.admin.evidence import EvidenceAdmin
from abuse.errors import AbuseError
from abuse.models import Template
from abuse.wordings import Words

SETTINGS = "abuse.change_settings"


class WordsForm(forms.Form):
    subject = forms.CharField(max_length=templates.MAX_SUBJECT, widget=UnfoldAdminTextInputWidget())
    text = forms.CharField(
        max_length=templates.MAX_TEXT, strip=False, widget=UnfoldAdminTextareaWidget(attrs={"rows": 24})
    )


@admin.register(Template)
class TemplateAdmin(EvidenceAdmin):
    """The list is of keys, not of rows: what nobody has changed has none."""

    def get_urls(self) -> list:
        wrap = self.admin_site.admin_view
        return [
            path("", wrap(self.list_view), name="abuse_template_changelist"),
            path("<str:language>/<path:key>/", wrap(self.words_view), name="abuse_template_words"),
        ]

    def list_view(self, request: HttpRequest) -> HttpResponse:
        self._check(request)
        changed = {(each.key, each.language): each for each in Template.objects.select_related("changed_by")}
        languages = [code for code, _ in settings.LANGUAGES]
        rows = [
            (key, words.subject, [(language, changed.get((key, language))) for language in languages])
            for key, words in sorted(wordings.built_in(settings.LANGUAGE_CODE).items())
        ]
        context = {"rows": rows, "title": "Templates"}
        return TemplateResponse(request, "desk/templates.html", self._context(request) | context)

    def words_view(self, request: HttpRequest, language: str, key: str) -> HttpResponse:
        """GET shows them; POST shows a preview, stores, or restores, by the button that was pressed."""
        self._check(request)
        if key not in wordings.built_in(settings.LANGUAGE_CODE) or language not in dict(settings.LANGUAGES):
            raise Http404
        words = templates.find(key, language)
        form = WordsForm(request.POST or None, initial=words._asdict())
        if request.method == "POST":
            if not request.user.has_perm(SETTINGS):
                raise PermissionDenied
            if self._post(request, key, language, form):
                return HttpResponseRedirect(reverse("admin:abuse_template_words", args=[language, key]))
            words = Words(form["subject"].value() or "", form["text"].value() or "")
        context = {
            "key": key,
            "language": language,
            "languages": [code for code, _ in settings.LANGUAGES],
            "form": form,
            "preview": templates.fill(words, samples.values(language)),
            "built_in": wordings.built_in(language).get(key),
            "row": Template.objects.filter(key=key, language=language).select_related("changed_by").first(),
            "placeholders": ["{" + name + "}" for name in sorted(templates.placeholders(key))],
            "may_change": request.user.has_perm(SETTINGS),
            "title": f"{key} ({language})",
        }
        return TemplateResponse(request, "desk/template.html", self._context(request) | context)

    def _post(self, request: HttpRequest, key: str, language: str, form: WordsForm) -> bool:
        """Whether something was stored."""
        what = request.POST.get("do")
        if what == "restore":
            templates.restore(key, language, by=request.user)
            messages.success(request, "The built-in words are used again. Those before are in the ledger.")
            return True
        if not form.is_valid():
            return False
        words = Words(form.cleaned_data["subject"], form.cleaned_data["text"])
        try:
            templates.check(key, words)
            if what == "store":
                templates.change(key, language, subject=words.subject, text=words.text, by=request.user)
                messages.success(request, "Stored. It is used from now on; the words before are in the ledger.")
                return True
        except AbuseError as error:
            form.add_error(None, str(error))
        return False

    def _check(self, request: HttpRequest) -> None:
        if not (self.has_view_permission(request) or request.user.has_perm(SETTINGS)):
            raise PermissionDenied

    def _context(self, request: HttpRequest) -> dict:
        return self.admin_site.each_context(request) | {"opts": self.opts}
