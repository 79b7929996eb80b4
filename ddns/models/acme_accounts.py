"""acme-dns accounts: what certificate clients were given to set the TXT values of one name with."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from ddns.models.records import CHALLENGE_LABEL
from dnsupdate.models import Publication


class AcmeAccountQuerySet(models.QuerySet["AcmeAccount"]):
    def with_owner(self) -> "AcmeAccountQuerySet":
        """Everything that its use and lists of it need, in one query."""
        return self.select_related("key__account", "hostname__account", "zone")

    def owned_by(self, account) -> "AcmeAccountQuerySet":
        return self.filter(key__account=account)

    def kept_for(self, key) -> "AcmeAccountQuerySet":
        """Those that serve a name elsewhere, and that the key may be used for."""
        owned = self.filter(key__account=key.account_id).exclude(domain="")
        return owned if key.covers_account else owned.filter(key=key)

    def open_from(self, network) -> "AcmeAccountQuerySet":
        """Those that the network registered without a key."""
        return self.filter(key=None, source__gte=str(network[0]), source__lte=str(network[-1]))

    def unused_since(self, *, never_used_before, used_before) -> "AcmeAccountQuerySet":
        """Those registered before the one time and never used, or used last before the other."""
        return self.filter(Q(used_at=None, created_at__lt=never_used_before) | Q(used_at__lt=used_before))


class AcmeAccount(models.Model):
    """May set TXT values: a hostname's challenge, or a name of its own in a zone, to which CNAME records elsewhere point.

    Registered with a key it works no longer than that key does. Without a key it is nobody's but who has its password.
    """

    username = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    digest = models.BinaryField(max_length=32, help_text="SHA-256 of its password.")
    subdomain = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    key = models.ForeignKey(
        "ddns.UpdateKey", on_delete=models.CASCADE, null=True, blank=True, related_name="acme_accounts"
    )
    hostname = models.ForeignKey(
        "ddns.Hostname", on_delete=models.CASCADE, null=True, blank=True, related_name="acme_accounts"
    )
    label = models.CharField(
        max_length=200, default=CHALLENGE_LABEL, help_text="The owner name relative to the hostname, if it has one."
    )
    zone = models.ForeignKey(
        "dnsupdate.Zone",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Where its subdomain is, if it has no hostname.",
    )
    publication = models.ForeignKey(Publication, on_delete=models.PROTECT, null=True, related_name="+")
    texts = ArrayField(models.CharField(max_length=43), default=list, blank=True, help_text="At its subdomain.")
    domain = models.CharField(
        max_length=253, blank=True, default="", help_text="The name elsewhere that a client said it is used for."
    )
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="Where it may be used from; empty: anywhere.",
    )
    source = models.GenericIPAddressField(null=True, help_text="Where it was registered from.")
    agent = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(null=True, blank=True)

    objects = AcmeAccountQuerySet.as_manager()

    class Meta:
        verbose_name = "acme-dns account"
        ordering = ["-pk"]
        constraints = [
            models.CheckConstraint(
                name="acme_account_answers_one_name",
                condition=Q(hostname=None, zone__isnull=False) | Q(hostname__isnull=False, zone=None),
            )
        ]

    def __str__(self) -> str:
        return self.fulldomain

    @property
    def fulldomain(self) -> str:
        """Where its values are answered (two queries unless selected)."""
        if self.hostname is not None:
            return f"{self.label}.{self.hostname.name}"
        return f"{self.subdomain}.{self.zone.name if self.zone else ''}"
