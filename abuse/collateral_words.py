"""Words about collateral: what an order touches besides the names in its list, in sentences for whoever decides."""

from collections.abc import Mapping
from typing import Any

from abuse import plans
from abuse.models import Order

MOST_ZONES = 4


def sentences(order: Order) -> list[str]:
    """As it was counted with the plan, which is what is decided by; counted now where it was not (four queries)."""
    if not order.plan_digest:
        return []
    return _sentences(order.plan.get("collateral") or plans.collateral_of(order).as_json())


def _sentences(found: Mapping[str, Any]) -> list[str]:
    if not found["account_count"]:
        return ["Nothing is decided about any name, and nothing is touched."]
    accounts, others = _names(found["account_count"], "account"), found["accounts_with_others"]
    held = _names(found["other_name_count"], "other name")
    said = [
        f"{_names(found['other_names_touched'], 'other name')} touched: what is acted on are lines of the list.",
        f"{others} of {accounts} hold {held}, which go on as they are."
        if others
        else f"{accounts}, and none holds another name.",
    ]
    if found["widened_count"]:
        said.append(f"{_names(found['widened_count'], 'line')} below a hostname: the whole hostname goes with it.")
    if found["wildcard_count"]:
        said.append(f"{_names(found['wildcard_count'], 'wildcard')}: everything below such a name goes with it.")
    if found["below_count"]:
        said.append(f"{_names(found['below_count'], 'name')} with records below them go with them.")
    zones = found["zones"]
    said += [
        f"{each['zone']}: {each['name_count']} of {each['total_count']} names ({_share(each)})."
        for each in zones[:MOST_ZONES]
    ]
    if len(zones) > MOST_ZONES:
        said.append(f"And {len(zones) - MOST_ZONES} zones more, of each fewer.")
    return said


def _share(zone: Mapping[str, Any]) -> str:
    share = zone["name_count"] / max(zone["total_count"], zone["name_count"], 1)
    return f"{share:.1%}" if share >= 0.001 else "less than 0.1%"


def _names(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
