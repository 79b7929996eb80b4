"""Actions: everything that can be decided on a case, one by one."""

from abuse.actions import block, dismiss, divert, lock_account, preserve, reserve_label, restrict, say, warn
from abuse.actions.act import Act
from abuse.models import Decision

_Action = Decision.Action

ACTS: dict[str, Act] = {
    _Action.DISMISS: dismiss.ACT,
    _Action.ASK: say.ASK,
    _Action.INFORM: say.INFORM,
    _Action.WARN: warn.WARN,
    _Action.HOLD: restrict.HOLD,
    _Action.SUSPEND: restrict.SUSPEND,
    _Action.DIVERT: divert.DIVERT,
    _Action.LOCK_ACCOUNT: lock_account.LOCK_ACCOUNT,
    _Action.RESERVE_LABEL: reserve_label.RESERVE_LABEL,
    _Action.BLOCK_NETWORK: block.BLOCK_NETWORK,
    _Action.BLOCK_PATTERN: block.BLOCK_PATTERN,
    _Action.PRESERVE: preserve.PRESERVE,
    _Action.REFER: say.REFER,
    _Action.FORWARD: say.FORWARD,
}


def of(action: str) -> Act:
    """Raises ValueError for what is no Decision.Action."""
    return ACTS[_Action(action)]
