"""An origin: the scheme, host and port of a site, as a browser names it in its requests."""

from __future__ import annotations

import string
from urllib.parse import urlsplit

EXAMPLE = "https://clinic.example"
ALLOWED = frozenset(string.ascii_lowercase + string.digits + ".-_:")  # in the name of a host
DEFAULT_PORTS = {"http": 80, "https": 443}


def checked_origin(text: str) -> str:
    """The origin in lower case. Raises ValueError, which says what to write, for what no browser would send."""
    if text == "null" or "*" in text:
        raise ValueError(f'"{text}" would let in pages that nobody named. Write each site by itself, as "{EXAMPLE}"')
    try:
        origin = origin_of(text)
    except ValueError as error:
        raise ValueError(f'"{text}" names no site. Write scheme and host, as "{EXAMPLE}"') from error
    if text.lower() != origin:
        raise ValueError(f'"{text}" is not what a browser calls the site. Write "{origin}"')
    return origin


def origin_of(address: str) -> str:
    """Of an address, without path and default port, other alphabets as Punycode; https where it has no scheme.

    Raises ValueError for what has no site in it.
    """
    parts = urlsplit(address if "://" in address else f"https://{address}")
    host = (parts.hostname or "").encode("idna").decode()
    if not host or not set(host) <= ALLOWED or parts.scheme not in DEFAULT_PORTS:
        raise ValueError(address)
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, DEFAULT_PORTS[parts.scheme]) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"
