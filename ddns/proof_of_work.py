"""Proof of work before a form of strangers is accepted: a challenge that the browser solves, or a wait instead of it.

Challenges are altcha's, version 2: find the counter whose derived key (PBKDF2) begins as told. Nothing is stored before
somebody comes back with a solution.
"""

import secrets
import time
from datetime import timedelta
from typing import cast

import altcha
from django.conf import settings
from django.core import signing
from django.core.cache import cache
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from ddns import sign_ups
from ddns.addresses import Address
from ddns.errors import ProofMissing, ProofSpent, ProofTooEasy, ProofWrong, TooManyWaits, WaitLonger

ALGORITHM = "PBKDF2/SHA-256"
# Of one derivation: half a millisecond here, so that a browser's overhead per call is the smaller part.
ROUNDS = 1000
# A form is filled in meanwhile, and solved again by itself if that takes longer.
LIFETIME = timedelta(minutes=20)
TICKET_LIFETIME = timedelta(hours=2)
# Between challenge and form others of the same network may have signed up: so many doublings are let pass.
DOUBLINGS_LET_PASS = 2
# A wait costs nothing but time, which a machine can spend in a thousand places at once: few per network and day.
WAITS_PER_NETWORK = 5
_TICKET_SALT = "ddns.proof_of_work.ticket"
# What an honest solution takes, ten times over.
MOST_OCTETS = 4096


def challenge(source: Address, *, purpose: str) -> dict:
    """What the browser shall solve, as JSON: harder for networks with many sign-ups today."""
    work = demanded(source)
    # The counter lies in the upper half, so that the work of two people never differs by more than twice.
    counter = work // 2 + secrets.randbelow(work // 2 + 1)
    made = altcha.create_challenge(
        ALGORITHM,
        ROUNDS,
        counter=counter,
        expires_at=int(time.time() + LIFETIME.total_seconds()),
        data={"purpose": purpose, "work": work},
        hmac_secret=_secret("challenge"),
        hmac_key_secret=_secret("key"),
    )
    return made.to_dict()


def demanded(source: Address) -> int:
    """Derivations that a browser from there shall do."""
    return settings.PROOF_OF_WORK << sign_ups.doublings(sign_ups.recent(source))


def redeem(solution: str, source: Address, *, purpose: str) -> None:
    """Accepts the solution, once. Raises ProofMissing, ProofWrong, ProofTooEasy and ProofSpent."""
    if not solution:
        raise ProofMissing
    payload = _parse(solution)
    result = altcha.verify_solution(payload, _secret("challenge"), hmac_key_secret=_secret("key"))
    data = payload.challenge.parameters.data or {}
    if not result.verified or data.get("purpose") != purpose:
        raise ProofWrong
    if cast(int, data["work"]) << DOUBLINGS_LET_PASS < demanded(source):
        raise ProofTooEasy
    _spend(str(payload.challenge.signature), LIFETIME)


def ticket(*, purpose: str) -> str:
    """Notes when the form was opened, for browsers that wait instead of working."""
    noted = {"purpose": purpose, "at": time.time(), "nonce": secrets.token_urlsafe(12)}
    return signing.dumps(noted, salt=_TICKET_SALT)


def redeem_ticket(text: str, source: Address, *, purpose: str) -> None:
    """Accepts a form that was open for long enough, once.

    Raises ProofMissing, ProofWrong, WaitLonger, ProofSpent and TooManyWaits.
    """
    if not text:
        raise ProofMissing
    try:
        noted = signing.loads(text, salt=_TICKET_SALT, max_age=TICKET_LIFETIME)
    except signing.BadSignature as error:
        raise ProofWrong from error
    if noted["purpose"] != purpose:
        raise ProofWrong
    remaining = demanded_wait(source) - timedelta(seconds=time.time() - noted["at"])
    if remaining > timedelta():
        raise WaitLonger(_("{count} seconds.").format(count=remaining.seconds + 1))
    _spend(noted["nonce"], TICKET_LIFETIME)
    _count_wait(source)


def demanded_wait(source: Address) -> timedelta:
    """For how long a form must have been open there."""
    return settings.WAIT_INSTEAD_OF_WORK * (1 << sign_ups.doublings(sign_ups.recent(source)))


def _count_wait(source: Address) -> None:
    """Raises TooManyWaits."""
    name = f"waits:{sign_ups.network(source)}"
    cache.add(name, 0, timeout=int(sign_ups.WINDOW.total_seconds()))
    if cache.incr(name) > WAITS_PER_NETWORK:
        raise TooManyWaits


def _parse(solution: str) -> altcha.Payload:
    """Raises ProofWrong."""
    if len(solution) > MOST_OCTETS:
        raise ProofWrong
    try:
        return altcha.Payload.from_base64(solution)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ProofWrong from error


def _spend(mark: str, lifetime: timedelta) -> None:
    """Raises ProofSpent."""
    if not cache.add(f"spent:{mark}", 1, timeout=int(lifetime.total_seconds())):
        raise ProofSpent


def _secret(purpose: str) -> bytes:
    return salted_hmac("ddns.proof_of_work", purpose, algorithm="sha256").digest()
