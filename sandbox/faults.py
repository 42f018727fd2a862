"""Failures on demand: what a test, or someone trying things on the page, wants to go wrong next."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from sandbox.errors import ApiError, bad_request, too_many_requests

Kind = Literal["error", "slow", "cut", "cut_after"]


@dataclass(slots=True)
class Fault:
    """The next ``times`` calls of a method fail.

    Attributes:
        kind: ``error`` answers with ``status`` and ``description``; ``slow`` waits ``seconds`` and goes on;
            ``cut`` closes the connection before the call is carried out, ``cut_after`` after it: the answer is lost.
        method: lower case; empty for every method but getUpdates, which is only hit by name.
        chat_id: only calls for this chat; 0 for any.
    """

    kind: Kind
    times: int = 1
    method: str = ""
    chat_id: int = 0
    status: int = 500
    description: str = "Internal Server Error"
    retry_after: int = 0
    seconds: float = 0.0

    def hits(self, method: str, chat_id: int) -> bool:
        """Whether a call is meant."""
        meant = self.method == method if self.method else method != "getupdates"
        return self.times > 0 and meant and (not self.chat_id or self.chat_id == chat_id)

    def error(self) -> ApiError:
        """The refusal of an ``error`` fault."""
        return too_many_requests(self.retry_after) if self.retry_after else ApiError(self.status, self.description)

    @classmethod
    def parse(cls, values: dict[str, Any]) -> Fault:
        """From the control API's JSON.

        Raises:
            ApiError: 400 for what is no fault.
        """
        if values.get("kind") not in get_args(Kind):
            raise bad_request(f"kind is one of {', '.join(get_args(Kind))}")
        try:
            fault = cls(**{key: value for key, value in values.items() if key != "bot"})
        except TypeError as error:
            raise bad_request(f"no such setting of a fault: {error}") from None
        fault.method = fault.method.lower()
        return fault


@dataclass(slots=True)
class Faults:
    """The faults still to come, oldest first."""

    pending: list[Fault] = field(default_factory=list)

    def take(self, method: str, chat_id: int) -> Fault | None:
        """The first fault that hits this call, used up by one."""
        for fault in self.pending:
            if fault.hits(method, chat_id):
                fault.times -= 1
                if fault.times == 0:
                    self.pending.remove(fault)
                return fault
        return None
