"""Refusals of the Bot API, worded as Telegram words them."""

from __future__ import annotations

from typing import Any


class ApiError(Exception):
    """A call that is refused.

    Attributes:
        status: HTTP status and ``error_code`` of the answer.
        description: the whole text, prefix included.
        parameters: ``ResponseParameters`` of the answer, for instance ``{"retry_after": 3}``.
    """

    def __init__(self, status: int, description: str, parameters: dict[str, Any] | None = None) -> None:
        super().__init__(description)
        self.status = status
        self.description = description
        self.parameters = parameters

    def as_answer(self) -> dict[str, Any]:
        """The JSON body that tells the bot."""
        answer: dict[str, Any] = {"ok": False, "error_code": self.status, "description": self.description}
        if self.parameters:
            answer["parameters"] = self.parameters
        return answer


def bad_request(reason: str) -> ApiError:
    """400, the caller's mistake."""
    return ApiError(400, f"Bad Request: {reason}")


def forbidden(reason: str) -> ApiError:
    """403, the person does not want the bot, or is gone."""
    return ApiError(403, f"Forbidden: {reason}")


def conflict(reason: str) -> ApiError:
    """409, two ways of getting updates at once."""
    return ApiError(409, f"Conflict: {reason}")


def too_many_requests(retry_after: int) -> ApiError:
    """429, with the seconds to wait in text and parameters."""
    return ApiError(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})


def too_large() -> ApiError:
    """413, more than the server reads."""
    return ApiError(413, "Request Entity Too Large")


def unauthorized() -> ApiError:
    """401, a token that is no bot's, or no longer."""
    return ApiError(401, "Unauthorized")


def method_not_found() -> ApiError:
    """404, a method that the Bot API does not have."""
    return ApiError(404, "Not Found: method not found")


def not_implemented(name: str) -> ApiError:
    """501, a method of the Bot API that the sandbox does not have; Telegram would carry it out."""
    return ApiError(501, f"Not Implemented: the sandbox does not know {name}")
