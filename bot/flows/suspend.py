"""Suspending an account and restoring it: `/suspend ACCOUNT text`, `/restore ACCOUNT` (SECURITY.md Admins)."""

from typing import Any, Final

from bot.acts import sentence
from bot.dialog.engine import Engine
from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import typed
from bot.people import known, shown, signed_in, usage
from bot.person import Case, Done, Reply
from core.errors import AccountError
from core.notes import Note


async def suspend(case: Case) -> Reply:
    """Opens the dialog; the text after the account's number, if there is one, is the note for colleagues."""
    if not case.typed:
        return usage("suspend")
    number, *text = case.typed.split(maxsplit=1)
    return await _open(case, SUSPEND, number, {"note": Note.parse(*text).value} if text else {})


async def restore(case: Case) -> Reply:
    """Opens the dialog."""
    return await _open(case, RESTORE, case.typed, {}) if case.typed else usage("restore")


async def _open(case: Case, flow: Flow, number: str, answers: Answers) -> Reply:
    account = await case.core.directory.one(case.uow, signed_in(case), number)
    case.core.accounts.check_not_own(signed_in(case), account)
    begun = Engine.begin(flow, case.uow.now, answers={"account": known(account), **answers})
    return Reply(begun.screens, begun.draft)


class _Suspend(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        accounts, note = case.core.accounts, Note.parse(answers["note"])
        try:
            account = await accounts.find(case.uow, answers["account"]["number"])
            account = await accounts.suspend(case.uow, account.id, by=signed_in(case), note=note)
        except AccountError as problem:  # nothing in the dialog would mend it
            return Done((sentence(problem),))
        return Done((Text.of("suspend.done", person=shown(known(account))),))


class _Restore(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        accounts = case.core.accounts
        try:
            account = await accounts.find(case.uow, answers["account"]["number"])
            account = await accounts.restore(case.uow, account.id, by=signed_in(case))
        except AccountError as problem:
            return Done((sentence(problem),))
        return Done((Text.of("restore.done", person=shown(known(account))),))


_ACCOUNT: Final = Step("account", given=True, shown=shown)
SUSPEND: Final = Flow("suspend", 1, (_ACCOUNT, Step("note", typed(Note.parse))), _Suspend())
RESTORE: Final = Flow("restore", 1, (_ACCOUNT,), _Restore())
