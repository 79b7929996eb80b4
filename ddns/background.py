"""Background: what requests noted in memory is written every few seconds, and at the end of the process."""

import atexit
import logging
import threading
import time

from ddns import changes, contacts, requests

logger = logging.getLogger(__name__)

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
    """Never raises: what could not be written is written later or let go."""
    for write in (contacts.flush, requests.flush, changes.flush):
        try:
            write()
        except Exception:
            # Else the thread would end, and no request of this process would be seen from then on.
            logger.exception("Something noted in memory was not written.")


def _write_for_ever() -> None:
    while True:
        time.sleep(INTERVAL_SECONDS)
        flush()
