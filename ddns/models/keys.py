"""Update keys: what devices present instead of a password."""

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class UpdateKeyQuerySet(models.QuerySet["UpdateKey"]):
    def working(self) -> "UpdateKeyQuerySet":
        return self.filter(Q(expires_at=None) | Q(expires_at__gt=Now()), revoked_at=None)

    def covering(self, hostname) -> "UpdateKeyQuerySet":
        """Those whose scope the hostname is in."""
        of_owner = self.filter(account=hostname.account_id)
        by_group = Q() if hostname.group_id is None else Q(group=hostname.group_id)
        return of_owner.filter(Q(covers_account=True) | Q(pk__in=hostname.update_keys.values("pk")) | by_group)

    def within_scope_of(self, key: "UpdateKey") -> "UpdateKeyQuerySet":
        """Those that cover no hostname that the key does not cover itself, and the key."""
        own = self.filter(account=key.account_id)
        if key.covers_account:
            return own
        covered = UpdateKey.hostnames.through.objects.all()
        in_scope = Q(hostname__in=key.hostnames.values("pk"))
        if key.group_id is not None:
            in_scope |= Q(hostname__group=key.group_id)
        beyond = covered.exclude(in_scope).values("updatekey")
        within = Q(pk__in=covered.filter(in_scope).values("updatekey"), group=None)
        if key.group_id is not None:
            within |= Q(group=key.group_id)
        return own.filter(within, covers_account=False).exclude(pk__in=beyond)


class Permission(models.TextChoices):
    """What a key may do to the hostnames in its scope."""

    DEVICE = "device", _("addresses and certificate challenges")
    UPDATE = "update", _("addresses only")
    TXT = "txt", _("certificate challenges only")
    READ = "read", _("reading only")
    MANAGE = "manage", _("everything, by the REST API")


# By what is asked. Read by the hot path, too.
MAY_UPDATE = frozenset({Permission.DEVICE.value, Permission.UPDATE.value, Permission.MANAGE.value})
MAY_WRITE_TEXT = frozenset({Permission.DEVICE.value, Permission.TXT.value, Permission.MANAGE.value})
MAY_READ = frozenset({Permission.READ.value, Permission.MANAGE.value})


class UpdateKey(models.Model):
    """A random secret with a permission over an account, a group, or some hostnames. Only a hash of its hash is stored."""

    account = models.ForeignKey("ddns.User", on_delete=models.CASCADE, related_name="update_keys")
    label = models.CharField(max_length=60, help_text="The device that uses it.")
    prefix = models.CharField(max_length=8, help_text="The first characters, to recognise it by.")
    digest = models.BinaryField(max_length=32, unique=True)
    covers_account = models.BooleanField(default=False, help_text="Whether it may update every name of the account.")
    group = models.ForeignKey("ddns.Group", on_delete=models.SET_NULL, null=True, blank=True, related_name="keys")
    hostnames = models.ManyToManyField("ddns.Hostname", blank=True, related_name="update_keys")
    permission = models.CharField(max_length=10, choices=Permission, default=Permission.DEVICE)
    networks = ArrayField(
        models.CharField(max_length=43),
        default=list,
        blank=True,
        help_text="Networks that it may be used from (192.0.2.0/24, 2001:db8::/32); empty: from anywhere.",
    )
    expires_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    revoked_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)
    used_from = models.GenericIPAddressField(null=True)
    used_by = models.CharField(max_length=200, blank=True, default="", help_text="The User-Agent that it said.")

    objects = UpdateKeyQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at"]
        indexes = [
            # Few keys expire; what every use of a key touches is not in it (HOT updates).
            models.Index(fields=["expires_at"], condition=Q(expires_at__isnull=False), name="keys_by_expiry")
        ]
        constraints = [
            models.CheckConstraint(
                name="key_permission_known", condition=Q(permission__in=["device", "update", "txt", "read", "manage"])
            )
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.prefix}…)"

    @property
    def may_update(self) -> bool:
        return self.permission in MAY_UPDATE

    @property
    def may_write_text(self) -> bool:
        return self.permission in MAY_WRITE_TEXT

    @property
    def may_read(self) -> bool:
        return self.permission in MAY_READ

    @property
    def may_manage(self) -> bool:
        return self.permission == Permission.MANAGE

    @property
    def tsig_key_or_none(self):
        """A query unless selected."""
        try:
            return self.tsig_key
        except ObjectDoesNotExist:
            return None
