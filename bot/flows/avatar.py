"""Changing one's avatar, opened from the list of `/profile` (DIALOGS.md edit profile)."""

from typing import Any, Final

from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.photos import TakePhoto, stored
from bot.person import Case, Done
from core.avatars import SIDE
from core.photos import PhotoKind
from core.profiles import Field

KEY: Final = "avatar"


class _Save(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed = case.person.signed
        assert signed is not None  # the draft is closed when its account is logged out
        await case.core.sessions.check_living(case.uow, signed)
        if answers[KEY] is None:
            await case.core.avatars.erase(case.uow, signed)
        else:
            await case.core.avatars.set(case.uow, signed, stored(answers[KEY][0]))
        return Done((Text("profile.saved"),))


async def _may(case: Case) -> None:
    assert case.person.signed is not None
    case.core.avatars.check_may_change(case.person.signed)


AVATAR: Final = Flow(
    "profile.avatar",
    1,
    (Step(KEY, takes=TakePhoto(PhotoKind.AVATAR, _may, side=SIDE), optional=True, field="photo"),),
    _Save(),
    home=("profile", f"at.{Field.AVATAR_URL}"),
)
