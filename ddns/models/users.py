"""Accounts: customers and staff, who log in with an e-mail address."""

from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields) -> "User":
        user = self.model(email=email.strip(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        """By e-mail address, in whatever case it was typed."""
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """An account. E-mail addresses are unique without regard to case and kept as they were typed."""

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

    objects = UserManager()

    EMAIL_FIELD = USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = "account"
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                violation_error_message="There is an account with this e-mail address.",
            )
        ]

    def __str__(self) -> str:
        return self.email
