"""The Celery application: `celery -A config worker`, `celery -A config beat`."""

import os
import sys

from celery import Celery
from celery.signals import task_postrun, task_prerun
from django.db import close_old_connections, connections

from config import heartbeat

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("ddns")
app.config_from_object("django.conf:settings", namespace="CELERY")
# Left to itself Celery closes the database connection before and after every task. A new one costs some 10 ms of CPU
# here and in PostgreSQL, and with it go the publisher's prepared statements.
app.conf["CELERY_DB_REUSE_MAX"] = sys.maxsize
app.autodiscover_tasks()
heartbeat.start()


@task_prerun.connect
def replace_dropped_connections(**_) -> None:
    """So that no task fails after the database was restarted (CONN_HEALTH_CHECKS)."""
    for connection in connections.all(initialized_only=True):
        connection.close_if_health_check_failed()


@task_postrun.connect
def drop_broken_connections(**_) -> None:
    """As Django does behind a request: a connection that an error has broken is not kept for the next task."""
    close_old_connections()
