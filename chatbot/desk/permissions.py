"""Who may do what: one table, asked by every function of the desk that reads or changes something."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

Role = Literal["reader", "editor", "approver", "admin"]  # each may do what those before it may
Action = Literal["look_up", "see_insights", "see_gaps", "edit", "approve", "read_audit", "administer"]

# The least role for each action. `approve` is also publishing, rolling back and retiring.
LEAST: dict[Action, Role] = {
    "look_up": "reader",
    "see_insights": "reader",
    "see_gaps": "editor",
    "edit": "editor",
    "approve": "approver",
    "read_audit": "approver",
    "administer": "admin",
}
RANK = {role: rank for rank, role in enumerate(get_args(Role))}


class NotAllowedError(Exception):
    """A person's role does not allow what was asked; the message says which role does."""


@dataclass(frozen=True, slots=True)
class Person:
    """Who does something at the desk, as the login knows them."""

    name: str
    role: Role

    def may(self, action: Action) -> bool:
        """Whether the role allows it."""
        return RANK[self.role] >= RANK[LEAST[action]]

    def must(self, action: Action) -> None:
        """Raise NotAllowedError where the role does not allow it."""
        if not self.may(action):
            raise NotAllowedError(f"As {self.role} you may not do that: it takes the role {LEAST[action]}.")
