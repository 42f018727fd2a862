"""S0, certificates: a doctor's own, seen and sent (CONTRACT.md 2.7, 2.8, 3.9)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, BinaryIO, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from api import texts
from api.answers import s0, success
from api.edge import AnEdge, Edge, Token
from core.errors import InvalidValue
from core.permissions import Permission
from core.photo_arrivals import arriving, expect_photo, settle_photos
from core.photos import PhotoKind
from core.pictures import MediaType, Photo
from core.uncut import uncut

router = APIRouter(prefix="/api/doctor", tags=["S0: certificate"])

_FIELD: Final = "certificate"
_SUFFIXES: Final = {MediaType.JPEG: "jpg", MediaType.PNG: "png"}
_AN_IMAGE: Final = {"schema": {"type": "string", "format": "binary"}}
_SEEN: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The image, or `null` when there is none.",
        "content": {
            "application/json": {"schema": {"type": "null"}, "example": None},
            **{media_type.value: _AN_IMAGE for media_type in MediaType},
        },
    }
}
_FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {_FIELD: {"type": "string", "format": "binary", "description": "A JPEG or PNG."}},
                    "required": [_FIELD],
                    "additionalProperties": False,
                },
                "encoding": {_FIELD: {"contentType": ", ".join(MediaType)}},
            }
        },
    }
}


class Uploaded(BaseModel):
    """An upload that was taken. `path` names it; it is no address."""

    message: str
    path: str


@router.get(
    "/certificate",
    operation_id="certificate",
    summary="One's own certificate",
    response_class=Response,
    responses={**_SEEN, **s0(401, 403)},
)
async def certificate(edge: AnEdge, token: Token) -> Response:
    """The photo that was sent last, as a file to be saved."""
    async with edge.write() as uow:
        signed = await edge.signed_in(uow, token, Permission.SEE_OWN_CERTIFICATE)
        photo = await edge.core.certificates.newest_photo(uow, signed)
    await edge.touch(signed)
    if photo is None:
        return JSONResponse(None)
    content = await edge.core.photos.read(photo.path)  # after the commit: a look is written down before it is had
    name = f"certificate.{_SUFFIXES[photo.media_type]}"
    return Response(
        content, media_type=photo.media_type.value, headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )


@router.post(
    "/certificate/upload",
    operation_id="certificate_upload",
    summary="Send a certificate",
    responses={
        **success({"message": texts.UPLOADED, "path": "certificate/5f1c0a9e8d7b46c3a2e1f09b8c7d6e5a"}),
        **s0(401, 403, 415, codes={409: "certificate.in_review", 422: "certificate.wrong_form"}),
    },
    openapi_extra=_FORM,
)
async def upload(request: Request, edge: AnEdge, token: Token) -> Uploaded:
    """One photo, JPEG or PNG, to be looked at by an admin. One that still waits is replaced."""
    async with edge.read() as uow:  # who may not is refused before the body is read
        signed = await edge.signed_in(uow, token, Permission.SEND_OWN_CERTIFICATE)
        await edge.core.certificates.check_may_submit(uow, signed)
    async with _received(request) as file:
        try:
            photo = await edge.core.photos.take(file)
        except InvalidValue as error:
            raise InvalidValue(error.code, field=_FIELD) from error
    return Uploaded(message=texts.UPLOADED, path=await uncut(_submit(edge, token, photo)))


async def _submit(edge: Edge, token: str, photo: Photo) -> str:
    async with edge.write() as uow:
        signed = await edge.signed_in(uow, token, Permission.SEND_OWN_CERTIFICATE)  # an upload is long, much can happen
        path = await expect_photo(uow, signed, PhotoKind.CERTIFICATE)
    async with arriving(edge.core.photos, edge.write, path, photo) as stored, edge.write() as uow:
        signed = await edge.signed_in(uow, token, Permission.SEND_OWN_CERTIFICATE)
        await settle_photos(uow, [path])
        submission = await edge.core.certificates.submit(uow, signed, [stored])
    await edge.touch(signed)
    return submission.path


@asynccontextmanager
async def _received(request: Request) -> AsyncIterator[BinaryIO]:
    """The one file of a multipart body, on disk when it is large. What its sender calls it and its type is not read."""
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise _wrong_form()
    try:
        form = await request.form(max_files=1, max_fields=0)
    except ClientDisconnect:
        raise _wrong_form() from None  # nobody is there to read it; it is no fault of ours
    except HTTPException as error:
        if error.status_code == 413:
            raise
        raise _wrong_form() from error
    try:
        file = form.get(_FIELD)
        if not isinstance(file, UploadFile):
            raise _wrong_form()
        yield file.file
    finally:
        await form.close()


def _wrong_form() -> InvalidValue:
    return InvalidValue("certificate.wrong_form", field=_FIELD)
