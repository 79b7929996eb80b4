"""Heartbeats: workers and beat touch a file while they talk to the broker, for health checks that cost nothing."""

import os
from pathlib import Path

from celery import signals

# Set by docker-compose.yml; elsewhere nothing is written.
FILE = os.environ.get("DDNS_HEARTBEAT_FILE", "")


def start() -> None:
    """Before the worker or beat starts. A worker's heartbeat stops with its main loop and with its broker's connection."""
    if FILE:
        signals.heartbeat_sent.connect(_beat, weak=False)
        signals.beat_init.connect(_follow_beat, weak=False)


def _follow_beat(**_) -> None:
    # Beat has no heartbeat of its own: it is alive as long as the broker takes what it sends, every two seconds.
    signals.after_task_publish.connect(_beat, weak=False)


def _beat(**_) -> None:
    Path(FILE).touch()
