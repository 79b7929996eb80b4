"""Protected names: those that nobody acts on alone."""

from django.db import models
from django.db.models import Q


class ProtectedName(models.Model):
    """A hostname whose failure would hurt others: a hospital's, a customer's critical one. A second person decides too."""

    name = models.CharField(max_length=253, unique=True, help_text="The whole name, normalised.")
    reason = models.CharField(max_length=200)
    added_at = models.DateTimeField(auto_now_add=True)
    added_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["name"]
        constraints = [models.CheckConstraint(name="protected_name_has_reason", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return self.name
