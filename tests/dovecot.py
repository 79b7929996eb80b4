"""A real IMAP server for tests: Dovecot, private, on loopback, with a mailbox of the test's own."""

import getpass
import imaplib
import os
import secrets
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local import ports
from deploy.local.ports import LOOPBACK
from deploy.local.process import Process
from deploy.local.server import Server
from deploy.local.users import give, unprivileged
from tests.certificates import Certificate, issue
from tests.left_out import require

CONFIGURATION = """
base_dir = {directory}/run
state_dir = {directory}/run
log_path = {log}
protocols = imap
listen = {address}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
ssl_dh =
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:~/Maildir
mail_max_userip_connections = 50
{capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={directory}/home/%u
}}
service anvil {{
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
"""


class Dovecot(Server):
    """Any user gets in with the password, and has a mailbox of their own."""

    name = "dovecot"

    def __init__(self, directory: Path, *, capability: str = "") -> None:
        self.directory, self.capability = directory.absolute(), capability
        self.log = self.directory / "dovecot.log"
        self.password = secrets.token_hex(8)
        self.port, self.tls_port = ports.free_port(), ports.free_port()
        self.binary = require("dovecot", "dovecot-imapd")
        self.certificate: Certificate | None = None

    def begin(self) -> None:
        user = unprivileged("nobody")
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(0o711)
        (self.directory / "home").mkdir(exist_ok=True)
        give(self.directory / "home", user)
        self.certificate = self.certificate or issue(self.directory / "certificates")
        file = self.directory / "dovecot.conf"
        file.write_text(self._configuration())
        self.process = Process(self.name, [self.binary, "-F", "-c", file], log=self.log)
        super().begin()

    def is_ready(self) -> bool:
        try:
            self.client("ready").logout()
        except (OSError, imaplib.IMAP4.error):
            return False
        return True

    def client(self, user: str) -> imaplib.IMAP4:
        """Logged in."""
        client = imaplib.IMAP4(LOOPBACK, self.port, timeout=10)
        client.login(user, self.password)
        return client

    def deliver(self, user: str, content: bytes, folder: str = "INBOX") -> None:
        """With the line ends that mails have."""
        client = self.client(user)
        status, answer = client.append(
            folder, "", imaplib.Time2Internaldate(time.time()), content.replace(b"\n", b"\r\n")
        )
        assert status == "OK", answer
        client.logout()

    def contents(self, user: str, folder: str) -> list[bytes]:
        """Every mail in the folder; nothing where there is none."""
        client = self.client(user)
        status, _ = client.select(f'"{folder}"', readonly=True)
        if status != "OK":
            return []
        _, (found,) = client.search(None, "ALL")
        mails = [client.fetch(each.decode(), "(BODY.PEEK[])")[1][0][1] for each in found.split()]
        client.logout()
        return mails

    def _configuration(self) -> str:
        user = unprivileged("nobody")
        own = getpass.getuser()
        internal, login, group = ("dovecot", "dovenull", "dovecot") if user else (own, own, "")
        assert self.certificate
        return CONFIGURATION.format(
            directory=self.directory,
            log=self.log,
            address=LOOPBACK,
            certificate=self.certificate.certificate,
            key=self.certificate.key,
            internal=internal,
            group=group,
            login=login,
            password=self.password,
            uid=user.pw_uid if user else os.getuid(),
            gid=user.pw_gid if user else os.getgid(),
            port=self.port,
            tls_port=self.tls_port,
            capability=self.capability,
        )


@pytest.fixture(scope="session")
def dovecot(servers) -> Dovecot:
    return servers.start(Dovecot(servers.directory / "dovecot"))


@pytest.fixture
def trusted_dovecot(dovecot: Dovecot, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """Its authority is one that we trust."""
    from abuse import imap

    monkeypatch.setenv("SSL_CERT_FILE", str(dovecot.certificate.authority))
    imap._tls.cache_clear()
    yield imap._tls()
    imap._tls.cache_clear()
