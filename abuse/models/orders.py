"""Orders: what an authority formally asks of us, its files, its names line by line, and what is decided for each group."""

import uuid
from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now


class OrderQuerySet(models.QuerySet["Order"]):
    def of_agency(self, agency) -> "OrderQuerySet":
        return self.filter(agency=agency)

    def open(self) -> "OrderQuerySet":
        """Those that somebody here has to do something about."""
        return self.exclude(state__in=[Order.State.ANSWERED, Order.State.REFUSED, Order.State.WITHDRAWN])

    def to_plan(self) -> "OrderQuerySet":
        return self.filter(state=Order.State.RECEIVED)

    def under_way(self) -> "OrderQuerySet":
        """Those that the worker goes on with."""
        return self.filter(state__in=[Order.State.ACTING, Order.State.PROVING, Order.State.UNDOING])

    def to_prove(self, now: datetime) -> "OrderQuerySet":
        """Those whose proof is under way, and those that were answered while a server lagged and are looked at again now."""
        is_again = Q(state=Order.State.ANSWERED, prove_at__lte=now)
        return self.filter(Q(state=Order.State.PROVING) | is_again).order_by(F("prove_at").asc(nulls_first=True))

    def sealed(self) -> "OrderQuerySet":
        return self.filter(sealed_until__gt=Now())

    def visible_to(self, user) -> "OrderQuerySet":
        """For staff: sealed ones by need-to-know, those that they handle or are named for."""
        if user.has_perm("abuse.view_sealed_order"):
            return self
        return self.filter(Q(sealed_until=None) | Q(sealed_until__lte=Now()) | Q(handlers=user)).distinct()


class Order(models.Model):
    """One filing. What it came with is in its files; its receipt names their SHA-256."""

    class Kind(models.TextChoices):
        TAKEDOWN = "takedown", "takedown"
        PRESERVATION = "preservation", "preservation"
        INFORMATION = "information", "information"
        EMERGENCY = "emergency", "emergency disclosure"

    class Instrument(models.TextChoices):
        COURT_ORDER = "court_order", "court order"
        WARRANT = "warrant", "warrant"
        SUBPOENA = "subpoena", "subpoena"
        ADMINISTRATIVE = "administrative", "administrative order (DSA Art. 9, 10)"
        PRODUCTION = "production", "European Production Order (Reg. 2023/1543)"
        PRESERVATION = "preservation", "preservation order or letter"
        UNDERTAKING = "undertaking", "undertaking between parties"
        REQUEST = "request", "request without compulsion"

    class Effect(models.TextChoices):
        NXDOMAIN = "nxdomain", "the names leave DNS"
        SINKHOLE = "sinkhole", "the names answer a sinkhole"
        FREEZE = "freeze", "the names go on answering and change no more"
        NONE = "none", "nothing changes in DNS"

    class State(models.TextChoices):
        RECEIVED = "received", "received"
        PLANNED = "planned", "planned"
        PROPOSED = "proposed", "waits for a second person"
        ACTING = "acting", "being carried out"
        STOPPED = "stopped", "stopped"
        PROVING = "proving", "being proven"
        ANSWERED = "answered", "answered"
        UNDOING = "undoing", "being undone"
        REFUSED = "refused", "refused"
        WITHDRAWN = "withdrawn", "withdrawn by the authority"

    class Door(models.TextChoices):
        PORTAL = "portal", "portal"
        API = "api", "API"
        DESK = "desk", "entered at the desk"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    officer = models.ForeignKey("abuse.Officer", on_delete=models.PROTECT, related_name="orders")
    agency = models.ForeignKey("abuse.Agency", on_delete=models.PROTECT, related_name="orders")
    door = models.CharField(max_length=6, choices=Door)
    source = models.GenericIPAddressField(null=True, help_text="Where it was filed from.")
    key = models.ForeignKey("abuse.OfficerKey", on_delete=models.PROTECT, null=True, related_name="+")
    filed_at = models.DateTimeField()
    idempotency_key = models.CharField(max_length=200, blank=True, default="")
    digest = models.CharField(max_length=64, help_text="SHA-256 of everything that was filed, to recognise it by.")

    kind = models.CharField(max_length=12, choices=Kind)
    instrument = models.CharField(max_length=14, choices=Instrument)
    reference = models.CharField(max_length=120, help_text="The authority's file number.")
    issuing_authority = models.CharField(max_length=200, help_text="The court or office that issued it.")
    legal_basis = models.CharField(max_length=300)
    reasons = models.TextField(help_text="Why the names are illegal, or the information is needed (DSA Art. 9(2)(a)).")
    territorial_scope = models.CharField(max_length=200, blank=True, default="")
    redress = models.TextField(blank=True, default="", help_text="What customers can do against it (DSA Art. 9(2)).")
    contact = models.TextField(help_text="Who answers questions about it, and how.")
    return_conditions = models.TextField(blank=True, default="", help_text="When the names go back to their holders.")
    sealed_until = models.DateTimeField(null=True, help_text="Nobody concerned is told before.")
    seal_ground = models.CharField(max_length=300, blank=True, default="", help_text="Which provision says so.")
    due_at = models.DateTimeField(help_text="Answered until then: 8 h, 24 h or 10 days, or what the order says.")
    wanted_effect = models.CharField(max_length=8, choices=Effect, default=Effect.NXDOMAIN)
    ends_at = models.DateTimeField(null=True, help_text="What is done in DNS ends by itself then.")
    hold_days = models.PositiveSmallIntegerField(null=True, help_text="Of a preservation: 60, 90 or 365.")
    wanted_records = models.JSONField(default=dict, help_text="Of information: parts, since, until.")

    handlers = models.ManyToManyField("ddns.User", blank=True, related_name="+", help_text="Who works on it.")
    state = models.CharField(max_length=9, choices=State, default=State.RECEIVED)
    planned_at = models.DateTimeField(null=True)
    plan = models.JSONField(default=dict, help_text="Counts, collateral, what was passed over.")
    plan_digest = models.CharField(max_length=64, blank=True, default="", help_text="SHA-256 of items and groups.")
    preview_released_at = models.DateTimeField(
        null=True, help_text="Since then the authority sees what each line is to us, before anything is done."
    )
    plan_problem = models.TextField(blank=True, default="", help_text="Why it could not be planned.")
    proposed_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    proposed_at = models.DateTimeField(null=True)
    proposal = models.JSONField(default=dict, help_text="Why a second person is needed, and for what.")
    reason = models.TextField(blank=True, default="", help_text="Of the proposal, and of the act.")
    approved_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(null=True)
    approved_digest = models.CharField(max_length=64, blank=True, default="")
    acted_at = models.DateTimeField(null=True, help_text="When the last chunk was written.")
    progress = models.JSONField(default=dict, help_text="Of the step under way: done and total, written per chunk.")
    stopped_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    stopped_at = models.DateTimeField(null=True)
    undone_by = models.ForeignKey("ddns.User", on_delete=models.PROTECT, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True, help_text="When the last chunk was undone.")
    undo_reason = models.TextField(blank=True, default="")
    answer = models.TextField(blank=True, default="", help_text="What the authority was told.")
    answered_at = models.DateTimeField(null=True)
    proving = models.JSONField(
        default=dict, help_text="Of the proof under way: of what, since when, tries, serials before."
    )
    prove_at = models.DateTimeField(
        null=True, help_text="When the nameservers are asked next; null: at once or no more."
    )

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ["-filed_at"]
        indexes = [
            models.Index(fields=["agency", "-filed_at"], name="orders_of_agency"),
            models.Index(
                fields=["due_at"],
                name="orders_open",
                condition=~Q(state__in=["answered", "refused", "withdrawn"]),
            ),
            models.Index(fields=["prove_at"], name="orders_to_prove", condition=Q(prove_at__isnull=False)),
        ]
        permissions = [
            ("act_on_order", "Can plan orders of authorities and act on them"),
            ("approve_order", "Can approve acts and disclosures as the second person"),
            ("disclose", "Can prepare disclosures to authorities"),
            ("view_sealed_order", "Can see all sealed orders"),
        ]
        constraints = [
            models.UniqueConstraint(
                name="order_posted_once", fields=["officer", "idempotency_key"], condition=~Q(idempotency_key="")
            ),
            models.CheckConstraint(
                name="order_kind_known", condition=Q(kind__in=["takedown", "preservation", "information", "emergency"])
            ),
            models.CheckConstraint(
                name="order_state_known",
                condition=Q(
                    state__in=[
                        *("received", "planned", "proposed", "acting", "stopped", "proving"),
                        *("answered", "undoing", "refused", "withdrawn"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="order_approved_by_another",
                condition=Q(approved_by=None) | Q(proposed_by=None) | ~Q(approved_by=models.F("proposed_by")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.reference} of {self.agency}"


class OrderFile(models.Model):
    """One file of an order, stored as received, never rendered by us."""

    class Role(models.TextChoices):
        ORDER = "order", "the order itself"
        NAMES = "names", "the list of names"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="files")
    blob = models.ForeignKey("abuse.Blob", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=5, choices=Role)
    filename = models.CharField(max_length=300, blank=True, default="")
    content_type = models.CharField(max_length=200, blank=True, default="", help_text="As it was said; not trusted.")

    class Meta:
        ordering = ["pk"]
        constraints = [models.CheckConstraint(name="order_file_role_known", condition=Q(role__in=["order", "names"]))]

    def __str__(self) -> str:
        return self.filename or self.get_role_display()


class OrderGroup(models.Model):
    """Items that one decision is made for. Part of the plan: the approval binds it."""

    class Action(models.TextChoices):
        NONE = "none", "nothing"
        SUSPEND = "suspend", "suspend"
        DIVERT = "divert", "divert"
        HOLD = "hold", "hold"
        PRESERVE = "preserve", "preserve the account"

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="groups")
    key = models.CharField(max_length=20, help_text="Outcome, or a part of one: live-settled.")
    item_count = models.PositiveIntegerField()
    action = models.CharField(max_length=8, choices=Action, default=Action.NONE)
    target = models.ForeignKey("abuse.DiversionTarget", on_delete=models.PROTECT, null=True, related_name="+")
    reason = models.TextField(blank=True, default="", help_text="Why so, where it is not what the order asks for.")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="order_group_once", fields=["order", "key"]),
            models.CheckConstraint(
                name="order_group_action_known",
                condition=Q(action__in=["none", "suspend", "divert", "hold", "preserve"]),
            ),
            models.CheckConstraint(
                name="order_group_diverts_somewhere", condition=Q(action="divert") ^ Q(target__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.key}: {self.get_action_display()}"


class OrderItem(models.Model):
    """One line of the list: what it names, what that is to us, and what was done. Lines that name nothing are items too."""

    class Outcome(models.TextChoices):
        LIVE = "live", "live"
        DORMANT = "dormant", "dormant: held, and answers nothing"
        SUSPENDED = "suspended", "already suspended"
        RELEASED = "released", "released"
        NEVER = "never", "never existed"
        NOT_OURS = "not_ours", "not ours"
        PROTECTED = "protected", "protected"
        INVALID = "invalid", "names no host"
        REPEATED = "repeated", "repeats an earlier line"

    class State(models.TextChoices):
        LISTED = "listed", "not acted on"
        ACTED = "acted", "acted on"
        LEFT = "left", "left: changed since it was planned"
        UNDONE = "undone", "undone"

    # Thousands are written at once: no index that nobody asks by.
    order = models.ForeignKey(Order, on_delete=models.PROTECT, db_index=False, related_name="items")
    position = models.PositiveIntegerField(help_text="Line of the list, from 1.")
    text = models.CharField(max_length=300, help_text="As written, cut.")
    name = models.CharField(max_length=253, blank=True, default="", help_text="Normalised; empty: it names no host.")
    port = models.PositiveIntegerField(null=True)
    outcome = models.CharField(max_length=9, choices=Outcome)
    note = models.CharField(max_length=300, blank=True, default="", help_text="Why: invalid, protected; which line.")
    group = models.CharField(max_length=20, blank=True, default="", help_text="OrderGroup.key.")
    hostname = models.ForeignKey(
        "ddns.Hostname", on_delete=models.PROTECT, db_index=False, null=True, related_name="order_items"
    )
    account = models.ForeignKey(
        "ddns.User",
        on_delete=models.PROTECT,
        db_index=False,
        null=True,
        related_name="+",
        help_text="Who held it when it was planned.",
    )
    first_seen_at = models.DateTimeField(null=True, help_text="When it was registered.")
    last_seen_at = models.DateTimeField(null=True, help_text="Last sign of a device or of the customer.")
    since = models.DateTimeField(null=True, help_text="Dormant, suspended or released since.")
    ipv4 = models.GenericIPAddressField(protocol="IPv4", null=True)
    ipv6 = models.GenericIPAddressField(protocol="IPv6", null=True)
    holder_name_count = models.PositiveIntegerField(null=True, help_text="Names of the same holder, this one included.")
    state = models.CharField(max_length=6, choices=State, default=State.LISTED)
    acted_at = models.DateTimeField(null=True)
    undone_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True, default="", help_text="Why it was left.")

    class Meta:
        ordering = ["order", "position"]
        indexes = [
            models.Index(fields=["hostname"], name="order_items_of_hostname", condition=Q(hostname__isnull=False))
        ]
        constraints = [
            models.UniqueConstraint(name="order_item_once", fields=["order", "position"]),
            models.CheckConstraint(
                name="order_item_outcome_known",
                condition=Q(
                    outcome__in=[
                        *("live", "dormant", "suspended", "released", "never", "not_ours"),
                        *("protected", "invalid", "repeated"),
                    ]
                ),
            ),
            models.CheckConstraint(
                name="order_item_state_known", condition=Q(state__in=["listed", "acted", "left", "undone"])
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.text
