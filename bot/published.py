"""What Telegram's own menus show of this bot: the command list, by role and language (DIALOGS.md Commands)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import structlog

from bot.dialog.view import Text
from bot.menu import commands_of
from bot.person import GUEST
from bot.screen import Call, Caller
from bot.texts import LANGUAGES, Catalogue, Language

log: Final = structlog.get_logger(__name__)


async def publish(bot: Caller, catalogue: Catalogue) -> None:
    """Tells Telegram which commands a guest sees, in each language; other clients' languages see the English ones.

    Raises telegram.error.TelegramError.
    """
    for language in LANGUAGES:
        commands = _commands(GUEST, catalogue, language)
        await bot.call(
            "setMyCommands", {"commands": commands} | ({"language_code": language} if language != "en" else {})
        )


def list_name(audience: str, language: Language) -> str:
    """Names a command list: for which audience and language it is."""
    return f"{audience}:{language}"


@dataclass(frozen=True, slots=True)
class Listing:
    """A command list to be set for one chat: the call, and the name under which it is remembered."""

    call: Call
    name: str


def listing_for(chat_id: int, audience: str, catalogue: Catalogue, language: Language) -> Listing:
    """The command list that fits one chat's person."""
    params: Mapping[str, Any] = {
        "commands": _commands(audience, catalogue, language),
        "scope": {"type": "chat", "chat_id": chat_id},
    }
    call = Call(method="setMyCommands", params=dict(params), screen=False)
    return Listing(call, list_name(audience, language))


def _commands(audience: str, catalogue: Catalogue, language: Language) -> list[dict[str, str]]:
    return [
        {"command": name, "description": catalogue.render(Text(f"command.{name}.about"), language)}
        for name in commands_of(audience)
    ]
