"""The medical history that stands: shown by page to its owner, written anew, or erased with its consent."""

from typing import Final

from bot.dialog.engine import Engine
from bot.dialog.pages import pages
from bot.dialog.view import Button, Screen, Text
from bot.flows.history import CONSENT_AND_WRITE, WRITE
from bot.person import Case, Reply
from core.consents import ConsentKind
from core.profiles import Field
from core.sessions import Signed

PREFIX: Final = "history"
_WRITE: Final = "write"
_ASK: Final = "ask"
_ERASE: Final = "erase"


async def opened(case: Case, signed: Signed) -> Reply:
    """What stands; where nothing does, the dialog that asks for it."""
    history = await case.core.profiles.medical_history(case.uow, signed)
    return await _write(case, signed) if history is None else _shown(history, 0)


async def pressed(case: Case, signed: Signed, arg: str) -> Reply | tuple[Text, ...]:
    """What a button of these screens does; where nothing stands any more, what is said above the list."""
    history = await case.core.profiles.medical_history(case.uow, signed)
    if arg == _WRITE:
        return await _write(case, signed)
    if arg == _ASK and history is not None:
        sure = (_button("history.erase", _ERASE),), (_button("button.back", "0"),)
        return Reply((Screen((Text("history.sure"),), buttons=sure),))
    if arg == _ERASE and history is not None:
        await case.core.consents.withdraw_own(case.uow, signed, ConsentKind.HEALTH)
        return (Text("history.erased"),)
    return () if history is None else _shown(history, int(arg) if arg.isascii() and arg.isdigit() else 0)


async def _write(case: Case, signed: Signed) -> Reply:
    agreed = await case.core.consents.has(case.uow, signed.account_id, ConsentKind.HEALTH)
    begun = Engine.begin(WRITE if agreed else CONSENT_AND_WRITE, case.uow.now)
    return Reply(begun.screens, begun.draft)


def _shown(history: str, page: int) -> Reply:
    parts = pages(history)
    page = min(page, len(parts) - 1)
    turns = []
    if page:
        turns.append(_button("button.page_before", str(page - 1)))
    if page + 1 < len(parts):
        turns.append(_button("button.page_after", str(page + 1)))
    paged = Text.of("history.title.page", number=page + 1, total=len(parts))
    title = paged if len(parts) > 1 else Text("history.title")
    acts = (_button("history.write", _WRITE), _button("history.withdraw", _ASK))
    buttons = (*filter(None, (tuple(turns),)), acts, (_BACK,))
    return Reply((Screen((title, Text.of("history.text", text=parts[page])), buttons=buttons),))


def _button(label: str, arg: str) -> Button:
    return Button(Text(label), "profile", f"{PREFIX}.{arg}")


_BACK: Final = Button(Text("button.back"), "profile", f"at.{Field.MEDICAL_HISTORY}")
