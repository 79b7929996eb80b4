"""Statements of reasons (DSA Art. 17), as they were sent; messages on a case; templates of both."""

from django.db import models
from django.db.models import Q


class Statement(models.Model):
    """What a customer was told about a decision, when, in which language. The words are kept as they were sent,
    but for the token of the link, with which anybody could speak for the customer."""

    decision = models.OneToOneField("abuse.Decision", on_delete=models.PROTECT, related_name="statement")
    account = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="statements")
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    facts = models.JSONField(default=dict, help_text="The elements of Art. 17(3), for machines.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.subject


class Message(models.Model):
    """Something said on a case: by the customer, to the customer, by or to a reporter, or a note among staff."""

    class Side(models.TextChoices):
        CUSTOMER = "customer", "customer"
        REPORTER = "reporter", "reporter"
        NOTE = "note", "note"

    case = models.ForeignKey("abuse.Case", on_delete=models.PROTECT, related_name="messages")
    report = models.ForeignKey("abuse.Report", on_delete=models.PROTECT, null=True, related_name="messages")
    side = models.CharField(max_length=8, choices=Side, help_text="With whom.")
    author = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    is_ours = models.BooleanField(help_text="Said by the desk.")
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)
    read_at = models.DateTimeField(null=True, help_text="When the desk read what was written to it.")

    class Meta:
        ordering = ["pk"]
        indexes = [
            models.Index(fields=["case"], name="messages_unread", condition=Q(is_ours=False, read_at=None)),
        ]
        constraints = [
            models.CheckConstraint(name="message_side_known", condition=Q(side__in=["customer", "reporter", "note"]))
        ]

    def __str__(self) -> str:
        return f"{self.side}: {self.text[:60]}"


class Template(models.Model):
    """The words of a mail or statement in one language. Placeholders are {name}; none runs anything."""

    key = models.CharField(max_length=40, help_text="What it is for: statement.suspend, answer.upheld, warn…")
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["key", "language"]
        constraints = [models.UniqueConstraint(name="template_once", fields=["key", "language"])]

    def __str__(self) -> str:
        return f"{self.key} ({self.language})"
