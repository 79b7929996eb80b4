"""Facts: what policy and the screen of a case know about a name at one moment. Frozen, and storable as JSON."""

from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from typing import Any, get_args, get_type_hints

from abuse.networks import UNKNOWN, Network

# Of the holder's own history: enough for its last days, and a bound for a name that flaps.
MOST_CHANGES = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Voice:
    """One independent reporter on the case, however many mails, mailboxes and copies of the same evidence it has."""

    identity: str
    kind: str
    tier: str
    grade: int
    report_count: int
    first_at: datetime
    last_at: datetime
    decided_count: int = 0
    accuracy: float = 0.0
    is_proven: bool = True
    also: tuple[str, ...] = ()

    @property
    def counts(self) -> bool:
        """Whether it is somebody for sure, and not down-weighted: a form or a mail that nothing proves may name anybody."""
        return self.is_proven and self.tier != "D"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedHit:
    """What a feed says of the name. confidence is from 0 to 1; None: the feed does not say."""

    feed: str
    at: datetime
    confidence: float | None
    is_compromised: bool
    reference: str = ""
    tier: str = "C"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An address that the name answers now, whose it is, and who else is there. Counts end at a bound: is_least says so."""

    address: str
    network: Network
    name_count: int = 0
    new_in_day: int = 0
    suspended: tuple[str, ...] = ()
    is_least: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """How the name moved of late, and by what."""

    changes_in_day: int = 0
    changes_in_week: int = 0
    networks_in_day: tuple[str, ...] = ()
    countries_in_day: tuple[str, ...] = ()
    networks: tuple[str, ...] = ()
    agents: tuple[str, ...] = ()
    source: str = ""
    source_network: Network = UNKNOWN
    first_at: datetime | None = None


STILL = Movement()


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspended:
    """Another name of the account that is, or was, suspended."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """A brand that the label looks like, and by what."""

    brand: str
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a report says that the name answered, and what our history says of that minute; None: it does not go back so far.

    identity is who says it; weighs: whether they are a feed or of tier A or B, on whom a rule may rely.
    """

    report: str
    at: datetime
    claimed: tuple[str, ...]
    ours: tuple[str, ...] | None
    identity: str = ""
    weighs: bool = True

    @property
    def agrees(self) -> bool | None:
        return None if self.ours is None else bool(set(self.claimed) & set(self.ours))


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything below is as of `at`. A case about the platform's own name has no holder: created_at is None then."""

    at: datetime
    case: int
    name: str
    label: str
    kind: str
    route: str
    may_hold: bool
    opened_at: datetime
    # The hostname and its holder.
    state: str = ""
    created_at: datetime | None = None
    is_released: bool = False
    has_wildcard: bool = False
    last_contact_at: datetime | None = None
    last_agent: str = ""
    account: int | None = None
    joined_at: datetime | None = None
    plan: str = ""
    is_paid: bool = False
    is_staff: bool = False
    has_second_factor: bool = False
    mail_domain: str = ""
    is_mail_disposable: bool = False
    other_name_count: int = 0
    suspended_names: tuple[Suspended, ...] = ()
    sign_ups_nearby: int = 0
    appeals_won: int = 0
    # Why the name is protected; empty: it is not.
    protection: str = ""
    # What is said.
    voices: tuple[Voice, ...] = ()
    anonymous_count: int = 0
    feed_hits: tuple[FeedHit, ...] = ()
    kinds: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    report_count: int = 0
    first_evidence_at: datetime | None = None
    last_evidence_at: datetime | None = None
    # Of those on whom a rule may rely: else whoever holds a bad name could keep it from being held, by one report of their own.
    before_holder_count: int = 0
    claims: tuple[Claim, ...] = ()
    # When a person or the clock last ended or refused what was done to this name: what was said before does not count again.
    settled_at: datetime | None = None
    # What DNS shows.
    places: tuple[Place, ...] = ()
    movement: Movement = STILL
    # What the label says.
    likeness: Likeness | None = None
    tokens: tuple[str, ...] = ()
    siblings: tuple[str, ...] = ()
    suspended_siblings: tuple[str, ...] = ()
    looks_random: bool = False

    @property
    def age(self) -> timedelta | None:
        return None if self.created_at is None else self.at - self.created_at

    @property
    def account_age(self) -> timedelta | None:
        return None if self.joined_at is None else self.at - self.joined_at

    @property
    def is_sunk(self) -> bool:
        """Whether every address that it answers goes nowhere."""
        return bool(self.places) and all(each.network.is_sunk for each in self.places)

    def as_json(self) -> dict[str, Any]:
        return {key: _plain(value) for key, value in asdict(self).items()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Facts":
        """What as_json gave, by this or an older version: what it did not know is as nothing. Raises ValueError, TypeError."""
        return _restored(cls, stored)


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return value.isoformat()
        case dict():
            return {key: _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
    return value


def _restored(cls: type[Any], stored: dict[str, Any]) -> Any:
    hints = get_type_hints(cls)
    known = {each.name for each in fields(cls)} & stored.keys()
    return cls(**{name: _value(hints[name], stored[name]) for name in known})


def _value(hint: Any, stored: Any) -> Any:
    """One value by the type of its field: a datetime, a dataclass, a tuple of either, or what JSON has itself."""
    if stored is None:
        return None
    kinds = [each for each in get_args(hint) if each is not type(None)] or [hint]
    kind = kinds[0]
    if isinstance(stored, list):
        inner = get_args(kind)[0] if get_args(kind) else kind
        return tuple(_value(inner, each) for each in stored)
    if isinstance(stored, dict):
        return _restored(kind, stored)
    return datetime.fromisoformat(stored) if kind is datetime else stored
