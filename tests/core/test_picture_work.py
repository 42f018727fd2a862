"""Pictures are worked on in processes of their own, which may die (core/picture_work.py, SECURITY.md Photos)."""

import io
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Timer

import pytest

from core import picture_work
from core.core import Core
from core.errors import InvalidValue
from core.picture_work import PictureWork
from storage.errors import StorageError
from tests import pictures

linux = pytest.mark.skipif(sys.platform != "linux", reason="proc(5) tells it")


@pytest.fixture
def work() -> Iterator[PictureWork]:
    """Begins without any process, as a program does."""
    _end_idle()
    work = PictureWork()
    yield work
    work.close()
    _end_idle()


def _end_idle() -> None:
    while picture_work._idle:
        picture_work._idle.pop().bury()


def _idle_pid() -> int:
    (child,) = picture_work._idle
    return child._process.pid


def _busy_pid(work: PictureWork) -> int:
    """Of the process that is at work, once there is one."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for child in work._at_work.copy():
            return child._process.pid
        time.sleep(0.001)
    raise TimeoutError


def _large() -> bytes:
    return pictures.jpeg(pictures.certificate((5000, 4000)))


async def test_who_sends_no_picture_starts_no_process(work: PictureWork, core: Core) -> None:
    with pytest.raises(InvalidValue, match="pdf"):
        await core.photos.take(io.BytesIO(b"%PDF-1.7"))
    assert picture_work._idle == []


def test_one_process_does_one_after_the_other(work: PictureWork) -> None:
    work.take(pictures.jpeg(), None, 0)
    first = _idle_pid()
    work.take(pictures.png(), None, 0)
    assert _idle_pid() == first


@linux
def test_it_knows_no_secret_and_stands_back(work: PictureWork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLINIC_BOT__TELEGRAM__TOKEN", "1:secret")
    work.take(pictures.jpeg(), None, 0)
    pid = _idle_pid()
    assert "secret" not in Path(f"/proc/{pid}/environ").read_text()
    assert {path.name for path in Path(f"/proc/{pid}/fd").iterdir()} == {"0", "1", "2"}
    assert os.getpriority(os.PRIO_PROCESS, pid) == 19
    assert resource.prlimit(pid, resource.RLIMIT_AS) == (2 * 1024**3, 2 * 1024**3)
    assert os.getsid(pid) == os.getsid(0)  # a session of its own would be served before all that is nice


def test_one_that_was_killed_at_rest_is_not_missed(work: PictureWork) -> None:
    work.take(pictures.jpeg(), None, 0)
    killed = _idle_pid()
    os.kill(killed, signal.SIGKILL)
    assert work.take(pictures.jpeg(), None, 0).media_type == "image/jpeg"
    assert _idle_pid() != killed


@pytest.mark.slow
def test_one_that_is_killed_at_work_loses_no_photo(work: PictureWork) -> None:
    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(work.take, _large(), None, 0)
        os.kill(_busy_pid(work), signal.SIGKILL)
        assert taking.result().width == 5000


@pytest.mark.slow
def test_one_that_hangs_is_given_up(work: PictureWork, monkeypatch: pytest.MonkeyPatch) -> None:
    work.take(pictures.jpeg(), None, 0)
    os.kill(_idle_pid(), signal.SIGSTOP)
    waits = iter((0.2, 180.0))
    monkeypatch.setattr(picture_work, "Timer", lambda _seconds, act: Timer(next(waits), act))
    assert work.take(pictures.jpeg(), None, 0).width == pictures.SIZE[0]


@pytest.mark.parametrize("program", ["/bin/false", "/nonexistent"])
def test_where_none_lives_it_is_said(work: PictureWork, monkeypatch: pytest.MonkeyPatch, program: str) -> None:
    monkeypatch.setattr(sys, "executable", program)
    with pytest.raises(StorageError, match="died, twice"):
        work.take(pictures.jpeg(), None, 0)
    assert picture_work._idle == []


@pytest.mark.slow
def test_the_end_of_the_program_waits_for_no_picture(work: PictureWork) -> None:
    with ThreadPoolExecutor(1) as threads:
        taking = threads.submit(work.take, _large(), None, 0)
        os.kill(_busy_pid(work), signal.SIGSTOP)
        work.close()
        with pytest.raises(StorageError):
            taking.result(60)


@linux
@pytest.mark.slow
def test_it_ends_with_whoever_is_killed() -> None:
    program = (
        "import time; from core import picture_work; from tests import pictures;"
        "picture_work.PictureWork().take(pictures.jpeg(), None, 0);"
        "print(picture_work._idle[0]._process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert Path(f"/proc/{child}").exists()
        parent.kill()
    until = time.monotonic() + 60
    while _lives(child):
        assert time.monotonic() < until
        time.sleep(0.01)


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
