"""The avatar that stands: shown to its owner, with a button that changes it."""

from typing import Final

from bot.dialog.engine import Engine
from bot.dialog.view import Button, Picture, Screen, Text, isolated
from bot.flows.avatar import AVATAR, KEY
from bot.person import Case, Reply
from core.avatars import SIDE
from core.profiles import Field
from core.sessions import Signed

PREFIX: Final = "avatar"
_CHANGE: Final = "change"


async def opened(case: Case, signed: Signed) -> Reply:
    """What stands; where nothing does, the dialog that asks for it."""
    profile = await case.core.profiles.own(case.uow, signed)
    path = await case.core.avatars.look(case.uow, signed)
    if path is not None:
        return Reply((Screen((Text("avatar.shown"),), buttons=_WAYS, pictures=(Picture(path, SIDE),)),))
    if profile.avatar_url is not None:
        return Reply((Screen((Text.of("avatar.address", address=isolated(profile.avatar_url)),), buttons=_WAYS),))
    return _change(case)


async def pressed(case: Case, signed: Signed, arg: str) -> Reply:
    """What a button of that screen does."""
    profile = await case.core.profiles.own(case.uow, signed)
    there = bool(profile.avatar_photo or profile.avatar_url)
    return _change(case, there=there) if arg == _CHANGE else await opened(case, signed)


def _change(case: Case, *, there: bool = False) -> Reply:
    begun = Engine.begin(AVATAR, case.uow.now, {KEY: ["it"] if there else None})
    return Reply(begun.screens, begun.draft)


_WAYS: Final = (
    (Button(Text("avatar.change"), "profile", f"{PREFIX}.{_CHANGE}"),),
    (Button(Text("button.back"), "profile", f"at.{Field.AVATAR_URL}"),),
)
