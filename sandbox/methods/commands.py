"""The command list, by scope and language."""

from __future__ import annotations

import re

from sandbox.errors import bad_request
from sandbox.methods.call import Call, method
from sandbox.model import Bot, Json, Person
from sandbox.params import Params

_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_LANGUAGE = re.compile(r"([a-z]{2})?")
_SCOPES = {
    "default": (),
    "all_private_chats": (),
    "all_group_chats": (),
    "all_chat_administrators": (),
    "chat": ("chat_id",),
    "chat_administrators": ("chat_id",),
    "chat_member": ("chat_id", "user_id"),
}
MAX_COMMANDS = 100
MAX_DESCRIPTION = 256


@method
def set_my_commands(call: Call) -> bool:
    """The commands of one scope and language."""
    commands = call.params.objects("commands", "commands")
    if len(commands) > MAX_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    checked = []
    for command in commands:
        name = str(command.get("command", "")).removeprefix("/")
        description = str(command.get("description", "")).strip()
        if not _COMMAND.fullmatch(name):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= MAX_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
        checked.append({"command": name, "description": description})
    call.bot.settings[_key(call)] = checked
    return True


@method
def get_my_commands(call: Call) -> list[Json]:
    """Exactly what was set for this scope and language."""
    return list(call.bot.settings.get(_key(call), []))


@method
def delete_my_commands(call: Call) -> bool:
    """Back to the next wider scope."""
    call.bot.settings.pop(_key(call), None)
    return True


def commands_for(bot: Bot, person: Person) -> list[Json]:
    """What the person's client shows: the narrowest scope that has any, in their language before any language."""
    language = person.language_code[:2].lower()
    for scope in (f"chat {person.id}", "all_private_chats", "default"):
        for code in (language, ""):
            commands = bot.settings.get(f"commands {scope} {code}")
            if commands:
                return list(commands)
    return []


def _key(call: Call) -> str:
    scope = call.params.mapping("scope", "bot command scope") or {"type": "default"}
    kind = str(scope.get("type"))
    if kind not in _SCOPES:
        raise bad_request("can't parse BotCommandScope: unsupported type specified")
    if "chat_id" in _SCOPES[kind]:
        call.world.known_chat(call.bot, Params(scope).integer("chat_id"))
    language = call.params.text("language_code")
    if not _LANGUAGE.fullmatch(language):
        raise bad_request("invalid language_code specified")
    return " ".join(["commands", kind, *(str(scope.get(name, "")) for name in _SCOPES[kind]), language])
