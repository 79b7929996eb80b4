"""One mail from an MTA's pipe. Exits as sysexits.h has it, so that the MTA keeps what we could not store."""

import logging
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError

from abuse import mail
from abuse.errors import SubmissionEmpty, SubmissionTooBig
from abuse.submissions import MAX_SIZE

logger = logging.getLogger(__name__)

STORED = 0
EMPTY = 65  # EX_DATAERR: the MTA tells the sender
TOO_BIG = 69  # EX_UNAVAILABLE: the same
LATER = 75  # EX_TEMPFAIL: the MTA keeps it and comes again


class Command(BaseCommand):
    help = "Stores one mail from standard input as a submission. For the pipe of an MTA: docs/abuse-doors.md."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sender", help="envelope sender; empty for a bounce. Without it Return-Path counts")
        parser.add_argument("--recipient", default="", help="envelope recipient")

    def handle(self, *args: Any, **options: Any) -> None:
        raise SystemExit(self._receive(sys.stdin.buffer.read(MAX_SIZE + 1), options["sender"], options["recipient"]))

    def _receive(self, content: bytes, sender: str | None, recipient: str) -> int:
        try:
            submission = mail.receive(content, sender=sender, recipient=recipient)
        except SubmissionEmpty as error:
            self.stderr.write(str(error))
            return EMPTY
        except SubmissionTooBig as error:
            self.stderr.write(str(error))
            return TOO_BIG
        except DatabaseError as error:
            self.stderr.write(f"Not now: the database does not take it. {type(error).__name__}.")
            return LATER
        except Exception:
            # Nothing was stored, whatever it was: a mail must not be lost to a mistake of ours.
            logger.exception("A mail could not be stored.")
            self.stderr.write("Not now: something broke, and was logged.")
            return LATER
        self.stdout.write(f"Stored as {submission.pk}.")
        return STORED
