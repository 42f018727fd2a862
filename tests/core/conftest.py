"""People and accounts for stories about the core."""

from collections.abc import Awaitable, Callable

import pytest

from core.account import Account
from core.core import Core
from core.settings import Review, Settings
from core.values import Password, PersonName, Phone, Role
from tests.conftest import Desk, SetClock
from tests.core.review_people import Clinic

PASSWORD = "correct horse battery"
PHONE = Phone("13812345678")

MakeAccount = Callable[..., Awaitable[Account]]


@pytest.fixture
def make_account(core: Core, desk: Desk) -> MakeAccount:
    """Registers a patient, or another role; `telegram_user_id` is who registers."""

    async def make(
        phone: Phone = PHONE,
        *,
        role: Role = Role.PATIENT,
        telegram_user_id: int | None = None,
        phone_verified: bool = False,
        name: str = "王小明",
    ) -> Account:
        hashed = await core.passwords.hash(Password.parse(PASSWORD))
        async with desk.write() as uow:
            if role is Role.ADMIN:
                return await core.accounts.create_admin(
                    uow, phone=phone, name=PersonName.parse(name), password_hash=hashed
                )
            return await core.accounts.register_by_phone(
                uow,
                role=role,
                phone=phone,
                phone_verified=phone_verified,
                name=PersonName.parse(name),
                password_hash=hashed,
                telegram_user_id=telegram_user_id,
            )

    return make


@pytest.fixture
def clinic(core: Core, desk: Desk, make_account: MakeAccount, clock: SetClock) -> Clinic:
    """Doctors and admins, for stories about the review."""
    return Clinic(core, desk, make_account, clock)


@pytest.fixture
def four_eyes(settings: Settings) -> None:
    """Settings are read when the core is put together: ask for this before `clinic`."""
    object.__setattr__(settings, "review", Review(four_eyes=True))
