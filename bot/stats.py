"""`/stats`: what the reviews of the last 30 days came to, as a picture and as text (DIALOGS.md Commands)."""

from datetime import date, timedelta
from typing import Final

from bot import menu
from bot.dialog.view import Drawing, Screen, Text
from bot.people import signed_in
from bot.person import Case, Reply
from core.reasons import Reason
from core.statistics import Figures

_BARS: Final = 6


async def show(case: Case) -> Reply:
    """The figures as of now."""
    figures = await case.core.statistics.figures(case.uow, signed_in(case))
    return Reply((Screen(_paragraphs(figures), buttons=((menu.MENU,),), drawing=_drawing(figures)),))


def _paragraphs(figures: Figures) -> tuple[Text | tuple[Text, ...], ...]:
    decided = (_approved(figures), _refused(figures), *_waits(figures))
    reasons = tuple(Text.of("stats.reason", reason=_reason(reason), times=times) for reason, times in figures.reasons)
    told = (_waiting(figures), (Text("stats.title"), *decided))
    return (*told, (Text("stats.reasons"), *reasons)) if reasons else told


def _drawing(figures: Figures) -> Drawing:
    return Drawing(
        title=Text("stats.title"),
        facts=(*_waiting(figures), *_waits(figures)),
        parts=(_approved(figures), _refused(figures)),
        columns=tuple((day.approved, day.refused) for day in figures.days),
        ends=(_day(figures.days[0].date), _day(figures.days[-1].date)),
        heading=Text("stats.reasons"),
        bars=tuple((_reason(reason), times) for reason, times in figures.reasons[:_BARS]),
    )


def _waiting(figures: Figures) -> tuple[Text, ...]:
    waiting = Text.of("stats.waiting", count=figures.waiting) if figures.waiting else Text("queue.empty")
    if figures.oldest_wait is None:
        return (waiting,)
    return waiting, Text.of("stats.oldest", wait=_span(figures.oldest_wait))


def _waits(figures: Figures) -> tuple[Text, ...]:
    if figures.median_wait is None or figures.longest_wait is None:
        return ()
    return (Text.of("stats.waits", median=_span(figures.median_wait), longest=_span(figures.longest_wait)),)


def _approved(figures: Figures) -> Text:
    return Text.of("stats.approved", number=figures.approved)


def _refused(figures: Figures) -> Text:
    return Text.of("stats.refused", number=figures.refused)


def _reason(reason: Reason) -> Text:
    return Text(f"reason.{reason}")


def _day(day: date) -> Text:
    return Text.of("stats.day", date=day)


def _span(wait: timedelta) -> Text:
    """A duration as one says it."""
    minutes = round(wait.total_seconds() / 60)
    if minutes < 60:
        return Text.of("wait.minutes", count=max(1, minutes))
    if minutes < 48 * 60:
        return Text.of("wait.hours", count=round(minutes / 60))
    return Text.of("wait.days", count=round(minutes / 60 / 24))
