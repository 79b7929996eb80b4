"""Proofs of work, as a browser does them."""

import altcha
from django.test import Client


def prove(client: Client, purpose: str, **meta: str) -> str:
    """Fetches a challenge and solves it; what the form's hidden field holds then."""
    challenge = altcha.Challenge.from_dict(client.get(f"/proof-of-work/{purpose}/", **meta).json())
    return altcha.Payload(challenge, altcha.solve_challenge(challenge)).to_base64()
