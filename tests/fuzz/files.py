"""Files: the configuration and its environment, photos, other services' accounts."""

import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from PIL import Image

from bot.cli.importing.reading import Rows
from core.errors import InvalidValue
from core.exits import Failure
from core.import_lines import COLUMNS
from core.pictures import MAX_PIXELS, take
from core.settings import PREFIX, Settings, SettingsError, load_secrets, load_settings
from tests.fuzz.material import Material

SIDE: Final = 64
_KEYS: Final = [
    (section, key)
    for section, field in Settings.model_fields.items()
    for key in getattr(field.annotation, "model_fields", {})
]


@contextmanager
def _file(content: bytes, suffix: str) -> Iterator[Path]:
    with tempfile.NamedTemporaryFile(suffix=suffix) as file:
        file.write(content)
        file.flush()
        yield Path(file.name)


def config(data: bytes) -> None:
    """A file is settings, or what is wrong with it is said in one sentence."""
    with _file(data, ".toml") as path:
        _load(path)


def environment(data: bytes) -> None:
    """So is any value of any variable."""
    material = Material(data)
    section, key = material.one_of(_KEYS)
    name, value = f"{PREFIX}{section}__{key}".upper(), material.text().replace("\0", "")
    os.environ[name] = value
    try:
        _load(Path("/nonexistent"))
    finally:
        del os.environ[name]


def _load(path: Path) -> None:
    try:
        load_secrets(load_settings(path))
    except SettingsError as error:
        _one_sentence(str(error))


def _one_sentence(text: str) -> None:
    assert text.endswith("."), text
    assert "\n" not in text, text


def photo(data: bytes) -> None:
    """What comes through the front door is a new picture and nothing more (SECURITY.md Photos)."""
    try:
        taken = take(io.BytesIO(data))
    except InvalidValue:
        return
    assert taken.width * taken.height <= MAX_PIXELS
    with Image.open(io.BytesIO(taken.content)) as image:
        assert image.format == taken.media_type.name
        assert image.size == (taken.width, taken.height)
        assert not image.getexif()
        assert not {"comment", "icc_profile", "exif"} & image.info.keys()


def small_photo(data: bytes) -> None:
    """So is one that is made small, an avatar."""
    try:
        taken = take(io.BytesIO(data), SIDE, 8)
    except InvalidValue:
        return
    assert max(taken.width, taken.height) <= SIDE


def rows(data: bytes) -> None:
    """A file of accounts is read row by row, or refused with the line."""
    material = Material(data)
    with _file(material.rest() if (csv := material.yes()) else data, ".csv" if csv else ".jsonl") as path:
        try:
            for row in Rows(path, COLUMNS, (frozenset({"source_id"}),)):
                try:
                    texts = row.texts()
                except InvalidValue:
                    continue
                assert all(isinstance(text, str) for text in texts.values())
        except Failure as error:
            _one_sentence(str(error))
