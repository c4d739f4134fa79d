"""How much may be asked, and what is still answered beyond it: an emergency.

Four bounds, each for one visitor and for all of them. Beyond the first, a question is only read for emergencies;
beyond the second, which keeps that from being a way round the first, it is refused, with the number to call. The third
is for what only reads, such as a page and its files; the fourth for logging in. A program on this machine is the
clinic's own, and not counted unless it logs in. Who is logged in has a bound of their own, which no visitor uses up.
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Sequence
from dataclasses import replace
from ipaddress import IPv6Address, ip_address
from math import ceil

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import RateLimiter, SlidingWindowCounterRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from chatbot.answer import Answer
from chatbot.bot import Bot, ask
from chatbot.question import MAX_CHARS, Question
from chatbot.settings import Clinic, Limits, fill
from chatbot.triage import triage
from chatbot.urgent import urgent
from chatbot.web.here import is_from_here
from chatbot.web.origins import READING
from chatbot.web.problems import TooManyQuestionsError
from chatbot.web.staff.guard import LOGIN, person_in

URGENT_FOR_EACH_ASK = 5
READS_FOR_EACH_ASK = 30  # opening the page takes about a hundred
STAFF_PER_MINUTE = 3000  # of one person: the look-up asks with each letter that is typed
HEARD = ("/api/ask", "/api/chat", "/gradio_api/queue/join")  # where somebody may tell of an emergency
LIMITED = "limited_s"  # of the request's state: the seconds to wait
VISITORS_NETWORK = 64  # bits of an IPv6 address that a household shares; the rest is the visitor's to choose


def too_many(wait_s: int, clinic: Clinic) -> TooManyQuestionsError:
    """What a visitor reads who asks too much; who is in danger reads whom to call."""
    seconds = f"{wait_s} second{'' if wait_s == 1 else 's'}"
    said = f"Too many questions came at once. Please ask again in {seconds}. In an emergency call {{emergency}} now."
    return TooManyQuestionsError(wait_s, fill(said, clinic))


def ask_within(wait_s: int, bot: Bot, question: Question, earlier: Sequence[Question] = ()) -> Answer:
    """ask(), or for one who has to wait, only what is urgent in as much text as a question may have.

    Raises TooManyQuestionsError for what is not urgent then, and QuestionError as ask does.
    """
    if not wait_s:
        return ask(bot, question, earlier)
    heard = replace(question, text=question.text[:MAX_CHARS])  # to read all of a long text takes a second
    now = urgent(heard, triage(heard, bot.rules, bot.meaning), bot.clinic)
    if now is None:
        raise too_many(wait_s, bot.clinic)
    return now


def wait_of(scope: Scope) -> int:
    """The seconds that the visitor behind a request has to wait before the next question; 0 for none."""
    wait_s: int = scope.get("state", {}).get(LIMITED, 0)
    return wait_s


class Bound:
    """So much within a minute, of one visitor and of all of them."""

    def __init__(self, name: str, limits: Limits, times: int, limiter: RateLimiter) -> None:
        self._visitor = RateLimitItemPerMinute(limits.per_visitor_per_minute * times, namespace=f"{name} visitor")
        self._overall = RateLimitItemPerMinute(limits.overall_per_minute * times, namespace=f"{name} overall")
        self._limiter = limiter

    def wait_s(self, visitor: str) -> int:
        """Count a request; 0, or the seconds to wait. Who asks too much takes nothing from the others' share."""
        for item, key in ((self._visitor, visitor), (self._overall, "")):
            if not self._limiter.hit(item, key):
                resets_at = self._limiter.get_window_stats(item, key).reset_time
                return max(1, ceil(resets_at - time.time()))
        return 0


class Rates:
    """The door that counts requests. A visitor's address is a key under a secret that ends with the program."""

    def __init__(self, app: ASGIApp, limits: Limits, clinic: Clinic) -> None:
        self._app = app
        self._clinic = clinic
        self._secret = secrets.token_bytes(32)
        limiter = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._asks = Bound("ask", limits, 1, limiter)
        self._urgent = Bound("urgent", limits, URGENT_FOR_EACH_ASK, limiter)
        self._reads = Bound("read", limits, READS_FOR_EACH_ASK, limiter)
        self._logins = Bound("login", limits, 1, limiter)
        staff = Limits(per_visitor_per_minute=STAFF_PER_MINUTE, overall_per_minute=STAFF_PER_MINUTE * 100)
        self._staff = Bound("staff", staff, 1, limiter)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_login = scope["method"] == "POST" and scope["path"] == LOGIN
        if is_login:
            scope.setdefault("state", {})[LIMITED] = self._logins.wait_s(self._key(scope))  # the page says so itself
        if is_login or is_from_here(scope):
            await self._app(scope, receive, send)
            return
        visitor = self._key(scope)
        if (person := person_in(scope)) is not None:
            wait_s = self._staff.wait_s(person.name)
        else:
            wait_s = (self._reads if scope["method"] in READING else self._asks).wait_s(visitor)
        if wait_s and scope["method"] == "POST" and scope["path"] in HEARD:
            scope.setdefault("state", {})[LIMITED] = wait_s
            wait_s = self._urgent.wait_s(visitor)
        if wait_s:
            await too_many(wait_s, self._clinic).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _key(self, scope: Scope) -> str:
        """The same for the same visitor while the program runs, and good for nothing else."""
        host = scope["client"][0] if scope.get("client") else ""
        return hashlib.blake2b(_network(host), key=self._secret, digest_size=16).hexdigest()


def _network(host: str) -> bytes:
    """What of an address is one visitor's."""
    try:
        address = ip_address(host)
    except ValueError:  # a socket file or a test has no address
        return host.encode()
    if isinstance(address, IPv6Address):
        address = address.ipv4_mapped or address
    return address.packed[: VISITORS_NETWORK // 8]
