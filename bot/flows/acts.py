"""What a dialog asks of core when it is submitted."""

from typing import Any

from bot.dialog.flow import Answers
from bot.person import Case, Done, Refused
from core.core import Core


class Acts:
    """A flow's last act, in three parts, so that no transaction is open over slow work. Only `finish` is a must.

    Each part may raise CoreError: nothing of that part is kept, and the person reads why at the step it is about.
    """

    shows = "typing"
    """The chat action that is shown meanwhile (DIALOGS rule 20)."""

    async def begin(self, case: Case, answers: Answers, secret: Any) -> Any:
        """A short transaction of its own before the slow work; what it returns goes to `work`."""
        return secret

    async def work(self, core: Core, begun: Any) -> Any:
        """The slow work (a hash), outside any transaction; what it returns goes to `finish`."""
        return begun

    async def give_up(self, case: Case, begun: Any) -> None:
        """Takes back what `begin` wrote, when the slow work was refused; in the transaction of the refusal."""

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done | Refused:
        """The writes, in the transaction that also moves the dialog and marks the update done.

        Refused, other than a raised error, keeps what was written: a counted failure.
        """
        raise NotImplementedError
