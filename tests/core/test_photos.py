"""The front door for photos, and their sealed keeping (SECURITY.md Photos)."""

import asyncio
import hashlib
import io
import random
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from core import pictures as door
from core.core import Core
from core.errors import Busy, InvalidValue
from core.photos import PhotoKind, Photos, new_name
from core.pictures import MAX_BYTES, MediaType, Photo
from core.sealing import SealBroken
from core.settings import Secrets, Settings
from storage.errors import StorageError
from tests import pictures

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


@pytest.fixture
def photos(core: Core) -> Photos:
    return core.photos


@pytest.fixture
def folder(settings: Settings) -> Path:
    return Path(settings.storage.photos_url)


async def taken(photos: Photos, content: bytes) -> Photo:
    return await photos.take(io.BytesIO(content))


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("name", pictures.GOOD)
async def test_a_good_picture_is_taken_and_nothing_but_its_pixels(photos: Photos, name: str) -> None:
    received = pictures.GOOD[name]()
    photo = await taken(photos, received)
    image = pictures.opened(photo.content)
    assert image.format == ("PNG" if received.startswith(b"\x89PNG") else "JPEG")
    assert photo.media_type == Image.MIME[image.format]
    assert (photo.width, photo.height) == image.size == pictures.SIZE
    assert photo.sha256 == hashlib.sha256(received).hexdigest()
    assert image.mode in {"RGB", "L"}
    assert not [word for word in pictures.SECRETS if word in photo.content]
    assert not {"exif", "icc_profile", "comment", "transparency"} & image.info.keys()
    assert not image.getexif()


@pytest.mark.parametrize("name", pictures.GOOD)
async def test_what_was_seen_is_what_is_kept(photos: Photos, name: str) -> None:
    image = pictures.opened((await taken(photos, pictures.GOOD[name]())).content).convert("RGB")
    red, white = image.getpixel((10, 10)), image.getpixel((110, 10))
    assert isinstance(red, tuple)
    assert isinstance(white, tuple)
    assert min(white) > 240
    assert min(red) < 140


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_however_the_phone_was_held_it_stands_upright(photos: Photos, orientation: int) -> None:
    image = pictures.opened((await taken(photos, pictures.held(orientation))).content)
    assert image.size == pictures.SIZE
    red = image.getpixel((10, 10))
    assert isinstance(red, tuple)
    assert red[0] > 200
    assert red[1] < 60


async def test_sixteen_bits_of_grey_keep_their_shades(photos: Photos) -> None:
    image = Image.new("I;16", (2, 1))
    image.putpixel((0, 0), 0x8000)
    image.putpixel((1, 0), 0xFFFF)
    kept = pictures.opened((await taken(photos, pictures.png(image))).content)
    assert [kept.getpixel((0, 0)), kept.getpixel((1, 0))] == [0x80, 0xFF]


@pytest.mark.parametrize("name", pictures.BAD)
async def test_what_is_no_good_picture_is_refused_for_its_reason(photos: Photos, name: str) -> None:
    code, make = pictures.BAD[name]
    with pytest.raises(InvalidValue) as refused:
        await taken(photos, make())
    assert refused.value.code == code


def _in_every_other_format() -> dict[str, bytes]:
    """A picture in each format that the library can write and nobody may send, by the format's name."""
    Image.init()
    made = {}
    for kind in Image.SAVE.keys() - {"JPEG", "MPO", "PNG"}:  # MPO: a JPEG with more pictures behind the first
        for mode in ("RGB", "L", "P", "1", "F"):
            file = io.BytesIO()
            with suppress(OSError, ValueError, KeyError, AttributeError, TypeError):  # not of this mode, or not here
                Image.new(mode, (64, 64)).save(file, kind)
                made[kind] = file.getvalue()
                break
    return made


def test_whatever_else_the_library_can_read_is_refused() -> None:
    made = _in_every_other_format()
    assert len(made) > 15
    assert {"BMP", "GIF", "TIFF", "WEBP", "ICO"} <= made.keys()
    for content in made.values():
        with pytest.raises(InvalidValue, match=r"not_a_picture|pdf"):
            door.take(io.BytesIO(content))


def test_no_decoder_but_two_sees_a_byte_of_what_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library would try all of its formats on what begins as a JPEG or PNG and is none."""
    tried: list[str] = []
    Image.init()
    for kind in Image.OPEN.keys() - {"JPEG", "PNG"}:
        monkeypatch.setitem(Image.OPEN, kind, (Image.OPEN[kind][0], lambda _start, kind=kind: tried.append(kind)))
    for content in (b"\xff\xd8\xff" + bytes(99), b"\x89PNG\r\n\x1a\n" + bytes(99), *_in_every_other_format().values()):
        with pytest.raises(InvalidValue):
            door.take(io.BytesIO(content))
    assert tried == []


def test_whatever_is_changed_in_a_picture_it_is_taken_or_refused_in_words() -> None:
    chance = random.Random(7)
    whole = [make() for make in pictures.GOOD.values()]
    for _ in range(600):
        broken = bytearray(chance.choice(whole))
        for _ in range(chance.choice([1, 3, 10])):
            place = chance.randrange(len(broken))
            broken[place : place + chance.choice([0, 1, 20])] = chance.randbytes(chance.choice([0, 1, 4]))
        with suppress(InvalidValue):
            door.take(io.BytesIO(broken))


async def test_more_bytes_than_a_bot_may_load_are_refused(photos: Photos) -> None:
    with pytest.raises(InvalidValue, match="too_big"):
        await taken(photos, pictures.jpeg() + bytes(MAX_BYTES))


def test_a_palette_that_grows_beyond_the_limit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = Image.effect_noise((400, 400), 200)
    colours = Image.merge("RGB", (noise, noise.rotate(90), noise.rotate(180))).quantize(256)
    received = pictures.png(colours)
    monkeypatch.setattr(door, "MAX_BYTES", len(received))
    with pytest.raises(InvalidValue, match="too_big"):
        door.take(io.BytesIO(received))


def test_a_small_file_that_asks_for_hours_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(door, "_READING_SECONDS", 0.5)
    bomb = pictures.jpeg_of_many_scans(2000)
    assert len(bomb) < 400_000
    started = time.thread_time()
    with pytest.raises(InvalidValue, match="damaged"):
        door.take(io.BytesIO(bomb))
    assert time.thread_time() - started < 10  # all of it takes a minute


async def test_the_loop_goes_on_meanwhile(photos: Photos) -> None:
    large = pictures.jpeg(pictures.certificate((3000, 2500)))
    taking = asyncio.gather(*(taken(photos, large) for _ in range(3)))
    rounds = 0
    while not taking.done():
        await asyncio.sleep(0.001)
        rounds += 1
    await taking
    assert rounds > 20  # counted, not timed: the machine may be busy with other things


async def test_a_full_queue_says_how_long_and_empties(photos: Photos) -> None:
    content = pictures.jpeg()
    outcomes = await asyncio.gather(*(taken(photos, content) for _ in range(40)), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, Busy)]
    assert 24 <= len(refused) < 40
    assert {refusal.code for refusal in refused} == {"photo.busy"}
    assert await taken(photos, content)


async def test_who_looks_at_many_photos_turns_nobody_away_who_sends_one(photos: Photos) -> None:
    stored = await photos.keep(new_name(PhotoKind.CERTIFICATE), await taken(photos, pictures.jpeg()))
    looks = [asyncio.create_task(photos.small(stored.path, 300)) for _ in range(40)]
    await asyncio.wait(looks, return_when=asyncio.FIRST_COMPLETED)
    assert await taken(photos, pictures.jpeg())
    assert len(await asyncio.gather(*looks)) == 40


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells the peak")
def test_a_photo_of_twelve_megapixels_costs_less_than_400_megabytes(tmp_path: Path) -> None:
    noise = Image.effect_noise((1000, 750), 60).resize((4000, 3000))
    image = Image.merge("RGB", (noise, noise.rotate(180), noise))
    path = tmp_path / "large.jpg"
    path.write_bytes(pictures.jpeg(image, quality=92, progressive=True, exif=pictures.located_exif(6)))
    measured = (
        "import sys; from core.pictures import take; take(open(sys.argv[1], 'rb'));"
        "print(open('/proc/self/status').read())"
    )
    done = subprocess.run([sys.executable, "-c", measured, str(path)], capture_output=True, text=True, check=True)
    peak = next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("VmHWM"))
    assert int(peak) < 400 * 1024  # kilobytes


async def test_what_is_kept_can_be_read_again_and_lies_sealed(photos: Photos, folder: Path) -> None:
    photo = await taken(photos, pictures.jpeg())
    stored = await photos.keep(new_name(PhotoKind.CERTIFICATE), photo)
    assert stored.path.startswith("certificate/")
    assert (stored.size, stored.width, stored.height) == (len(photo.content), photo.width, photo.height)
    assert await photos.read(stored.path) == photo.content
    (file,) = files(folder)
    assert b"JFIF" not in file.read_bytes()
    assert folder.stat().st_mode & 0o077 == 0


async def test_one_photo_in_anothers_place_is_not_given_out(photos: Photos, folder: Path) -> None:
    one, other = [await taken(photos, pictures.jpeg(pictures.certificate(text=text))) for text in ("one", "other")]
    stored = [await photos.keep(new_name(PhotoKind.CERTIFICATE), photo) for photo in (one, other)]
    (folder / stored[0].path).replace(folder / stored[1].path)
    with pytest.raises(SealBroken):
        await photos.read(stored[1].path)


async def test_another_clinics_key_opens_nothing(photos: Photos, settings: Settings, secrets: Secrets) -> None:
    stored = await photos.keep(new_name(PhotoKind.CERTIFICATE), await taken(photos, pictures.jpeg()))
    other = Core(
        settings, Secrets(**{name: getattr(secrets, name) for name in secrets.__slots__} | {"photo": secrets.inbox})
    )
    with pytest.raises(SealBroken):
        await other.photos.read(stored.path)
    other.close()


async def test_a_photo_that_is_gone_is_a_fault_and_said(photos: Photos) -> None:
    with pytest.raises(StorageError, match="certificate/none"):
        await photos.read("certificate/none")


def test_a_photo_shows_nothing_of_itself_in_logs() -> None:
    assert "pixels" not in repr(Photo(b"pixels", MediaType.PNG, 1, 1, "0" * 64))
