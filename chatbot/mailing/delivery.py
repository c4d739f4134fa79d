"""A thread that sends what is in the outbox while the server runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Thread

from chatbot.mailing.outbox import Outbox
from chatbot.store import StoreError

logger = logging.getLogger(__name__)

EVERY_S = 30.0  # between two looks for what is due again; a new message is sent at once
END_S = 10.0  # at the end, the longest wait for a message that is being sent; what is cut off is sent again


@contextmanager
def delivering(outbox: Outbox, every_s: float = EVERY_S) -> Iterator[None]:
    """Send what is due, when it is posted and every so many seconds, until the block ends."""
    stop = Event()
    thread = Thread(target=_deliver, args=(outbox, every_s, stop), name="delivery", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        outbox.posted.set()
        thread.join(END_S)


def _deliver(outbox: Outbox, every_s: float, stop: Event) -> None:
    while True:
        outbox.posted.clear()
        if stop.is_set():  # asked after clearing: an end that is cleared here was set before
            return
        try:
            outbox.send_due(datetime.now(UTC), stop)
        except StoreError as error:
            logger.error("Messages to the clinic are not sent: %s", error)
        except Exception:  # whatever it was, later messages are sent
            logger.exception("Messages to the clinic are not sent.")
        outbox.posted.wait(every_s)
