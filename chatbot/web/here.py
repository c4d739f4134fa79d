"""Whether a request comes from a program on this machine, and not through a proxy on it."""

from __future__ import annotations

from ipaddress import ip_address

from starlette.datastructures import Headers
from starlette.types import Scope

FORWARDING = ("forwarded", "x-forwarded-for", "x-real-ip", "via")  # a proxy adds at least one of them


def is_from_here(scope: Scope) -> bool:
    """Whether the sender's address is this machine's own, and no header says that it passed anything on."""
    headers = Headers(scope=scope)
    if any(name in headers for name in FORWARDING):
        return False
    try:
        return scope.get("client") is not None and ip_address(scope["client"][0]).is_loopback
    except ValueError:
        return False
