"""Our own OpenAPI page, and the core behind the server that is held to it."""

import contextlib
from pathlib import Path
from typing import Any

from api.app import create_app
from core.clock import utc_now
from core.core import Core
from core.keys import KEY_NAMES, KeyRing, new_key_text
from core.settings import Api, Clinic, Login, Passwords, Secrets, Settings, Storage
from storage.database import Database


def new_core(folder: Path) -> Core:
    """A core that slows nobody down: else most answers would be 429."""
    configured = Settings(
        clinic=Clinic(name="仁和诊所", contact="010-12345678", privacy_url="https://clinic.example/privacy"),
        passwords=Passwords(bcrypt_cost=4, reject_common=False),
        api=Api(rate_per_minute=0),
        login=Login(free_failures=100, free_failures_per_address=10_000),
        storage=Storage(photos_url=str(folder / "photos")),
    )
    return Core(configured, Secrets(**{name: KeyRing.parse(new_key_text()) for name in KEY_NAMES}))


def read_page() -> dict[str, Any]:
    """The OpenAPI page as the server gives it. Needs no server: tests are counted by it before there is one."""
    with contextlib.closing(new_core(Path("nowhere"))) as core:
        unopened = Database("sqlite+aiosqlite:///nowhere.db")
        return create_app(core, unopened, utc_now).openapi()
