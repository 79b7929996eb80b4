"""Groups: hostnames of an account that one key may cover together."""

from django.db import models
from django.db.models.functions import Lower


class Group(models.Model):
    """Some hostnames of an account, by the name that its owner gave them. A hostname is in one group at most."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="hostname_groups")
    name = models.CharField(max_length=60)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                "account",
                Lower("name"),
                name="group_name_once",
                violation_error_message="There is a group with this name.",
            )
        ]

    def __str__(self) -> str:
        return self.name
