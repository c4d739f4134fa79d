"""The doors of the server, closed by default: what every request passes before it is answered.

From outside in: headers for the browser, the count, where a request comes from, failures without words, who is logged
in, how much is asked, how large it is, how long the answer takes, and whose file it is. Each is a file of its own;
docs/decisions/0015-doors.md says why, and of the login docs/decisions/0019-people.md.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from chatbot.desk.sessions import Sessions
from chatbot.settings import Settings
from chatbot.web.bodies import Bodies
from chatbot.web.counting import Counting, add_metrics
from chatbot.web.failures import Failures
from chatbot.web.headers import Headers
from chatbot.web.origins import Origins
from chatbot.web.page_paths import close_page
from chatbot.web.rates import Rates
from chatbot.web.staff.guard import Guard
from chatbot.web.staff.own import Own
from chatbot.web.times import Times


def add_doors(server: FastAPI, settings: Settings, sessions: Sessions) -> None:
    """Put the doors before a server that has all its paths, and /metrics behind them."""
    close_page(server)
    add_metrics(server)
    server.add_middleware(Own)  # the first is the innermost
    server.add_middleware(Times, settings.clinic)
    server.add_middleware(Bodies)
    server.add_middleware(Rates, settings.limits, settings.clinic)
    server.add_middleware(Guard, sessions)
    server.add_middleware(Failures)
    server.add_middleware(Origins, settings.allowed_origins)
    server.add_middleware(Counting)
    server.add_middleware(Headers, settings.allowed_origins)


# A connection is kept so long between two questions. A proxy keeps its own for a minute (nginx) and may send a question
# just as a shorter time is over: nobody would answer it.
KEEP_ALIVE_S = 75


def server_options(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told: whose word about a visitor's address is believed, not to say what it is, no web sockets."""
    return {
        "timeout_keep_alive": KEEP_ALIVE_S,
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "server_header": False,
        "ws": "none",
        "log_level": "warning",
    }
