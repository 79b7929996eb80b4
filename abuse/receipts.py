"""Receipts: signed, so that both sides can prove what was received and decided, and when."""

import base64
import binascii
import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from abuse import signing_keys
from abuse.errors import WrongReceipt
from abuse.models import Decision, Receipt, SigningKey, Submission

VERSION = 1


def issue_for_submission(submission: Submission) -> Receipt:
    """Within the transaction that stores it. Says nothing of who sent it."""
    body = {
        "submission": str(submission.pk),
        "received_at": submission.received_at.isoformat(),
        "sha256": submission.blob_id,
        "size": submission.blob.size,
        "door": submission.door,
    }
    return issue(Receipt.Kind.SUBMISSION, body, submission=submission)


def issue_for_decision(decision: Decision) -> Receipt:
    """Within the transaction of the decision, and again of its undoing. Says nothing of who reported or who holds the name."""
    body = {
        "case": decision.case_id,
        "decision": decision.pk,
        "name": decision.case.name,
        "action": decision.action,
        "state": decision.state,
        "decided_at": decision.decided_at.isoformat(),
        "ends_at": decision.ends_at and decision.ends_at.isoformat(),
        "undone_at": decision.undone_at and decision.undone_at.isoformat(),
        "is_automatic": decision.decided_by_id is None,
    }
    return issue(Receipt.Kind.DECISION, body, decision=decision)


def issue_for_proof(
    decision: Decision, proof: Mapping[str, Any], *, is_of_undoing: bool, proven_at: datetime
) -> Receipt:
    """Within the transaction that stores it: that every authoritative server answered so, and when.

    Of the answers it has the hash: they name what the customer has there, and are in the export of the case.
    """
    answers = proof["answers"]
    body = {
        "case": decision.case_id,
        "decision": decision.pk,
        "name": decision.case.name,
        "action": decision.action,
        "proof_of": "undoing" if is_of_undoing else "decision",
        "proven_at": proven_at.isoformat(),
        "nameservers": ", ".join(sorted({each["server"] for each in answers})),
        "answer_count": proof["answer_count"],
        "answers_sha256": hashlib.sha256(canonical(answers).encode()).hexdigest(),
    }
    return issue(Receipt.Kind.DECISION, body, decision=decision)


def issue(kind: Receipt.Kind, body: Mapping[str, Any], **about) -> Receipt:
    """Signs the canonical JSON of body and of what every receipt says of itself."""
    identity, at, key = uuid.uuid4(), timezone.now(), signing_keys.in_use()
    payload = canonical(
        {
            "version": VERSION,
            "kind": kind.value,
            "id": str(identity),
            "issuer": settings.SITE_URL,
            "issued_at": at.isoformat(),
            "key": key.key_id,
            **body,
        }
    )
    return Receipt.objects.create(
        id=identity,
        kind=kind,
        payload=payload,
        signature=signing_keys.sign(payload, key),
        key=key,
        issued_at=at,
        **about,
    )


def document(receipt: Receipt) -> dict[str, Any]:
    """What is handed out: the payload as it was signed, the signature, the public key to compare with the published one."""
    return {
        "payload": receipt.payload,
        "algorithm": "Ed25519",
        "key": receipt.key_id,
        "public_key": _encoded(receipt.key.public_key),
        "signature": _encoded(receipt.signature),
    }


def published_keys() -> dict[str, Any]:
    """All keys that ever signed, for a well-known address."""
    keys = SigningKey.objects.order_by("created_at")
    return {
        "issuer": settings.SITE_URL,
        "keys": [
            {
                "key": key.key_id,
                "algorithm": "Ed25519",
                "public_key": _encoded(key.public_key),
                "since": key.created_at.isoformat(),
                "retired_at": key.retired_at and key.retired_at.isoformat(),
            }
            for key in keys
        ],
    }


def verify(shown: Any, keys: Mapping[str, bytes]) -> dict[str, Any]:
    """The payload of a document that holds, by keys kept or published elsewhere: never by the one that the document brings.

    Needs no database. Raises WrongReceipt.
    """
    try:
        payload, signature = shown["payload"], base64.b64decode(shown["signature"], validate=True)
        body = json.loads(payload)
        key = keys[body["key"]]
    except KeyError as error:
        raise WrongReceipt(_("{what} is missing, or not among the published keys.").format(what=error)) from error
    except (TypeError, ValueError, AttributeError, RecursionError, binascii.Error) as error:
        raise WrongReceipt(_("it is not a receipt of ours.")) from error
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, payload.encode())
    except (InvalidSignature, ValueError) as error:
        raise WrongReceipt(_("its signature does not fit its text: one of both was changed.")) from error
    return body


def keys_of(published: Any) -> dict[str, bytes]:
    """What published_keys gave, for verify. Raises WrongReceipt."""
    try:
        return {each["key"]: base64.b64decode(each["public_key"], validate=True) for each in published["keys"]}
    except (KeyError, TypeError, ValueError) as error:
        raise WrongReceipt(_("the list of keys is not one of ours.")) from error


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces (in the manner of RFC 8785; numbers here are whole)."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _encoded(octets: bytes | memoryview) -> str:
    return base64.b64encode(bytes(octets)).decode()
