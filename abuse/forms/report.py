"""The form by which anybody reports a name: what it asks for each category, what is too much, and what is said about it."""

import datetime as dt
from collections.abc import Sequence
from pathlib import PurePath

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from abuse import ours
from abuse.intake.form import MAX_FILES, MAX_LINE, MAX_NAMES, File, FormReport
from abuse.models import Category
from abuse.submissions import MIB
from ddns.addresses import Address
from ddns.forms.fields import AS_TYPED
from ddns.forms.proof_of_work import ProofOfWorkField, ProofOfWorkForm

PURPOSE = "report"
_OPTIONAL = gettext_lazy("{label} (optional)")
# As XARF 4 has it for one piece of evidence, and for all.
MAX_FILE = 5 * MIB
MAX_FILES_IN_ALL = 15 * MIB
# Of the request with everything in it; what is beyond is not read.
MAX_REQUEST = MAX_FILES_IN_ALL + MIB
MAX_DESCRIPTION = 10_000
# A word is no reason (DSA Art. 16(2)(a)); a short sentence is.
MIN_DESCRIPTION = 20
MAX_NAMES_LENGTH = 20_000
# Clocks of reporters are off by a little.
CLOCK_SKEW = dt.timedelta(minutes=10)
EARLIEST = dt.datetime(2000, 1, 1, tzinfo=dt.UTC)
_QUARTERS = (-720, -660, -600, -570, -540, -480, -420, -360, -300, -240, -210, -180, -120, -60, 0, 60, 120, 180, 210, 240,
             270, 300, 330, 345, 360, 390, 420, 480, 525, 540, 570, 600, 630, 660, 720, 765, 780, 840)  # fmt: skip
# Asked where a category has a use for it: what it is called, and what it is called in a draft's details.
_DETAILS = {
    "target_brand": ("content/phishing", "content/fraud", "content/brand_infringement"),
    "malware_family": ("content/malware", "infrastructure/botnet"),
    "file_hashes": ("content/malware", "infrastructure/botnet"),
    "reference": ("content/csam", "content/csem", "copyright/*"),
}


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several at once; how many and how big. Nothing is opened: an archive is kept as it is."""

    widget = FilesInput

    def clean(self, data, initial=None) -> list[UploadedFile]:
        files = [super(FilesField, self).clean(each, initial) for each in data or []]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(
                _("{count} files are too many: the form takes {most}.").format(count=len(files), most=MAX_FILES)
            )
        for each in files:
            if each.size > MAX_FILE:
                raise forms.ValidationError(
                    _("{name} is too big: {size}; the most is {most}.").format(
                        name=each.name, size=filesizeformat(each.size), most=filesizeformat(MAX_FILE)
                    )
                )
        if (size := sum(each.size for each in files)) > MAX_FILES_IN_ALL:
            raise forms.ValidationError(
                _("The files are too big together: {size}; the most is {most}.").format(
                    size=filesizeformat(size), most=filesizeformat(MAX_FILES_IN_ALL)
                )
            )
        return files


class ReportForm(ProofOfWorkForm):
    """Of one category. looks are the lines of names as we understood them, for the page to show."""

    names = forms.CharField(
        label=gettext_lazy("Names or addresses of pages"),
        widget=forms.Textarea(attrs={**AS_TYPED, "rows": 3}),
        help_text=gettext_lazy(
            "One on each line, as you have it: a name, a whole address (URL), host and port. "
            "Spellings such as hxxp:// and [.] are understood. Nothing that you enter here is opened."
        ),
    )
    seen_date = forms.DateField(
        label=gettext_lazy("Day"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    seen_time = forms.TimeField(
        label=gettext_lazy("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    seen_zone = forms.TypedChoiceField(
        label=gettext_lazy("Time zone"), required=False, coerce=int, empty_value=0, initial=0
    )
    description = forms.CharField(
        label=gettext_lazy("What is wrong, and how do you know?"),
        max_length=MAX_DESCRIPTION,
        widget=forms.Textarea(attrs={"rows": 7, "class": "prose"}),
    )
    target_brand = forms.CharField(label=gettext_lazy("Whom it imitates"), max_length=200, required=False)
    malware_family = forms.CharField(label=gettext_lazy("Family of the malware"), max_length=200, required=False)
    file_hashes = forms.CharField(
        label=gettext_lazy("SHA-256 of files, one on each line"),
        max_length=2000,
        required=False,
        widget=forms.Textarea(attrs={**AS_TYPED, "rows": 2}),
    )
    reference = forms.CharField(
        label=gettext_lazy("Reference that you have from a hotline, police or register"), max_length=200, required=False
    )
    evidence = FilesField(
        label=gettext_lazy("Files that show it"),
        required=False,
        help_text=gettext_lazy(
            "Screenshots, mails with headers, logs, captures: ten files at most, 5 MiB each, 15 MiB together. "
            "Pack malware into a ZIP with the password “infected”."
        ),
    )
    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    organisation = forms.CharField(
        label=gettext_lazy("Organisation"),
        max_length=200,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "organization"}),
    )
    email = forms.EmailField(
        label=gettext_lazy("Your e-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocapitalize": "none", "autocomplete": "email", "spellcheck": "false"}),
        help_text=gettext_lazy("For our answer, and for a question if we have one."),
    )
    on_behalf_of = forms.CharField(
        label=gettext_lazy("On whose behalf, if not your own"), max_length=200, required=False
    )
    is_anonymous = forms.BooleanField(
        label=gettext_lazy("Keep my name from the customer"),
        required=False,
        help_text=gettext_lazy("We tell the customer what was reported, and not by whom."),
    )
    is_good_faith = forms.BooleanField(
        label=gettext_lazy("I believe in good faith that what I wrote is true and complete."),
        error_messages={"required": gettext_lazy("Without this statement we cannot act on a report.")},
    )
    proof = ProofOfWorkField(purpose=PURPOSE)

    def __init__(self, category: Category, source: Address, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.category, self.source = category, source
        self.looks: Sequence[ours.Look] = ()
        self.fields["seen_zone"].choices = [(minutes, _offset(minutes)) for minutes in _QUARTERS]
        for name, categories in _DETAILS.items():
            if category.key not in categories:
                del self.fields[name]
        if self.is_restricted:
            # Pictures of this are illegal to hold, here too: there is no way to send one.
            del self.fields["evidence"]
            self.fields["description"].required = False
        if category.may_be_anonymous:
            self.fields["name"].required = self.fields["email"].required = False
        self._say_what_may_be_left_out()

    @property
    def is_restricted(self) -> bool:
        return self.category.route == Category.Route.RESTRICTED

    def _say_what_may_be_left_out(self) -> None:
        """But for the parts of the time, which stand together."""
        for name, field in self.fields.items():
            is_box = isinstance(field.widget, forms.CheckboxInput)
            if not (field.required or is_box or name.startswith("seen_") or name == "proof"):
                field.label = format_lazy(_OPTIONAL, label=field.label)

    def details(self) -> list[forms.BoundField]:
        return [self[name] for name in _DETAILS if name in self.fields]

    def clean_names(self) -> str:
        text = self.cleaned_data["names"]
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) > MAX_NAMES:
            raise forms.ValidationError(
                _("{count} lines are too many: the form takes {most}. Send a list by mail or by the API.").format(
                    count=len(lines), most=MAX_NAMES
                )
            )
        if any(len(line) > MAX_LINE for line in lines):
            raise forms.ValidationError(_("A line is longer than {most} characters.").format(most=MAX_LINE))
        if len(text) > MAX_NAMES_LENGTH:
            raise forms.ValidationError(
                _("This is longer than {most} characters. Send a list by mail or by the API.").format(
                    most=MAX_NAMES_LENGTH
                )
            )
        self.looks = ours.look(lines)
        if not any(each.is_ours for each in self.looks):
            raise forms.ValidationError(
                _("None of this is a name of ours, so that we could do nothing about it. See below for each line.")
            )
        return text

    def clean_description(self) -> str:
        text = self.cleaned_data["description"]
        if text and len(text) < MIN_DESCRIPTION and not self.is_restricted:
            raise forms.ValidationError(
                ngettext(
                    "Say a little more: at least {count} character.",
                    "Say a little more: at least {count} characters.",
                    MIN_DESCRIPTION,
                ).format(count=MIN_DESCRIPTION)
            )
        return text

    def clean_file_hashes(self) -> str:
        text = self.cleaned_data["file_hashes"].lower()
        for each in text.split():
            if len(each) != 64 or not set(each) <= set("0123456789abcdef"):
                raise forms.ValidationError(
                    _("“{text}” is not a SHA-256: 64 hexadecimal digits.").format(text=each[:80])
                )
        return text

    def clean(self) -> dict:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("seen_time") and not cleaned.get("seen_date") and "seen_date" not in self.errors:
            self.add_error("seen_date", _("A time needs its day."))
        seen_at = self._seen_at()
        if seen_at is not None and not EARLIEST <= seen_at <= timezone.now() + CLOCK_SKEW:
            self.add_error(
                "seen_date", _("This lies in the future, or before there was anything to see. Look at the time zone.")
            )
        self.redeem_proof()
        return cleaned

    def _seen_at(self) -> dt.datetime | None:
        """Of a day without a time its noon, which is the least wrong."""
        day = self.cleaned_data.get("seen_date")
        if day is None:
            return None
        offset = dt.timezone(dt.timedelta(minutes=self.cleaned_data.get("seen_zone") or 0))
        at = self.cleaned_data.get("seen_time")
        if at is None:
            noon = dt.datetime.combine(day, dt.time(12), tzinfo=offset)
            return min(noon, timezone.now()) if day <= timezone.now().astimezone(offset).date() else noon
        return dt.datetime.combine(day, at, tzinfo=offset)

    def report(self) -> FormReport:
        """Once it is valid. Reads the files."""
        cleaned = self.cleaned_data
        hashes = cleaned.get("file_hashes", "").split()
        return FormReport(
            kind=self.category.key,
            names=[line.strip() for line in cleaned["names"].splitlines() if line.strip()],
            description=cleaned["description"],
            seen_at=self._seen_at(),
            language=get_language() or "",
            name=cleaned["name"],
            organisation=cleaned["organisation"],
            email=cleaned["email"],
            on_behalf_of=cleaned["on_behalf_of"],
            is_anonymous=cleaned["is_anonymous"],
            is_good_faith=cleaned["is_good_faith"],
            details={
                **{
                    name: cleaned[name] for name in ("target_brand", "malware_family", "reference") if cleaned.get(name)
                },
                **({"file_hashes": hashes} if hashes else {}),
            },
            files=[
                File(PurePath(each.name or "").name, each.content_type or "", each.read())
                for each in cleaned.get("evidence", [])
            ],
        )


def _offset(minutes: int) -> str:
    if not minutes:
        return "UTC"
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'−' if minutes < 0 else '+'}{hours:02}:{rest:02}"
