"""Update keys: what devices present instead of a password."""

from django.db import models


class UpdateKeyQuerySet(models.QuerySet["UpdateKey"]):
    def working(self) -> "UpdateKeyQuerySet":
        return self.filter(revoked_at=None)

    def covering(self, hostname) -> "UpdateKeyQuerySet":
        """Those that may update the hostname."""
        by_account = models.Q(account=hostname.account_id, covers_account=True)
        return self.filter(by_account | models.Q(pk__in=hostname.update_keys.values("pk")))


class UpdateKey(models.Model):
    """A random secret that may update some hostnames of an account, or all. Only its SHA-256 is stored."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="update_keys")
    label = models.CharField(max_length=60, help_text="The device that uses it.")
    prefix = models.CharField(max_length=8, help_text="The first characters, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    covers_account = models.BooleanField(default=False, help_text="Whether it may update every name of the account.")
    hostnames = models.ManyToManyField("ddns.Hostname", blank=True, related_name="update_keys")
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_from = models.GenericIPAddressField(null=True)
    used_by = models.CharField(max_length=200, blank=True, default="", help_text="The User-Agent that it said.")

    objects = UpdateKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"
