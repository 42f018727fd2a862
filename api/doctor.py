"""S2: the doctor's side (CONTRACT.md 2.14-2.18)."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api import texts
from api.answers import Envelope, envelope, success
from api.by_phone import (
    GENDERS,
    Changes,
    LoginData,
    PhoneCredentials,
    PhoneRegistration,
    change,
    done_answers,
    log_in_answers,
    log_in_by_phone,
    log_out,
    register_answers,
    register_by_phone,
)
from api.edge import AnEdge, Call, reading, writing
from api.json_body import JsonRoute
from api.login import ASource
from api.values import (
    AvatarText,
    BirthDateText,
    InternalIdText,
    PlaceNumber,
    RankWord,
    SexWord,
    SpecialityText,
    shown_as,
)
from core.permissions import Permission
from core.values import Role

router = APIRouter(prefix="/doctor", tags=["S2: doctors"], route_class=JsonRoute)

_PHONE: Final = "13912345678"
_NAME: Final = "王某某"
_PASSWORD: Final = "12345678"  # noqa: S105 - an example
_DOCTOR: Final = {
    "phone": _PHONE,
    "name": _NAME,
    "gender": "male",
    "birth_date": "1980-05-15",
    "hospital_id": 3,
    "internal_id": "DOC2023001",
    "department_id": 1,
    "position_rank": "主任医师",
    "speciality": "冠心病介入治疗",
    "avatar_url": "https://example.com/avatars/doc001.jpg",
}


class DoctorCredentials(PhoneCredentials):
    """A doctor's phone and password."""

    model_config = shown_as({"phone": _PHONE, "password": _PASSWORD})


class DoctorRegistration(PhoneRegistration):
    """A new doctor."""

    model_config = shown_as({"phone": _PHONE, "password": _PASSWORD, "name": _NAME})


def _show_changes(schema: dict[str, Any]) -> None:
    """Shows the alias, which Pydantic leaves out, and that it stands for `speciality`, not beside it."""
    fields = schema["properties"]
    fields["specialty"] = {**fields["speciality"], "title": "Specialty", "deprecated": True}
    schema["not"] = {"required": ["speciality", "specialty"]}
    schema["examples"] = [{**_DOCTOR, "gender": "男"}]


class DoctorChanges(Changes):
    """What a doctor may change of themselves here."""

    model_config = ConfigDict(json_schema_extra=_show_changes)

    gender: SexWord | None = None
    birth_date: BirthDateText | None = None
    hospital_id: PlaceNumber | None = None
    internal_id: InternalIdText | None = None
    department_id: PlaceNumber | None = None
    position_rank: RankWord | None = None
    speciality: SpecialityText | None = Field(
        None, validation_alias=AliasChoices("speciality", "specialty"), description="`specialty` is taken, too."
    )
    avatar_url: AvatarText | None = None


class Doctor(BaseModel):
    """A doctor's own record. `phone` is null for an account made by e-mail."""

    phone: str | None
    name: str
    gender: Literal["male", "female"] | None
    birth_date: date | None
    hospital_id: int | None
    internal_id: str | None
    department_id: int | None
    position_rank: str | None
    speciality: str | None
    avatar_url: str | None


@router.post(
    "/login", operation_id="doctor_login", summary="Log in as a doctor", responses=log_in_answers(Role.DOCTOR, _NAME)
)
async def login(edge: AnEdge, source: ASource, body: DoctorCredentials) -> Envelope[LoginData]:
    """A token for an hour; /api/auth/refresh makes a new one of it."""
    return await log_in_by_phone(edge, source, Role.DOCTOR, body)


@router.post(
    "/logout",
    operation_id="doctor_logout",
    summary="Log out",
    responses=done_answers(texts.LOGGED_OUT, 401, 403),
)
async def logout(call: Annotated[Call, writing(Permission.SEE_OWN_DOCTOR)]) -> Envelope[None]:
    """The token is dead at once; other logins of the account go on."""
    return await log_out(call)


@router.post(
    "/register",
    operation_id="doctor_register",
    summary="Register as a doctor",
    responses=register_answers(),
)
async def register(edge: AnEdge, body: DoctorRegistration) -> Envelope[None]:
    """Makes a doctor's account; log in afterwards. One phone can own a doctor and a patient."""
    return await register_by_phone(edge, Role.DOCTOR, body)


@router.patch(
    "/doctor_manage",
    operation_id="doctor_manage",
    summary="Change one's own record",
    responses=done_answers(
        texts.CHANGED,
        401,
        403,
        codes={404: "hospital.unknown", 409: "internal_id.taken", 422: "birth_date.no_such_day"},
    ),
)
async def doctor_manage(
    call: Annotated[Call, writing(Permission.CHANGE_OWN_DOCTOR)], body: DoctorChanges
) -> Envelope[None]:
    """A key that is not sent changes nothing, null erases. `phone` must be the account's own."""
    return await change(call, Role.DOCTOR, body)


@router.get(
    "",
    operation_id="doctor",
    summary="One's own record",
    responses={**success({"code": 0, "data": _DOCTOR, "msg": texts.FOUND}), **envelope(401, 403)},
)
@router.get("/", include_in_schema=False)
async def doctor(call: Annotated[Call, reading(Permission.SEE_OWN_DOCTOR)]) -> Envelope[Doctor]:
    """The doctor who is asking, and nobody else. An addition: S2 lets a doctor write what it lets nobody read."""
    account = await call.core.accounts.me(call.uow, call.signed)
    profile = await call.core.profiles.own(call.uow, call.signed)
    data = Doctor(
        phone=account.phone,
        name=account.name,
        gender=GENDERS[account.sex],
        birth_date=account.birth_date,
        hospital_id=profile.hospital_id,
        internal_id=profile.internal_id,
        department_id=profile.department_id,
        position_rank=profile.position_rank.label if profile.position_rank else None,
        speciality=profile.speciality,
        avatar_url=profile.avatar_url,
    )
    return Envelope(data=data, msg=texts.FOUND)
