"""Accounts: customers and staff, who log in with an e-mail address."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        """Made by staff or by a command: its address counts as confirmed, which a sign-up's does not."""
        # Its models need this one.
        from allauth.account.models import EmailAddress

        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def unconfirmed(self) -> models.QuerySet["User"]:
        """Sign-ups whose address nobody has confirmed: they were never logged in to and hold nothing."""
        return (
            self.filter(last_login=None, emailaddress__verified=False)
            .exclude(rules_accepted_at=None)
            .exclude(emailaddress__verified=True)
            .distinct()
        )

    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail address, in whatever case it was typed."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. E-mail addresses are in lower case, as in allauth's tables: one spelling, one account."""

    email = models.EmailField(max_length=254)
    is_staff = models.BooleanField(default=False, help_text="May enter the desk.")
    is_active = models.BooleanField(default=True, help_text="Otherwise no log-in, no working key, no name in DNS.")
    plan = models.CharField(max_length=30, default="free", help_text="Its limits are in DDNS_PLANS.")
    language = models.CharField(max_length=10, blank=True, default="", help_text="Of mails; empty: English.")
    closed_at = models.DateTimeField(null=True, blank=True, help_text="When its owner deleted it.")
    preserve_until = models.DateTimeField(
        null=True, blank=True, help_text="Nothing of it is deleted before, whoever asks (a preservation hold)."
    )
    date_joined = models.DateTimeField(default=timezone.now)
    rules_accepted_at = models.DateTimeField(null=True, editable=False, help_text="Null: made by staff.")
    sign_up_network = models.CharField(
        max_length=43,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="Where it signed up from: a /24 or a /56, no more.",
    )
    forgotten_at = models.DateTimeField(null=True, editable=False, help_text="What was personal is gone since then.")

    objects = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "account"
        indexes = [
            # Accounts of one network about one time: a burst of sign-ups.
            models.Index(
                fields=["sign_up_network", "date_joined"], name="users_by_sign_up", condition=~Q(sign_up_network="")
            )
        ]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message="There is an account with this e-mail address.",
            )
        ]

    def __str__(self) -> str:
        return self.email
