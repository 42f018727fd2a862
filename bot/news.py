"""How what an account was told reads: when it is sent, and when it is read again (DIALOGS rule 24)."""

from collections.abc import Mapping, Sequence

from bot.dialog.view import Param, Text, isolated
from bot.reasons import mending_lines
from core.core import Core
from core.notices import News, NoticeKind
from core.reasons import Reason
from core.unit import UnitOfWork


def told(kind: NoticeKind | str, params: Mapping[str, str | int], message: str | None = None) -> Text:
    """The text of a notice. Reasons, which it carries as codes, become what is wrong and how it is mended.

    `message` is what a reviewer wrote to the doctor; it lies sealed, and no notice carries it.
    """
    known: dict[str, Param] = dict(params)
    if "reasons" in params or "decision" in params:
        codes = str(params.get("reasons", ""))
        reasons = mending_lines(Reason(code) for code in codes.split(",") if code)
        written = Text.of("mend.message", message=isolated(message)) if message else ""
        both = Text.of("lines", first=reasons, rest=written) if reasons and written else reasons or written
        known["reasons"] = both or Text("mend.nothing")
    return Text(f"notice.{kind}", known)


async def lines(core: Core, uow: UnitOfWork, news: Sequence[News]) -> list[Text]:
    """When each was told, and what."""
    decisions = [each.params["decision"] for each in news if "decision" in each.params]
    messages = await core.certificates.messages(uow, [int(decision) for decision in decisions])
    return [
        Text.of("sessions.news", at=each.at, news=told(each.kind, each.params, messages.get(_decision(each))))
        for each in news
    ]


async def unread(core: Core, uow: UnitOfWork, account_id: int, reader: int) -> tuple[Text, ...]:
    """What reached its account nowhere, to be shown to this Telegram user; nothing when there is nothing."""
    news = await core.notices.unread(uow, account_id, reader)
    return (Text("login.news"), *await lines(core, uow, news)) if news else ()


def _decision(news: News) -> int:
    return int(news.params.get("decision", 0))
