"""Taking the photo that a question waits for: fetched from Telegram, judged, kept sealed (SECURITY.md Photos)."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Final

import structlog

from bot.dialog.events import File, Sent
from bot.dialog.flow import Answers, Value
from bot.files import Files
from bot.flows.acts import Acts
from bot.person import Case, Done
from core.core import Core
from core.errors import Conflict
from core.photo_arrivals import expect_photo, give_photo_up
from core.photos import PhotoKind, StoredPhoto
from core.pictures import MediaType
from storage.errors import StorageError

log: Final = structlog.get_logger(__name__)

_HINTS: Final = "hints"  # beside what core keeps of a photo: what the screens tell of it


@dataclass(frozen=True, slots=True)
class _Expected:
    path: str
    file: File
    files: Files


class TakePhoto(Acts):
    """What a step of photos does with each that comes; its answer lists them as `stored` reads them."""

    shows = "upload_photo"

    def __init__(
        self, kind: PhotoKind, may: Callable[[Case], Awaitable[None]], *, side: int | None = None, least: int = 0
    ) -> None:
        """`may` refuses who could not use a photo whatever it shows; the rest as `core.photos.Photos.take` has it."""
        self._kind = kind
        self._least = least
        self._may = may
        self._side = side

    async def begin(self, case: Case, answers: Answers, secret: Sent) -> _Expected:
        """Notes that a photo will lie in the store: what is cut off from here on leaves nothing behind."""
        assert case.person.signed is not None  # the draft is closed when its account is logged out
        assert secret.file is not None
        await self._may(case)
        return _Expected(await expect_photo(case.uow, case.person.signed, self._kind), secret.file, case.files)

    async def work(self, core: Core, begun: _Expected) -> Value:
        try:
            async with begun.files.fetched(begun.file) as received:
                photo = await core.photos.take(received, side=self._side, least=self._least)
            return asdict(await core.photos.keep(begun.path, photo)) | {_HINTS: list(photo.hints)}
        except StorageError as error:  # full, or away: its sender may try again, and the dialog stays where it is
            log.exception("a photo could not be kept")
            raise Conflict("photo.not_kept", field="photo") from error

    async def give_up(self, case: Case, begun: _Expected) -> None:
        await give_photo_up(case.uow, begun.path)

    async def finish(self, case: Case, answers: Answers, worked: Value) -> Done:
        assert case.person.signed is not None
        await case.core.sessions.check_living(case.uow, case.person.signed)
        return Done((), taken=worked)


def stored(photo: Value) -> StoredPhoto:
    """A photo of the answer, as core has it."""
    kept = {name: value for name, value in photo.items() if name != _HINTS}
    return StoredPhoto(**{**kept, "media_type": MediaType(photo["media_type"])})
