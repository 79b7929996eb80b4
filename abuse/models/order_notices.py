"""Notices of orders: what a customer is told about an order that touched them, once it is not sealed any more."""

from django.db import models
from django.db.models import Q


class OrderNotice(models.Model):
    """One account under one order (DSA Art. 9(5), 10(5)). The row is the queue: due from due_at on."""

    class About(models.TextChoices):
        NAMES = "names", "names were acted on"
        RETURN = "return", "that was undone"
        DISCLOSURE = "disclosure", "information was disclosed"

    order = models.ForeignKey("abuse.Order", on_delete=models.PROTECT, related_name="notices")
    account = models.ForeignKey("ddns.User", on_delete=models.PROTECT, related_name="+")
    about = models.CharField(max_length=10, choices=About)
    due_at = models.DateTimeField(help_text="At once, or when the seal ends.")
    told_at = models.DateTimeField(null=True)
    language = models.CharField(max_length=10, blank=True, default="")
    subject = models.CharField(max_length=300, blank=True, default="")
    text = models.TextField(blank=True, default="", help_text="As it was told.")

    class Meta:
        ordering = ["pk"]
        indexes = [models.Index(fields=["due_at"], name="order_notices_due", condition=Q(told_at=None))]
        constraints = [
            models.UniqueConstraint(name="order_notice_once", fields=["order", "account", "about"]),
            models.CheckConstraint(
                name="order_notice_about_known", condition=Q(about__in=["names", "return", "disclosure"])
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_about_display()}: {self.account_id}"
