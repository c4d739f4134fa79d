"""The doors of the server, closed by default: what every request passes before it is answered.

From outside in: headers for the browser, the count, where a request comes from, failures without words, how much is
asked, how large it is, and how long the answer takes. Each is a file of its own; docs/decisions/0015-doors.md says why.
"""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from chatbot.settings import Settings
from chatbot.web.bodies import Bodies
from chatbot.web.counting import Counting, add_metrics
from chatbot.web.failures import Failures
from chatbot.web.headers import Headers
from chatbot.web.origins import Origins
from chatbot.web.page_paths import close_pages
from chatbot.web.rates import Rates
from chatbot.web.times import Times


def add_doors(server: FastAPI, settings: Settings) -> None:
    """Put the doors before a server that has all its paths, and /metrics behind them."""
    close_pages(server)
    add_metrics(server)
    server.add_middleware(Times, settings.clinic)  # the first is the innermost
    server.add_middleware(Bodies)
    server.add_middleware(Rates, settings.limits, settings.clinic)
    server.add_middleware(Failures)
    server.add_middleware(Origins, settings.allowed_origins)
    server.add_middleware(Counting)
    server.add_middleware(Headers, settings.allowed_origins)


def server_options(settings: Settings) -> dict[str, Any]:
    """What uvicorn is told: whose word about a visitor's address is believed, not to say what it is, no web sockets."""
    return {
        "proxy_headers": bool(settings.trusted_proxies),
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "server_header": False,
        "ws": "none",
        "log_level": "warning",
    }
