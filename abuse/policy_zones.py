"""Policy zones: set up at a nameserver for one level of the Traffic Light Protocol, and filled from what is shared."""

from django.db import transaction

from abuse import shared_names
from abuse.errors import InvalidParameter
from abuse.models import Partner, PolicyZone
from dnsupdate import zones
from dnsupdate.models import TsigKey, Zone

# Names below it keep 200 characters and more of their own.
MOST_APEX = 50


def establish(name: str, *, tlp: str, host: str, port: int, key: TsigKey, replace: bool = False) -> PolicyZone:
    """The response policy zone of this level at the primary at this address; what is there already is kept.

    Called again it writes everything once more, as after a loss; in chunks of one transaction each. Raises InvalidName,
    ReplacementRefused and ZoneLifeRefused as zones.add does, and InvalidParameter where the level has another zone, or
    the zone another level.
    """
    if tlp not in Partner.Tlp.values:
        raise InvalidParameter(f"{tlp} is no level of the Traffic Light Protocol that is shared.")
    if len(name) > MOST_APEX:
        raise InvalidParameter(
            f"the zone's name has {MOST_APEX} characters at most, so that long names have room below it."
        )
    with transaction.atomic():
        zone = zones.add(name, host=host, port=port, key=key, replace=replace, kind=Zone.Kind.RPZ)
        policy = PolicyZone.objects.select_related("zone").filter(tlp=tlp).first()
        if policy is not None and policy.zone_id != zone.pk:
            raise InvalidParameter(f"{policy} is there for that level.")
        if other := PolicyZone.objects.filter(zone=zone).exclude(tlp=tlp).first():
            raise InvalidParameter(f"it is {other}.")
        if policy is None:
            policy = PolicyZone.objects.create(zone=zone, tlp=tlp)
    policy.zone = zone
    shared_names.fill(policy)
    return policy
