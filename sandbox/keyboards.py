"""``reply_markup``: checked as Telegram checks it, and given back cleaned."""

from __future__ import annotations

from typing import Any

from sandbox.described import problems_of_object
from sandbox.errors import bad_request

MAX_CALLBACK_DATA = 64
MAX_BUTTONS = 100
MAX_PLACEHOLDER = 64

# In the order Telegram reads them: of several actions on one button the first counts.
_INLINE_ACTIONS = (
    "url",
    "callback_data",
    "copy_text",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "web_app",
    "login_url",
    "pay",
)
_REPLY_REQUESTS = ("request_contact", "request_location", "request_users", "request_chat", "request_poll", "web_app")


def parse_markup(markup: Any) -> dict[str, Any] | None:
    """A checked copy of a reply markup, None for none.

    Raises:
        ApiError: 400 where Telegram refuses the markup.
    """
    if markup is None or markup in ("", {}):
        return None
    if not isinstance(markup, dict):
        raise bad_request("object expected as reply markup")
    if "inline_keyboard" in markup:
        rows = _rows(markup, "inline_keyboard", _inline_button)
        return {"inline_keyboard": rows} if rows else None
    if "keyboard" in markup:
        rows = _rows(markup, "keyboard", _reply_button)
        options = {
            key: bool(markup[key])
            for key in ("resize_keyboard", "one_time_keyboard", "is_persistent", "selective")
            if markup.get(key)
        }
        return {"keyboard": rows, **options, **_placeholder(markup)} if rows else None
    if markup.get("remove_keyboard"):
        return {"remove_keyboard": True}
    if markup.get("force_reply"):
        return {"force_reply": True, **_placeholder(markup)}
    return None


def is_inline(markup: dict[str, Any] | None) -> bool:
    """Only an inline keyboard comes back with the message; a reply keyboard handed back breaks client libraries."""
    return markup is not None and "inline_keyboard" in markup


def inline_only(markup: dict[str, Any] | None) -> dict[str, Any] | None:
    """For edits.

    Raises:
        ApiError: 400 for any other kind of keyboard.
    """
    if markup is not None and not is_inline(markup):
        raise bad_request("inline keyboard expected")
    return markup


def _rows(markup: dict[str, Any], key: str, parse_button: Any) -> list[list[dict[str, Any]]]:
    rows = markup[key]
    if not isinstance(rows, list):
        raise bad_request(f'Field "{key}" must be of type Array')
    if not all(isinstance(row, list) for row in rows):
        raise bad_request(f'Field "{key}" must be an Array of Arrays')
    if sum(len(row) for row in rows) > MAX_BUTTONS and key == "inline_keyboard":
        raise bad_request("REPLY_MARKUP_TOO_LONG")
    return [[parse_button(button) for button in row] for row in rows if row]


def _label(button: dict[str, Any], kind: str) -> str:
    if "text" not in button:
        raise bad_request(f"can't parse {kind}: Can't find field \"text\"")
    text = str(button["text"]).strip()
    if not text:
        raise bad_request(
            "BUTTON_TEXT_INVALID" if kind == "InlineKeyboardButton" else "keyboard button text must be non-empty"
        )
    return text


def _inline_button(button: Any) -> dict[str, Any]:
    if not isinstance(button, dict):
        raise bad_request("can't parse InlineKeyboardButton: Object expected as inline keyboard button")
    text = _label(button, "InlineKeyboardButton")
    for action in _INLINE_ACTIONS:
        value = button.get(action)
        if value in (None, "", False) and not (action.startswith("switch_") and value == ""):
            continue
        if action == "callback_data" and len(str(value).encode()) > MAX_CALLBACK_DATA:
            raise bad_request("BUTTON_DATA_INVALID")
        if action == "url" and not str(value).startswith(("http://", "https://", "tg://")):
            raise bad_request(f"inline keyboard button URL '{value}' is invalid: Wrong HTTP URL")
        # Telegram reads a number as the text of its digits.
        return _fitting({"text": text, action: str(value) if type(value) is int else value}, "InlineKeyboardButton")
    raise bad_request("Text buttons are not allowed in the inline keyboard")


def _reply_button(button: Any) -> dict[str, Any]:
    if isinstance(button, str):
        button = {"text": button}
    if not isinstance(button, dict):
        raise bad_request("can't parse KeyboardButton: Object expected as keyboard button")
    requests = {key: button[key] for key in _REPLY_REQUESTS if button.get(key)}
    return _fitting({"text": _label(button, "KeyboardButton"), **requests}, "KeyboardButton")


def _fitting(button: dict[str, Any], kind: str) -> dict[str, Any]:
    problems = problems_of_object(kind, button)
    if problems:
        raise bad_request(f"can't parse {kind}: {problems[0]}")
    return button


def _placeholder(markup: dict[str, Any]) -> dict[str, str]:
    placeholder = str(markup.get("input_field_placeholder") or "")
    if len(placeholder) > MAX_PLACEHOLDER:
        raise bad_request("input field placeholder is too long")
    return {"input_field_placeholder": placeholder} if placeholder else {}
