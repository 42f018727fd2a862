"""Changing what one has told of oneself: a dialog a field, opened from the list of `/profile` (DIALOGS.md)."""

from collections.abc import Mapping
from typing import Any, Final

from bot.dialog.flow import Answers, Choice, Flow, Step, Value
from bot.dialog.search import PAGE
from bot.dialog.view import Text
from bot.flows import history
from bot.flows.acts import Acts
from bot.flows.avatar import AVATAR
from bot.flows.inputs import birth_date_step, email_step, free_text, sex_step, typed
from bot.person import Case, Done
from core.profile_values import PositionRank
from core.profiles import PARSERS, Field
from core.values import PersonName
from storage.reference import Place

PLACES: Final = {Field.HOSPITAL: Place.HOSPITAL, Field.DEPARTMENT: Place.DEPARTMENT}
_RANKS: Final = tuple(Choice(rank.value, f"rank.{rank.value}") for rank in PositionRank)


def _free_text(key: str) -> Step:
    """Asks for words of one's own."""
    return Step(key, free_text(PARSERS[Field(key)]), optional=True)


def _written(key: str) -> Step:
    """Asks for something of a certain form."""
    return Step(key, typed(PARSERS[Field(key)]), optional=True)


def _place(key: str) -> Step:
    """Asks for a hospital or department, of many: a part is typed, one of those found is picked."""

    async def search(case: Case, typed: str, page: int) -> tuple[list[Value], bool]:
        signed = case.person.signed
        assert signed is not None  # the draft is closed when its account is logged out
        found = await case.core.places.search(case.uow, signed, PLACES[Field(key)], typed, page=page, size=PAGE)
        return [place_value(number, name) for number, name in found.places], found.more

    return Step(key, search=search, optional=True, shown=lambda place: str(place["name"]))


def place_value(number: int, name: str) -> Value:
    """A hospital or department as an answer."""
    return {"id": number, "name": name}


class _Save(Acts):
    """Writes one field of whoever is acting."""

    def __init__(self, field: Field) -> None:
        self._field = field

    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed, value = case.person.signed, answers[self._field]
        assert signed is not None  # the draft is closed when its account is logged out
        await case.core.sessions.check_living(case.uow, signed)
        if value is not None:
            value = value["id"] if self._field in PLACES else PARSERS[self._field](value)
        await case.core.profiles.change(case.uow, signed, signed.role, {self._field: value})
        return Done((Text("profile.saved"),))


def _editing(step: Step, name: str = "") -> Flow:
    field = Field(step.key)
    return Flow(f"profile.{name or field}", 1, (step,), _Save(field), home=("profile", f"at.{field}"))


_STEPS: Final = (
    Step("name", typed(PersonName.parse)),
    sex_step("sex"),
    birth_date_step("birth_date", optional=True),
    _free_text("address"),
    _place("hospital_id"),
    _place("department_id"),
    _written("internal_id"),
    Step("position_rank", typed(PositionRank.parse), choices=_RANKS, optional=True),
    _free_text("speciality"),
    _free_text("clinic"),
    _written("fixed_phone"),
    _written("wechat"),
    _free_text("intro"),
    _free_text("school"),
    _free_text("major"),
    email_step("email", optional=True, ask="ask.login_email", help="help.login_email"),
)
EDITS: Final[Mapping[Field, Flow]] = {Field(step.key): _editing(step) for step in _STEPS}
"""The dialog of each field that can be changed here, in the order of the list."""

ONLY_LOGIN: Final = _editing(email_step("email", ask="ask.login_email", help="help.login_email"), "only_login")
"""An e-mail that is all its owner can log in with: it can be changed and not erased (CONTRACT.md 1 phone)."""

FLOWS: Final = (*EDITS.values(), ONLY_LOGIN, *history.FLOWS, AVATAR)
