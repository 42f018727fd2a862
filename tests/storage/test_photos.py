"""The place where photos lie: a folder, or another store by URL; every fault in one sentence."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from moto.server import ThreadedMotoServer

from storage.errors import StorageError
from storage.photos import PhotoStore


@pytest.fixture(scope="module")
def s3_address() -> Iterator[str]:
    """A server on this machine that speaks S3, with a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    httpx.put(f"{address}/bucket").raise_for_status()
    yield address
    server.stop()


@pytest.fixture
def s3(s3_address: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The URL of a store there; its keys come as operators give them."""
    monkeypatch.setenv("AWS_ENDPOINT", s3_address)
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    return "s3://bucket/photos"


@pytest.fixture(params=["folder", "file URL", "memory", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> PhotoStore:
    if request.param == "s3":
        return PhotoStore(request.getfixturevalue("s3"))
    return PhotoStore(
        {"folder": f"{tmp_path}/a/b", "file URL": f"file://{tmp_path}/a/b", "memory": "memory:///"}[request.param]
    )


async def test_what_was_put_is_there_until_it_is_deleted(store: PhotoStore) -> None:
    await store.put("certificate/1", b"one")
    await store.put("certificate/2", b"")
    assert await store.get("certificate/1") == b"one"
    assert await store.get("certificate/2") == b""
    await store.delete("certificate/1")
    with pytest.raises(StorageError, match="certificate/1"):
        await store.get("certificate/1")
    assert await store.get("certificate/2") == b""


async def test_to_delete_what_is_not_there_does_nothing(store: PhotoStore) -> None:
    await store.delete("certificate/none")
    await store.put("certificate/1", b"one")
    await store.delete("certificate/none")


async def test_what_a_killed_process_left_half_written_goes_with_the_photo(tmp_path: Path) -> None:
    store = PhotoStore(str(tmp_path))
    await store.put("certificate/1", b"one")
    await store.put("certificate/12", b"another")
    (tmp_path / "certificate" / "1#1").write_bytes(b"on")
    (tmp_path / "certificate" / "2#1").write_bytes(b"tw")
    await store.delete("certificate/1")
    await store.delete("certificate/2")
    assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["12"]


async def test_a_name_leads_nowhere_else(store: PhotoStore) -> None:
    for name in ("../outside", "certificate/../../outside"):
        with pytest.raises(StorageError):
            await store.put(name, b"evil")


async def test_the_folder_is_made_at_the_first_use_for_its_user_alone(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "photos"
    store = PhotoStore(str(folder))
    assert not folder.exists()
    await store.put("certificate/1", b"one")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.rglob("*") if path.is_file()] == ["1"]


async def test_a_folder_that_is_a_file_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "photos").write_text("a file")
    with pytest.raises(StorageError) as fault:
        await PhotoStore(f"{tmp_path}/photos").put("certificate/1", b"one")
    assert str(fault.value).startswith(f"The photo store {tmp_path}/photos does not work: ")
    assert "\n" not in str(fault.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
async def test_a_folder_that_may_not_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir(mode=0o500)
    with pytest.raises(StorageError, match="does not work"):
        await PhotoStore(f"{tmp_path}/photos").put("certificate/1", b"one")


@pytest.mark.parametrize("url", ["ftp://photos.example/x", "s3://", "memory://x", "nonsense://"])
def test_a_url_that_no_store_has_is_said_at_once(url: str) -> None:
    with pytest.raises(StorageError, match=r"write a folder or one like s3://bucket") as fault:
        PhotoStore(url)
    assert "\n" not in str(fault.value)


async def test_a_store_that_does_not_answer_is_one_sentence_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT": "http://127.0.0.1:9",
        "AWS_ALLOW_HTTP": "true",
        "AWS_ACCESS_KEY_ID": "nobody",
        "AWS_SECRET_ACCESS_KEY": "nothing",
    }.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(StorageError, match="photo store s3://photos does not work") as fault:
        await PhotoStore("s3://photos").put("certificate/1", b"one")
    assert "\n" not in str(fault.value)


async def test_a_bucket_that_is_not_there_is_one_sentence(s3: str) -> None:
    with pytest.raises(StorageError, match=r"photo store s3://elsewhere does not work: .*404") as fault:
        await PhotoStore("s3://elsewhere").put("certificate/1", b"one")
    assert "\n" not in str(fault.value)
