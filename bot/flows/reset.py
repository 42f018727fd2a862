"""`/reset NUMBER`: an admin who has checked who it is confirms a request (SECURITY.md The assisted way)."""

from typing import Any, Final

from bot import menu
from bot.acts import sentence
from bot.dialog.engine import Engine
from bot.dialog.flow import Answers, Flow, Step, Value
from bot.dialog.view import Screen, Text
from bot.flows.acts import Acts
from bot.flows.inputs import show_phone
from bot.people import known, shown, signed_in, usage
from bot.person import Case, Done, Reply
from core.confirmations import Request
from core.errors import AccountError


async def reset(case: Case) -> Reply:
    """Opens the dialog about the request of this number."""
    if not case.typed:
        return usage("reset")
    request = await case.core.confirmations.look(case.uow, signed_in(case), case.typed)
    if request is None or request.account is None:
        said = Text("reset.unknown" if request is None else "reset.nobody")
        return Reply((Screen((said,), buttons=((menu.MENU,),)),))
    begun = Engine.begin(RESET, case.uow.now, answers=_answers(request))
    return Reply(begun.screens, begun.draft)


def _answers(request: Request) -> Answers:
    account = request.account
    assert account is not None
    phone = {"number": account.phone, "verified": account.phone_verified} if account.phone else None
    ways = {"phone": phone} if phone or not account.email else {"email": account.email}
    return {"account": known(account), **ways, "request": {"id": request.id, "phone": request.phone}}


def _show_request(value: Value) -> Text:
    number = value["phone"]
    return Text.of("request.phone", number=number) if number else Text("request.password")


class _Confirm(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        request, phone = answers["request"], answers.get("phone")
        seen = phone["number"] if phone else None
        try:
            account = await case.core.confirmations.confirm(case.uow, signed_in(case), request["id"], seen_phone=seen)
        except AccountError as problem:  # nothing in the dialog would mend it
            return Done((Text("reset.phone_taken") if problem.code == "phone.taken" else sentence(problem),))
        person, number = shown(known(account)), request["phone"]
        phone_done = Text.of("reset.done.phone", person=person, number=number)
        return Done((phone_done if number else Text.of("reset.done.password", person=person),))


RESET: Final = Flow(
    "reset",
    1,
    (
        Step("account", given=True, shown=shown),
        Step("phone", given=True, shown=show_phone),
        Step("email", given=True),
        Step("request", given=True, shown=_show_request),
    ),
    _Confirm(),
)
