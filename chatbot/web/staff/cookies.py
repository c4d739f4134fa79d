"""The cookies of the staff's pages: what they are called, and how they are kept from everybody else."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response
from starlette.types import Scope

SESSION = "staff"
FORM = "staff-form"  # the other half of the login form's token
PREFIX = "__Host-"  # over https: browsers then take it from this very host only, and for https alone


def cookie_of(scope: Scope, name: str) -> str | None:
    """What the browser has kept; over https, nothing that http could have put there."""
    cookies = cookie_parser(Headers(scope=scope).get("cookie", ""))
    return cookies.get(_full(scope, name)) or None


def set_cookie(response: Response, scope: Scope, name: str, value: str) -> None:
    """Keep it until the browser is closed: for no script, and for no request that another site begins."""
    is_secure = scope["scheme"] == "https"
    response.set_cookie(_full(scope, name), value, path="/", secure=is_secure, httponly=True, samesite="strict")


def clear_cookie(response: Response, scope: Scope, name: str) -> None:
    """Let the browser forget it."""
    is_secure = scope["scheme"] == "https"
    response.delete_cookie(_full(scope, name), path="/", secure=is_secure, httponly=True, samesite="strict")


def _full(scope: Scope, name: str) -> str:
    """The scheme is the browser's own: uvicorn has it from a trusted proxy where there is one."""
    return f"{PREFIX}{name}" if scope["scheme"] == "https" else name
