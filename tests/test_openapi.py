"""The API does what its description says: schemathesis asks all that it allows and much that it does not."""

from __future__ import annotations

from contextlib import nullcontext, suppress
from typing import Any

import pytest
import schemathesis
from conftest import ServerOf
from hypothesis import HealthCheck, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from chatbot.settings import Limits, Settings

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
EXAMPLES = 100  # of each path and either kind; less than a minute for all of them on two cores
HOW = settings(
    max_examples=EXAMPLES, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
UNLIMITED = Settings(limits=Limits(per_visitor_per_minute=10**6, overall_per_minute=10**6))


@pytest.mark.parametrize("kind", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=["allowed", "not allowed"])
def test_whatever_is_asked_the_answer_is_one_that_the_description_has(
    kind: GenerationMode, server_of: ServerOf
) -> None:
    described = schemathesis.openapi.from_asgi("/openapi.json", server_of(UNLIMITED))
    asked = set()
    for found in described.get_all_operations():
        assert isinstance(found, Ok), found

        @settings(HOW)
        @given(case=found.ok().as_strategy(generation_mode=kind))
        def ask(case: schemathesis.Case[Any]) -> None:
            response = case.call_and_validate(checks=CHECKS)
            asked.add((case.path, response.status_code))

        # What takes nothing cannot be asked wrongly.
        with nullcontext() if kind.is_positive else suppress(Unsatisfiable):
            ask()
    assert ("/api/ask", 200 if kind.is_positive else 422) in asked
    assert ("/api/search", 422) in asked
