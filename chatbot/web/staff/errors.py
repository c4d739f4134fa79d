"""What staff read when something they asked for cannot be done: the reason and the remedy, and no trace of the code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape

import gradio as gr

from chatbot.desk.curated_check import WordingError
from chatbot.desk.drafts import DraftError
from chatbot.desk.gaps import GapError
from chatbot.desk.library import LibraryError
from chatbot.desk.passwords import PasswordError
from chatbot.desk.people import PersonError
from chatbot.desk.permissions import NotAllowedError
from chatbot.desk.publish import PublishError
from chatbot.desk.saved import SavedError
from chatbot.desk.tokens import TokenError
from chatbot.desk.uploads import UploadError
from chatbot.mailing.outbox import UnknownReceiptError
from chatbot.question import QuestionError
from chatbot.store import StoreError

EXPECTED = (
    DraftError, GapError, LibraryError, NotAllowedError, PasswordError, PersonError, PublishError, QuestionError,
    SavedError, StoreError, TokenError, UnknownReceiptError, UploadError, WordingError,
)  # fmt: skip


@contextmanager
def shown() -> Iterator[None]:
    """Show an expected error on the page. Gradio takes the text for HTML, and a name may be in it."""
    try:
        yield
    except EXPECTED as error:
        raise gr.Error(escape(str(error)), title="That was not done", print_exception=False) from error
