"""Passwords: which ones will do, and how they are kept so that nobody can read them."""

from __future__ import annotations

from functools import cache
from threading import BoundedSemaphore
from unicodedata import normalize

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

MIN_LENGTH, MAX_LENGTH = 12, 256  # characters; NIST SP 800-63B: long is what counts, and a sentence must fit
MIN_GUESSES = 1e8  # zxcvbn's own line below which a password is guessed: common ones, keyboard rows, dates, repeats
MIN_PART = 4  # characters of a name; shorter ones stand in many words
READ_BY_ZXCVBN = 72  # characters; it takes too long over more, and this much unguessed is enough
HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106, as the library keeps them up to date
AT_ONCE = BoundedSemaphore(2)  # each takes 64 MB and a core: many logins at once must not take the patients' answers


class PasswordError(Exception):
    """A new password will not do; the message says why and what would."""


def check_password(password: str, name: str) -> None:
    """Raise PasswordError for a new password of this person that is too short, common, or made of the name.

    Nothing is said about kinds of characters: rules about them make passwords that are forgotten and guessed alike.
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise PasswordError(f"Give a password of {MIN_LENGTH} to {MAX_LENGTH} characters: a few words will do.")
    own = [name, *name.split()]
    if any(len(part) >= MIN_PART and _plain(part) in _plain(password) for part in own):
        raise PasswordError("The password has the person's own name in it. Choose other words.")
    if zxcvbn(password[:READ_BY_ZXCVBN], user_inputs=own)["guesses"] < MIN_GUESSES:
        raise PasswordError("That password is too easy to guess. Put together a few words that do not belong together.")


def hashed(password: str) -> str:
    """What is kept of a password."""
    with AT_ONCE:
        return HASHER.hash(_typed(password))


def is_right(kept: str | None, password: str) -> bool:
    """Whether a password is the one that was kept. It takes as long where none was: no name is found out so."""
    with AT_ONCE:
        try:
            is_same = HASHER.verify(kept or _nobodys(), _typed(password[: MAX_LENGTH + 1]))
        except (VerificationError, InvalidHashError):
            return False
    return is_same and kept is not None


def is_outdated(kept: str) -> bool:
    """Whether it was kept with other parameters than today's."""
    return HASHER.check_needs_rehash(kept)


@cache
def _nobodys() -> str:
    return HASHER.hash("nobody's")


def _typed(password: str) -> str:
    """The same for the same characters, however a keyboard composes them; half a character stands for itself."""
    return normalize("NFKC", password).encode("utf-8", errors="replace").decode("utf-8")


def _plain(text: str) -> str:
    return "".join(normalize("NFKC", text).casefold().split())
