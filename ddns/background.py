"""Background: what requests noted in memory is written every few seconds, and at the end of the process."""

import atexit
import threading
import time

from ddns import changes, contacts, requests

INTERVAL_SECONDS = 5.0

_starting = threading.Lock()
_thread: threading.Thread | None = None


def start() -> None:
    """For every process that answers devices; further calls do nothing."""
    global _thread
    with _starting:
        if _thread is None:
            _thread = threading.Thread(target=_write_for_ever, name="background", daemon=True)
            _thread.start()
            atexit.register(flush)


def flush() -> None:
    """Neither raises: what could not be written is written later or let go."""
    contacts.flush()
    requests.flush()
    changes.flush()


def _write_for_ever() -> None:
    while True:
        time.sleep(INTERVAL_SECONDS)
        flush()
