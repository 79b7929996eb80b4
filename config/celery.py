"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os
import sys

from celery import Celery
from celery.signals import task_postrun
from django.db import close_old_connections

from config import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("ddns")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Left to itself Celery closes the database connection before and after every task. A new one costs some 10 ms of CPU
# here and in PostgreSQL, and with it go the publisher's prepared statements.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks()
heartbeat.start()


@task_postrun.connect
def keep_usable_connections(**_) -> None:
    """As Django does behind a request: a connection that an error has broken is not kept for the next task."""
    close_old_connections()
