"""What takes long to import, imported only by the commands that use it: each is a process of its own that a person,
or a script, waits for. Telegram's library and the database's cost more than most commands do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from core import collector

if TYPE_CHECKING:
    import signal
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from bot.cli.checks import Finding
    from bot.cli.importing.running import Result
    from bot.cli.operator import Operator
    from core.rotation import Rotation
    from storage.database import Database


def run_bot(workers: int) -> signal.Signals:
    """See bot.cli.serving."""
    collector.begin()
    from bot.cli import serving  # noqa: PLC0415

    return serving.run_bot(workers)


def operator() -> AbstractAsyncContextManager[Operator]:
    """See bot.cli.operator."""
    from bot.cli import operator  # noqa: PLC0415

    return operator.operator()


def rotation(op: Operator) -> Rotation:
    """The change of keys, over everything that lies sealed."""
    from bot.sealed import INBOX  # noqa: PLC0415
    from core.at_rest import OF_CORE  # noqa: PLC0415
    from core.clock import utc_now  # noqa: PLC0415
    from core.rotation import Rotation  # noqa: PLC0415

    return Rotation(op.database, op.secrets, op.core.photos, (*OF_CORE, *INBOX), utc_now)


def findings() -> AsyncIterator[Finding]:
    """See bot.cli.checks."""
    from bot.cli import checks  # noqa: PLC0415

    return checks.findings()


def database() -> Database:
    """The database of the settings, as it is. Raises SettingsError or StorageError."""
    from core.settings import load_settings  # noqa: PLC0415
    from storage.database import Database  # noqa: PLC0415

    return Database(load_settings().storage.database_url)


async def back_up(target: Path) -> None:
    """See storage.backup."""
    from storage import backup  # noqa: PLC0415

    opened = database()
    try:
        await backup.back_up(opened, target)
    finally:
        await opened.dispose()


async def put_back(source: Path) -> None:
    """See storage.backup."""
    from storage import backup  # noqa: PLC0415

    opened = database()
    try:
        await backup.put_back(opened, source)
    finally:
        await opened.dispose()


async def preview_page() -> str:
    """See bot.preview."""
    from bot.preview.making import preview_page  # noqa: PLC0415

    return await preview_page()


async def import_accounts(
    path: Path, *, source: str, health_consent: bool, dry_run: bool, report: Path | None
) -> Result:
    """See bot.cli.importing.accounts."""
    from bot.cli.importing import accounts  # noqa: PLC0415

    return await accounts.import_accounts(
        path, source=source, health_consent=health_consent, dry_run=dry_run, report=report
    )


async def import_places(place: str, path: Path, *, dry_run: bool, report: Path | None) -> Result:
    """See bot.cli.importing.places. `place` is `hospital` or `department`."""
    from bot.cli.importing import places  # noqa: PLC0415
    from storage.reference import Place  # noqa: PLC0415

    return await places.import_places(Place(place), path, dry_run=dry_run, report=report)
