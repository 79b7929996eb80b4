"""A mail server for tests: takes every mail over SMTP (RFC 5321) and keeps it for whoever looks."""

import socketserver
import threading
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

from deploy.local.deadline import wait_for
from deploy.local.ports import LOOPBACK

PATIENCE = timedelta(seconds=30)


class MailSink:
    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self._server = socketserver.ThreadingTCPServer((LOOPBACK, 0), _Conversation)
        self._server.daemon_threads = True
        self._server.messages = self.messages
        self.host, self.port = self._server.server_address

    def start(self) -> None:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def wait_for(self, recipient: str) -> EmailMessage:
        """The newest mail to this address, as soon as there is one."""
        wait_for(lambda: any(self._to(recipient)), PATIENCE, f"a mail to {recipient}")
        return self._to(recipient)[-1]

    def _to(self, recipient: str) -> list[EmailMessage]:
        return [message for message in self.messages if recipient in message["To"]]


class _Conversation(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        self._say("220 sink.test")
        while line := self.rfile.readline():
            match line[:4].strip().upper():
                case b"DATA":
                    self._say("354 go on")
                    self.server.messages.append(message_from_bytes(self._data(), policy=policy.default))
                    self._say("250 kept")
                case b"QUIT":
                    self._say("221 bye")
                    return
                case _:
                    self._say("250 ok")

    def _data(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        return b"".join(lines)

    def _say(self, line: str) -> None:
        self.wfile.write(line.encode() + b"\r\n")
