"""A doctor's certificate over HTTP: sent, seen, refused (CONTRACT.md 2.7, 2.8, 3.9; REVIEW.md 1)."""

import asyncio
import io
import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select, update

from core.audit import Action
from core.pictures import MAX_BYTES
from core.review_states import State
from core.settings import Settings, Storage
from storage.tables.accounts import audit
from storage.tables.submissions import submission_files, submissions
from tests import pictures
from tests.api.conftest import Http, Serve
from tests.conftest import Desk

SEEN = "/api/doctor/certificate"
SENT = "/api/doctor/certificate/upload"
Header = dict[str, str]


@pytest.fixture
async def doctor(http: Http) -> Header:
    return await http.doctor_by_email()


async def send(http: Http, who: Header, content: bytes, name: str = "certificate.jpg") -> httpx.Response:
    return await http.client.post(SENT, headers=who, files={"certificate": (name, content)})


def kept(settings: Settings) -> list[Path]:
    return [path for path in Path(settings.storage.photos_url).rglob("*") if path.is_file()]


async def rows(desk: Desk) -> tuple[int, int]:
    async with desk.read() as uow:
        counts = [await uow.conn.scalar(select(func.count()).select_from(of)) for of in (submissions, submission_files)]
    return counts[0] or 0, counts[1] or 0


async def me(http: Http, who: Header) -> tuple[Any, Any]:
    answer = (await http.client.get("/api/doctor/me", headers=who)).json()
    assert answer == (await http.client.post("/api/auth/me", headers=who)).json()
    return answer["certificat"], answer["certificat_checked"]


async def decide(desk: Desk, state: State) -> None:
    async with desk.write() as uow:
        await uow.conn.execute(update(submissions).values(state=state.value))


async def test_who_sent_none_reads_null(http: Http, doctor: Header) -> None:
    answer = await http.client.get(SEEN, headers=doctor)
    assert (answer.status_code, answer.text) == (200, "null")
    assert answer.headers["content-type"] == "application/json"
    assert await me(http, doctor) == (None, None)


@pytest.mark.parametrize(("kind", "suffix"), [("jpeg", "jpg"), ("png", "png")])
async def test_what_was_sent_is_seen_again(http: Http, doctor: Header, kind: str, suffix: str) -> None:
    answer = await send(http, doctor, getattr(pictures, kind)())
    assert answer.status_code == 200
    assert answer.json() == {"message": "上传成功", "path": answer.json()["path"]}
    assert answer.json()["path"].startswith("certificate/")
    assert await me(http, doctor) == (answer.json()["path"], 1)
    seen = await http.client.get(SEEN, headers=doctor)
    assert seen.status_code == 200
    assert seen.headers["content-type"] == f"image/{kind}"
    assert seen.headers["x-content-type-options"] == "nosniff"
    assert seen.headers["cache-control"] == "no-store"
    assert seen.headers["content-disposition"] == f'attachment; filename="certificate.{suffix}"'
    assert pictures.opened(seen.content).size == pictures.SIZE


async def test_neither_its_name_nor_the_type_it_is_called_decides(http: Http, doctor: Header) -> None:
    files = {"certificate": ("../../evil.php", pictures.png(), "text/html")}
    assert (await http.client.post(SENT, headers=doctor, files=files)).status_code == 200
    seen = await http.client.get(SEEN, headers=doctor)
    assert seen.headers["content-type"] == "image/png"
    assert "evil" not in str(seen.headers)


async def test_of_where_it_was_taken_nothing_is_left(http: Http, doctor: Header) -> None:
    await send(http, doctor, pictures.GOOD["a JPEG with EXIF, GPS, a comment and a profile"]())
    seen = await http.client.get(SEEN, headers=doctor)
    assert not [word for word in pictures.SECRETS if word in seen.content]


async def test_it_lies_sealed_and_every_look_is_written_down(
    http: Http, doctor: Header, settings: Settings, desk: Desk
) -> None:
    await send(http, doctor, pictures.jpeg())
    (file,) = kept(settings)
    assert b"JFIF" not in file.read_bytes()
    for _ in range(2):
        await http.client.get(SEEN, headers=doctor)
    async with desk.read() as uow:
        looks = await uow.conn.execute(select(audit.c.channel).where(audit.c.action == Action.SEE_CERTIFICATE.value))
        assert list(looks.scalars()) == ["http", "http"]


STATUS = dict.fromkeys(("photo.not_a_picture", "photo.heic", "photo.pdf", "photo.polyglot"), 415)


async def test_what_is_no_good_picture_leaves_nothing_behind(
    http: Http, doctor: Header, settings: Settings, desk: Desk
) -> None:
    for name, (code, make) in pictures.BAD.items():
        answer = await send(http, doctor, make())
        assert answer.status_code == STATUS.get(code, 422), name
        if answer.status_code == 422:
            assert answer.json()["message"] == "The given data was invalid."
            assert list(answer.json()["errors"]) == ["certificate"]
        else:
            assert list(answer.json()) == ["message"]
    assert kept(settings) == []
    assert await rows(desk) == (0, 0)
    assert await me(http, doctor) == (None, None)


async def test_a_photo_over_20_megabytes_is_413(http: Http, doctor: Header, settings: Settings) -> None:
    answer = await send(http, doctor, pictures.jpeg() + bytes(MAX_BYTES))
    assert (answer.status_code, list(answer.json())) == (413, ["message"])
    assert kept(settings) == []


async def test_a_body_beyond_the_limit_is_413_before_it_is_all_read(http: Http, doctor: Header) -> None:
    async def endless() -> Any:
        yield b'--x\r\nContent-Disposition: form-data; name="certificate"; filename="a"\r\n\r\n'
        for _ in range(40):
            yield bytes(1024 * 1024)

    header = doctor | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await http.client.post(SENT, headers=header, content=endless())
    assert answer.status_code == 413


FORMS: dict[str, dict[str, Any]] = {
    "the document's JSON": {"json": {"certificate": "soluta"}},
    "nothing at all": {},
    "an empty form": {"files": {"other": ("", b"")}},
    "another name": {"files": {"photo": ("a.jpg", pictures.jpeg())}},
    "a text of the right name": {"files": {"certificate": (None, b"soluta")}},
    "two files": {"files": [("certificate", ("a.jpg", pictures.jpeg())), ("certificate", ("b.jpg", pictures.jpeg()))]},
    "a text beside the file": {
        "files": {"certificate": ("a.jpg", pictures.jpeg())},
        "data": {"certificat_checked": "2"},
    },
    "the bare bytes": {"content": pictures.jpeg(), "headers": {"Content-Type": "image/jpeg"}},
    "a form without a boundary": {"content": b"x", "headers": {"Content-Type": "multipart/form-data"}},
    "a form cut off": {
        "content": b'--x\r\nContent-Disposition: form-data; name="certificate"; filename="a"\r\n\r\n\xff\xd8',
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    },
    "no form": {"content": b"\x00\xff" * 50, "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
    "a charset that is none": {
        "content": b'--x\r\nContent-Disposition: form-data; name="certificate"\r\n\r\n\xff\r\n--x--\r\n',
        "headers": {"Content-Type": "multipart/form-data; boundary=x; charset=nonsense"},
    },
    "a form for pages": {"data": {"certificate": "soluta"}},
}


async def test_anything_but_one_file_of_that_name_is_422(http: Http, doctor: Header, settings: Settings) -> None:
    for name, form in FORMS.items():
        answer = await http.client.post(SENT, **form | {"headers": doctor | form.get("headers", {})})
        assert answer.status_code == 422, name
        assert "multipart/form-data" in answer.json()["errors"]["certificate"][0]
    assert kept(settings) == []


async def test_who_may_not_is_told_before_the_body_is_read(http: Http) -> None:
    patient = await http.patient()
    large = pictures.jpeg() + bytes(15 * 1024 * 1024)
    for who, status in (({}, 401), ({"Authorization": "Bearer x"}, 401), (patient, 403)):
        assert (await http.client.get(SEEN, headers=who)).status_code == status
        assert (await http.client.post(SENT, headers=who, json={"certificate": 1})).status_code == status
        assert (await send(http, who, large)).status_code == status


async def test_nobody_sees_anothers(http: Http, doctor: Header) -> None:
    await send(http, doctor, pictures.jpeg())
    other = await http.doctor()
    assert (await http.client.get(SEEN, headers=other)).json() is None


@pytest.mark.parametrize("state", [State.IN_REVIEW, State.SECOND_REVIEW, State.REJECTED, State.LOCKED, State.REVOKED])
async def test_what_the_review_forbids_is_409_and_changes_nothing(
    http: Http, doctor: Header, settings: Settings, desk: Desk, state: State
) -> None:
    await send(http, doctor, pictures.jpeg())
    await decide(desk, state)
    before = await me(http, doctor)
    answer = await send(http, doctor, pictures.png())
    assert (answer.status_code, list(answer.json())) == (409, ["message"])
    assert len(kept(settings)) == 1
    assert await rows(desk) == (1, 1)
    assert await me(http, doctor) == before


async def test_refused_bytes_are_409_and_leave_no_file(
    http: Http, doctor: Header, settings: Settings, desk: Desk
) -> None:
    await send(http, doctor, pictures.jpeg())
    await decide(desk, State.NEEDS_RESUBMIT)
    assert (await me(http, doctor))[1] == 3
    answer = await send(http, doctor, pictures.jpeg())
    assert answer.status_code == 409
    assert len(kept(settings)) == 1
    assert (await send(http, doctor, pictures.png())).status_code == 200
    assert (await me(http, doctor))[1] == 1


async def test_an_approval_stays_valid_until_the_next_is_decided(http: Http, doctor: Header, desk: Desk) -> None:
    await send(http, doctor, pictures.jpeg())
    await decide(desk, State.APPROVED)
    newer = await send(http, doctor, pictures.png())
    assert await me(http, doctor) == (newer.json()["path"], 2)


async def test_of_many_at_once_one_waits_and_every_loser_is_told(
    http: Http, doctor: Header, settings: Settings, desk: Desk
) -> None:
    photos = [pictures.jpeg(pictures.certificate(text=str(number))) for number in range(6)]
    answers = await asyncio.gather(*(send(http, doctor, photo) for photo in photos))
    statuses = [answer.status_code for answer in answers]
    assert set(statuses) <= {200, 409}
    sent = statuses.count(200)
    assert sent
    assert len(kept(settings)) == sent
    async with desk.read() as uow:
        assert sorted((await uow.conn.execute(select(submissions.c.state))).scalars()) == (
            ["pending"] + ["withdrawn"] * (sent - 1)
        )


async def test_who_logs_out_while_it_uploads_has_sent_nothing(
    http: Http, doctor: Header, settings: Settings, desk: Desk
) -> None:
    body = httpx.Request("POST", "http://x", files={"certificate": ("a.jpg", pictures.jpeg())})
    content = body.read()

    async def slowly() -> Any:
        yield content[:50]
        assert (await http.client.post("/api/auth/logout", headers=doctor)).status_code == 200
        yield content[50:]

    header = doctor | {"Content-Type": body.headers["content-type"]}
    answer = await http.client.post(SENT, headers=header, content=slowly())
    assert answer.status_code == 401
    assert (kept(settings), await rows(desk)) == ([], (0, 0))


async def test_a_store_that_does_not_work_is_a_number_and_no_row(serve: Serve, desk: Desk, tmp_path: Path) -> None:
    (tmp_path / "broken").write_text("a file where the folder should be")
    http = await serve(storage=Storage(photos_url=str(tmp_path / "broken")))
    doctor = await http.doctor_by_email()
    answer = await send(http, doctor, pictures.jpeg())
    assert answer.status_code == 500
    assert "broken" not in answer.text
    assert await rows(desk) == (0, 0)


async def test_openapi_tells_what_to_send_and_what_comes(http: Http) -> None:
    paths = (await http.client.get("/openapi.json")).json()["paths"]
    sent, seen = paths[SENT]["post"], paths[SEEN]["get"]
    assert list(sent["requestBody"]["content"]) == ["multipart/form-data"]
    assert {"200", "401", "403", "409", "413", "415", "422", "429"} <= set(sent["responses"])
    assert set(seen["responses"]["200"]["content"]) == {"application/json", "image/jpeg", "image/png"}
    assert json.dumps(seen["security"]) == json.dumps(sent["security"])


async def test_a_large_photo_is_taken_and_given_back(http: Http, doctor: Header) -> None:
    file = io.BytesIO(pictures.jpeg(pictures.certificate((4000, 3000)), quality=100))
    answer = await http.client.post(SENT, headers=doctor, files={"certificate": file})
    assert answer.status_code == 200
    assert pictures.opened((await http.client.get(SEEN, headers=doctor)).content).size == (4000, 3000)
