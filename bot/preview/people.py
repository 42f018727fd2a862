"""One person of each kind, as the desk knows them."""

from typing import Final

from bot.commands import COMMANDS
from bot.dialog.flow import Flow
from bot.person import GUEST, Person
from bot.preview.samples import NOW
from core.account import AccountState
from core.sessions import Signed
from core.values import Role

AUDIENCES: Final = (GUEST, "patient", "doctor", "admin")
_NAMES: Final = {"patient": "王小明", "doctor": "李静", "admin": "陈芳"}
_MESSAGE: Final = 1
_REVISION: Final = 3


def person(audience: str) -> Person:
    """A guest, or somebody of that role who is logged in; with no dialog open."""
    number = AUDIENCES.index(audience)
    who = Person(100 + number, "zh", revision=_REVISION, message_id=_MESSAGE)
    return (
        who
        if audience == GUEST
        else Person(who.id, "zh", revision=_REVISION, message_id=_MESSAGE, signed=_signed(audience, number, who.id))
    )


def whose(flow: Flow) -> str:
    """An audience that this dialog is for."""
    command = COMMANDS.get(flow.name.partition(".")[0])
    if command is None:
        return "patient"
    return next(audience for audience in AUDIENCES if audience in command.audience)


def _signed(role: str, number: int, telegram_user_id: int) -> Signed:
    return Signed(
        session_id=f"s{number}",
        account_id=number,
        role=Role(role),
        name=_NAMES[role],
        pseudonym=f"p{number}",
        state=AccountState.ACTIVE,
        telegram_user_id=telegram_user_id,
        created_at=NOW,
        used_at=NOW,
        lapsed=False,
    )
