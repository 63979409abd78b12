"""The queue's file, for whoever works on it: this process is the one that claims jobs."""

import os
from pathlib import Path

from wan22.runs.queue_store import QueueStore
from wan22.system.process_table import identity_of
from wan22.wiring.parts import Parts

FILE_NAME = "queue.sqlite3"


def queue_file(shared: Parts) -> Path:
    """Where the queue of this user is."""
    return shared.folders.data / FILE_NAME


def queue_store(shared: Parts) -> QueueStore:
    """The queue, opened. Raises AppError `queue_unusable`."""
    us = identity_of(os.getpid())
    assert us is not None
    return QueueStore(queue_file(shared), us, shared.clock.now)
