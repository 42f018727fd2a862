"""Sending a certificate and appealing, opened from the screen of `/certificate` (REVIEW.md, DIALOGS.md certificate)."""

from typing import Any, Final

from bot.acts import sentence
from bot.dialog.flow import Answers, Flow, Step
from bot.dialog.view import Text
from bot.flows.acts import Acts
from bot.flows.inputs import free_text
from bot.flows.photos import TakePhoto, stored
from bot.person import Case, Done
from core.errors import Conflict
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
        try:
            await case.core.certificates.submit(case.uow, signed, photos)
        except Conflict as problem:
            if problem.field:  # other photos may do
                raise
            return Done((sentence(problem),))
        await settle_photos(case.uow, [photo.path for photo in photos])
        return Done((Text("certificate.sent"),))


class _Appeal(Acts):
    async def finish(self, case: Case, answers: Answers, worked: Any) -> Done:
        signed = case.person.signed
        assert signed is not None
        await case.core.sessions.check_living(case.uow, signed)
        try:
            await case.core.certificates.appeal(case.uow, signed, Message.parse(answers[_APPEAL]))
        except Conflict as problem:  # nothing in the dialog would mend it
            return Done((sentence(problem),))
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
