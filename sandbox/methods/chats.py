"""What a bot is and where it is: getMe, getChat, its texts and menu button, logging out."""

from __future__ import annotations

from sandbox.errors import bad_request
from sandbox.methods.call import Call, method
from sandbox.model import Json


@method
def get_me(call: Call) -> Json:
    """The bot itself."""
    return {
        **call.bot.as_user(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


@method
def get_chat(call: Call) -> Json:
    """A chat the bot has seen, with the fields ``ChatFullInfo`` always has."""
    chat = call.chat()
    return {
        **chat.data,
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


@method
def set_chat_menu_button(call: Call) -> bool:
    """The button left of the text field, for one chat or for all."""
    button = call.params.mapping("menu_button", "menu button") or {"type": "default"}
    if button.get("type") not in ("commands", "default", "web_app"):
        raise bad_request("can't parse menu button: MenuButton has unsupported type")
    call.bot.settings[f"menu_button {call.params.integer('chat_id')}"] = button
    return True


@method
def get_chat_menu_button(call: Call) -> Json:
    """The button set for this chat, or for all."""
    settings = call.bot.settings
    button = settings.get(f"menu_button {call.params.integer('chat_id')}") or settings.get("menu_button 0")
    return dict(button or {"type": "commands"})


def _set_text(call: Call, name: str, limit: int, refusal: str) -> bool:
    text = call.params.text(name)
    if len(text) > limit:
        raise bad_request(refusal)
    call.bot.settings[f"{name} {call.params.text('language_code')}"] = text
    return True


def _get_text(call: Call, name: str) -> Json:
    settings = call.bot.settings
    return {name: settings.get(f"{name} {call.params.text('language_code')}") or settings.get(f"{name} ") or ""}


@method
def set_my_description(call: Call) -> bool:
    """What the empty chat shows."""
    return _set_text(call, "description", 512, "BOT_DESCRIPTION_INVALID")


@method
def get_my_description(call: Call) -> Json:
    """The description in a language, or the one for all."""
    return _get_text(call, "description")


@method
def set_my_short_description(call: Call) -> bool:
    """What the bot's profile shows."""
    return _set_text(call, "short_description", 120, "BOT_SHORT_DESCRIPTION_INVALID")


@method
def get_my_short_description(call: Call) -> Json:
    """The short description in a language, or the one for all."""
    return _get_text(call, "short_description")


@method
def set_my_name(call: Call) -> bool:
    """The bot's name."""
    return _set_text(call, "name", 64, "BOT_TITLE_INVALID")


@method
def get_my_name(call: Call) -> Json:
    """The bot's name in a language, or the one for all."""
    return _get_text(call, "name")


@method
def close(call: Call) -> bool:
    """Moves a bot to another server; here nothing."""
    return bool(call.bot)


@method
def log_out(call: Call) -> bool:
    """Leaves the cloud server; here nothing."""
    return bool(call.bot)
