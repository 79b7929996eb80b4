"""The ledger: who decided what, when and why. Append-only (a trigger refuses the rest), hash-chained."""

from collections.abc import Collection
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from abuse.models.cases import Case


class LedgerEntryQuerySet(models.QuerySet["LedgerEntry"]):
    def of_case(self, case) -> "LedgerEntryQuerySet":
        """Everything that was decided and looked at on a case, from the first."""
        return (
            self.filter(details__has_key="case")
            .annotate(of=KT("details__case"))
            .filter(of=str(case.pk))
            .order_by("sequence")
        )

    def unrestricted(self) -> "LedgerEntryQuerySet":
        """Without what is about restricted cases, which are for named people."""
        # By the index, so that a ledger of millions is asked for a handful.
        cases = Case.objects.restricted().annotate(key=Cast("pk", models.TextField())).values("key")
        about_cases = LedgerEntry.objects.filter(details__has_key="case").annotate(of=KT("details__case"))
        return self.exclude(pk__in=about_cases.filter(of__in=cases).values("pk"))

    def without_orders(self, order_ids: Collection[UUID]) -> "LedgerEntryQuerySet":
        """Without what is about these orders: sealed ones, which are for those who handle them."""
        keys = [str(each) for each in order_ids]
        about_orders = LedgerEntry.objects.filter(details__has_key="order").annotate(of=KT("details__order"))
        others = self.exclude(object__in=[f"order {key}" for key in keys])
        return others.exclude(pk__in=about_orders.filter(of__in=keys).values("pk"))


class LedgerEntry(models.Model):
    """One decision. hash covers every field and the previous entry's hash, so a changed entry breaks the chain there."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    actor_name = models.CharField(max_length=254, help_text="As it was at the time.")
    action = models.CharField(max_length=40)
    object = models.CharField(max_length=300, help_text="What was decided about: kind and name.")
    reason = models.TextField()
    details = models.JSONField(default=dict)
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)

    objects = LedgerEntryQuerySet.as_manager()

    class Meta:
        ordering = ["-sequence"]
        verbose_name_plural = "ledger"
        indexes = [
            models.Index(fields=["object", "sequence"], name="ledger_of_object"),
            models.Index(
                KT("details__case"), "sequence", name="ledger_of_case", condition=models.Q(details__has_key="case")
            ),
            models.Index(
                KT("details__order"), "sequence", name="ledger_of_order", condition=models.Q(details__has_key="order")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sequence} {self.action} {self.object}"
