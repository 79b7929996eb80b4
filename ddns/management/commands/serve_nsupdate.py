"""manage.py serve_nsupdate: takes customers' UPDATE messages (RFC 2136) until it is told to stop."""

import asyncio
import signal
import threading

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from ddns import background
from ddns.nsupdate.apexes import Apexes
from ddns.nsupdate.listener import LIMITS, Listener
from dnsupdate.serving.errors import CannotListenError
from dnsupdate.serving.server import Server


class Command(BaseCommand):
    help = "Listens for UPDATE messages of customers, over UDP and TCP, until SIGTERM or SIGINT."

    def add_arguments(self, parser) -> None:
        parser.add_argument("--host", action="append", metavar="ADDRESS", help="several times for several")
        parser.add_argument("--port", type=int, default=settings.NSUPDATE_PORT, help="0: a free one")

    def handle(self, host: list[str] | None, port: int, **options) -> None:
        try:
            asyncio.run(self._serve(host or settings.NSUPDATE_HOSTS, port))
        except CannotListenError as error:
            raise CommandError(str(error)) from error

    async def _serve(self, hosts: list[str], port: int) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        apexes, ended = Apexes(), threading.Event()
        listener = Listener(apexes)
        server = Server(listener.answer, LIMITS)
        port = await server.start(hosts, port)
        threading.Thread(target=apexes.keep_fresh, args=[ended], name="apexes", daemon=True).start()
        background.start()
        self.stdout.write(f"listening on {', '.join(hosts)}, port {port} (UDP and TCP)")
        self.stdout.flush()
        await stopped.wait()
        ended.set()
        await server.stop()
        listener.close()
