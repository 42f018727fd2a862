"""`/audit NO`: what the audit holds about an account or a certificate, in words (REVIEW.md Audit)."""

from bot import menu
from bot.dialog.view import Button, Screen, Text, on_one_line
from bot.people import known, shown, signed_in, usage
from bot.person import Case, Reply
from core.trail import By, Entry


async def show(case: Case) -> Reply:
    """The newest entries about what the number is of."""
    return await _listed(case, case.typed) if case.typed else usage("audit")


async def pressed(case: Case, arg: str) -> Reply:
    """The newest entries, or those older than an entry."""
    number, _, entry = arg.partition(".")
    return await _listed(case, number, int(entry) if entry.isdecimal() and len(entry) < 19 else None)


async def _listed(case: Case, number: str, before: int | None = None) -> Reply:
    page = await case.core.trail.of(case.uow, signed_in(case), number, before=before)
    lines: list[Text] = []
    for entry in page.entries:
        lines.append(Text.of("audit.line", at=entry.at, what=Text(f"audit.{entry.action}"), by=_by(entry)))
        if entry.note is not None:
            lines.append(Text.of("audit.note", note=on_one_line(entry.note)))
    ways = []
    if before is not None:
        ways.append(Button(Text("button.newest"), "audit", page.number))
    if page.older:
        ways.append(Button(Text("button.older"), "audit", f"{page.number}.{page.entries[-1].id}"))
    person = shown(known(page.account)) if page.account else page.number
    title = Text.of("audit.title" if page.account else "audit.title.submission", person=person)
    rows = (*filter(None, [tuple(ways)]), (menu.MENU,))
    return Reply((Screen((title, tuple(lines) or Text("audit.empty")), buttons=rows),))


def _by(entry: Entry) -> Text | str:
    if entry.admin is not None:
        return entry.admin
    return Text(f"audit.by.{entry.channel}" if entry.by is By.NOBODY else f"audit.by.{entry.by}")
