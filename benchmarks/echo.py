"""Bare python-telegram-bot as it comes, which says everything back: `python -m benchmarks.echo API_URL TOKEN`."""

import sys

from telegram import Update
from telegram.ext import Application, ContextTypes, MessageHandler, filters


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    """Answers a message with itself."""
    assert update.message is not None
    assert update.message.text is not None
    await update.message.reply_text(update.message.text)


if __name__ == "__main__":
    api_url, token = sys.argv[1:]
    application = Application.builder().token(token).base_url(f"{api_url}/bot").build()
    application.add_handler(MessageHandler(filters.ALL, echo))
    application.run_polling()
