"""The Bot API as typed data (``bot_api.json``, made by ``make.py``), and checks of calls and answers against it."""

from sandbox.described.checks import (
    METHOD_NAMES,
    VERSION,
    is_method,
    parameters_of,
    problems_of_answer,
    problems_of_object,
    problems_of_request,
    problems_of_update,
)

__all__ = [
    "METHOD_NAMES",
    "VERSION",
    "is_method",
    "parameters_of",
    "problems_of_answer",
    "problems_of_object",
    "problems_of_request",
    "problems_of_update",
]
