"""Actions: everything that can be decided on a case, one by one."""

from abuse.actions import dismiss, restrict, warn
from abuse.actions.act import Act
from abuse.models import Decision

_Action = Decision.Action

ACTS: dict[str, Act] = {
    _Action.DISMISS: dismiss.ACT,
    _Action.WARN: warn.WARN,
    _Action.HOLD: restrict.HOLD,
    _Action.SUSPEND: restrict.SUSPEND,
}


def of(action: str) -> Act:
    """Raises ValueError for what is no Decision.Action."""
    return ACTS[_Action(action)]
