"""How what an account was told reads again (DIALOGS rule 24)."""

from bot.dialog.view import Text
from core.notices import News


def line(news: News) -> Text:
    """When it was told, and what."""
    return Text.of("sessions.news", at=news.at, news=Text(f"notice.{news.kind}", news.params))
