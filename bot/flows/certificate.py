"""Sending a certificate and appealing, opened from the screen of `/certificate` (REVIEW.md, DIALOGS.md certificate)."""

from typing import Any, Final

from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import free_text
from bot.flows.photos import TakePhoto, stored
from bot.person import Case, Done
from core.photo_arrivals import settle_photos
from core.photos import PhotoKind
from core.reasons import Message

MOST: Final = 4
LEAST: Final = 320
"""Pixels of the shorter side: on less nobody reads a certificate."""
_PHOTOS: Final = "certificate"
_APPEAL: Final = "appeal"


class _Send(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed = case.person.signed
        assert signed is not None  # the draft is closed when its account is logged out
        await case.core.sessions.check_living(case.uow, signed)
        photos = [stored(photo) for photo in answers[_PHOTOS]]
        await settle_photos(case.uow, [photo.path for photo in photos])
        await case.core.certificates.submit(case.uow, signed, photos)
        return Done((Text("certificate.sent"),))


class _Appeal(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed = case.person.signed
        assert signed is not None
        await case.core.sessions.check_living(case.uow, signed)
        await case.core.certificates.appeal(case.uow, signed, Message.parse(answers[_APPEAL]))
        return Done((Text("certificate.appealed"),))


async def _may_send(case: Case) -> None:
    assert case.person.signed is not None
    await case.core.certificates.check_may_submit(case.uow, case.person.signed)


_HOME: Final = ("certificate", "")
SEND: Final = Flow(
    "certificate",
    1,
    (Step(_PHOTOS, takes=TakePhoto(PhotoKind.CERTIFICATE, _may_send, least=LEAST), most=MOST, field="photo"),),
    _Send(),
    home=_HOME,
)
APPEAL: Final = Flow(
    "appeal", 1, (Step(_APPEAL, free_text(Message.parse), field=Message.FIELD),), _Appeal(), home=_HOME
)
