"""From what happens to whom it concerns: through web, history, worker, and over TLS or SMTP."""

import base64
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from deploy.local.deadline import wait_for
from tests.clients.update_client import run
from tests.left_out import require
from tests.receivers import Receiver

ARRIVES_IN = timedelta(seconds=60)
ADD = """
from ddns import address_changes, webhooks
from ddns.models import User
# What happened before is history.
address_changes.tell()
result = webhooks.add(User.objects.get(email=email), url)[1]
"""


@pytest.fixture
def listening(stack) -> Iterator[Receiver]:
    """With a certificate that the stack's worker trusts."""
    receiver = Receiver(stack.certificate)
    yield receiver
    receiver.close()


def test_an_update_by_curl_becomes_a_signed_webhook(stack, alice, listening: Receiver):
    secret = stack.run(ADD, email=alice.email, url=listening.url_at("localhost"))
    url = f"{stack.web_url}/nic/update?hostname={alice.name}&myip=192.0.2.44"
    assert "good 192.0.2.44" in run(require("curl"), "-sS", "-u", f"x:{alice.key}", url).said

    wait_for(lambda: bool(listening.received), ARRIVES_IN, "the webhook")
    headers, body = listening.received[0]
    key = base64.b64decode(secret.removeprefix("whsec_"))
    content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{signature}"
    said = json.loads(body)
    assert (said["type"], said["data"]["hostname"]) == ("address_changed", alice.name)
    assert (said["data"]["old"], said["data"]["new"]) == ([], ["192.0.2.44"])


def test_a_new_key_is_mailed_with_one_click_to_end_such_mails(stack, alice):
    message = stack.mail.wait_for(alice.email)
    assert "A key was made: device" in message["Subject"]
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    link = message["List-Unsubscribe"].strip(" <>")
    ended = run(
        require("curl"), "-sS", "-o", "/dev/null", "-w", "%{http_code}", "-d", "List-Unsubscribe=One-Click", link
    )
    assert ended.said == "200"
    preference = "from ddns.models import Preference\nresult = Preference.objects.get(account__email=email).by_mail"
    assert stack.run(preference, email=alice.email) is False
