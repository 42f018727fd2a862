"""python-telegram-bot's ConversationHandler, in memory: `python -m benchmarks.peers.conversation API_URL TOKEN`."""

import json
import sys
from pathlib import Path

from telegram import Message, Update
from telegram.ext import (
    Application,
    CommandHandler,
    ContextTypes,
    ConversationHandler,
    MessageHandler,
    filters,
)

_SAYS: dict[str, str] = json.loads((Path(__file__).parent / "questions.json").read_text(encoding="utf-8"))
_ROLE, _CONSENT, _PHONE, _NAME, _BIRTHDAY = range(5)


def _message(update: Update) -> Message:
    assert update.message is not None
    return update.message


async def begin(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """/register, at any moment."""
    assert context.user_data is not None
    context.user_data.clear()
    await _message(update).reply_text(_SAYS["role"])
    return _ROLE


async def role(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """The first answer."""
    return await _kept(update, context, "role", "consent", _CONSENT)


async def consent(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """The second."""
    return await _kept(update, context, "consent", "phone", _PHONE)


async def phone(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """The third."""
    return await _kept(update, context, "phone", "name", _NAME)


async def name(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """The fourth."""
    return await _kept(update, context, "name", "birthday", _BIRTHDAY)


async def _kept(update: Update, context: ContextTypes.DEFAULT_TYPE, what: str, following: str, state: int) -> int:
    assert context.user_data is not None
    context.user_data[what] = _message(update).text
    await _message(update).reply_text(_SAYS[following])
    return state


async def again(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """What does not answer the question."""
    await _message(update).reply_text(_SAYS["again"])


async def cancel(update: Update, context: ContextTypes.DEFAULT_TYPE) -> int:
    """/cancel, at any moment."""
    assert context.user_data is not None
    context.user_data.clear()
    await _message(update).reply_text(_SAYS["stopped"])
    return ConversationHandler.END


def _dialog() -> ConversationHandler[ContextTypes.DEFAULT_TYPE]:
    words = filters.TEXT & ~filters.COMMAND
    return ConversationHandler(
        entry_points=[CommandHandler("register", begin)],
        states={
            _ROLE: [MessageHandler(filters.Regex("^(患者|医生)$"), role)],
            _CONSENT: [MessageHandler(filters.Regex("^同意$"), consent)],
            _PHONE: [MessageHandler(filters.Regex(r"^1\d{10}$"), phone)],
            _NAME: [MessageHandler(words, name)],
            _BIRTHDAY: [MessageHandler(words, again)],
        },
        fallbacks=[
            CommandHandler("cancel", cancel),
            CommandHandler("register", begin),
            MessageHandler(filters.ALL, again),
        ],
    )


if __name__ == "__main__":
    api_url, token = sys.argv[1:]
    application = Application.builder().token(token).base_url(f"{api_url}/bot").build()
    application.add_handler(_dialog())
    application.run_polling()
