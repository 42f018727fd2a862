"""Every parser of outside bytes, and what it is begun with: good material, and what was found."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import orjson

from tests import pictures
from tests.fuzz import files, http, telegram, values
from tests.fuzz.http import BODIES
from tests.fuzz.values import NUMBERS, PARSERS


@dataclass(frozen=True, slots=True)
class Target:
    """What is fuzzed, and the seeds. `most`: so many bytes make sense."""

    run: Callable[[bytes], None]
    seeds: Callable[[], tuple[bytes, ...]]
    most: int = 4096


def _values() -> tuple[bytes, ...]:
    samples = ("+86 138-1234-5678", "anna@example.com", "王·小明", "1990-01-31", "35", "男", "492 039", "主任医师")
    return tuple(bytes((at, 0)) + sample.encode() for at in range(len(PARSERS)) for sample in samples)


def _numbers() -> tuple[bytes, ...]:
    samples = ("P12", "7K3M2Q", "BLR,CUT 请重拍 // 模糊", "12:k1:" + "0" * 64, values.FOREIGN_HASH)
    return tuple(bytes((at,)) + sample.encode() for at in range(len(NUMBERS)) for sample in samples)


def _bodies() -> tuple[bytes, ...]:
    told = {"phone": "13812345678", "password": "12345678", "name": "王小明", "email": "a@example.com", "sex": 0}
    more = {"username": "demo", "age": 24, "birth_date": "1990-01-31", "gender": None, "hospital_id": 3}
    return tuple(bytes((at,)) + orjson.dumps(told | more) for at in range(len(BODIES)))


def _updates() -> tuple[bytes, ...]:
    moments = (b"\0\0", b"\0\1", *(bytes((1, 0, at)) for at in range(0, 250, 10)))
    said = b"\0\0\0\0\0\x0b13812345678"
    pressed = b"\0\0\1\0\0\1\0\x06pick:0"
    return tuple(moment + what for moment in moments for what in (said, pressed))


@cache
def _pictures() -> tuple[bytes, ...]:
    """Good ones and hostile ones, small enough to be tried by the thousand."""
    made = pictures.certificate((24, 16))
    return (
        pictures.jpeg(made),
        pictures.png(made),
        pictures.png(made.convert("P")),
        pictures.jpeg(made, progressive=True),
        pictures.jpeg(made, exif=pictures.located_exif(6)),
        pictures.animated_png(),
        pictures.two_pictures_in_one(),
        pictures.with_archive_behind(pictures.jpeg(made)),
        pictures.png_of_size(60_000, 60_000),
        pictures.png_without_its_palette(),
        pictures.jpeg_of_size(60_000, 60_000),
        b"%PDF-1.7",
        b"\0\0\0\x18ftypheic",
    )


_CONFIG: Final = b'[clinic]\nname = "a"\ncontact = "b"\nprivacy_url = "https://c.example"\n[api]\nport = 1\n'
_FORM: Final = (
    b'--b\r\nContent-Disposition: form-data; name="certificate"; filename="a.png"\r\n'
    b"Content-Type: image/png\r\n\r\n\x89PNG\r\n--b--\r\n"
)
TARGETS: Final[Mapping[str, Target]] = {
    "value": Target(values.value, _values, 600),
    "number": Target(values.number, _numbers, 200),
    "token": Target(values.token, lambda: (values.TOKEN.encode(), values.TOKEN.encode() + b"="), 5000),
    "keys": Target(values.keys, lambda: (b"k1:MDEyMzQ1Njc4OWFiY2RlZmdoaWprbG1ub3BxcnN0dXY=,k2:YQ==",)),
    "sealed": Target(values.sealed, lambda: (values.SEALED, values.SEALED[:-1])),
    "import_line": Target(values.import_line, lambda: (b"\4\4\x0b13812345678\7\4demo",)),
    "log_line": Target(values.log_line, lambda: (b"138 1234 5678 \n", values.TOKEN.encode(), "a\u202eb".encode())),
    "rows": Target(files.rows, lambda: (b'\1source_id,phone\n1,"138\n', b'{"source_id": 1}\n[]\n')),
    "config": Target(files.config, lambda: (_CONFIG, b"a = 1", b"\xff")),
    "environment": Target(files.environment, lambda: tuple(bytes((at, 3)) + b"-1 " for at in range(60))),
    "photo": Target(files.photo, _pictures, 20_000),
    "small_photo": Target(files.small_photo, _pictures, 20_000),
    "webhook_body": Target(telegram.body, lambda: (b'{"update_id": 1, "message": {"from": {"id": 5}}}',)),
    "update": Target(telegram.update, _updates),
    "json_body": Target(http.json_body, _bodies),
    "headers": Target(http.headers, lambda: (b"Bearer a.b.c", b"2001:db8::1", b"::ffff:203.0.113.7", b"203.0.113.7")),
    "form": Target(http.form, lambda: (_FORM, b"--b--")),
}
