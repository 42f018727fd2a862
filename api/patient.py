"""S1: the patient's side (CONTRACT.md 2.9-2.13)."""

from datetime import date
from typing import Annotated, Final, Literal

from fastapi import APIRouter
from pydantic import BaseModel

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
from api.values import AddressText, AvatarText, BirthDateText, HistoryText, SexWord, shown_as
from core.permissions import Permission
from core.values import Role

router = APIRouter(prefix="/patient", tags=["S1: patients"], route_class=JsonRoute)

_PHONE: Final = "13812345678"
_NAME: Final = "张三"
_PASSWORD: Final = "12345678"  # noqa: S105 - an example
_PATIENT: Final = {
    "phone": _PHONE,
    "name": _NAME,
    "gender": "male",
    "address": "北京市朝阳区",
    "avatar_url": None,
    "birth_date": "1990-01-01",
    "medical_history": "无",
}


class PatientCredentials(PhoneCredentials):
    """A patient's phone and password."""

    model_config = shown_as({"phone": _PHONE, "password": _PASSWORD})


class PatientRegistration(PhoneRegistration):
    """A new patient."""

    model_config = shown_as({"phone": _PHONE, "password": _PASSWORD, "name": _NAME})


class PatientChanges(Changes):
    """What a patient may change of themselves."""

    model_config = shown_as({name: value for name, value in _PATIENT.items() if value is not None})

    gender: SexWord | None = None
    birth_date: BirthDateText | None = None
    address: AddressText | None = None
    medical_history: HistoryText | None = None
    avatar_url: AvatarText | None = None


class Patient(BaseModel):
    """A patient's own record. `phone` is null once somebody else has proved that it is theirs."""

    phone: str | None
    name: str
    gender: Literal["male", "female"] | None
    address: str | None
    avatar_url: str | None
    birth_date: date | None
    medical_history: str | None


@router.post(
    "/login", operation_id="patient_login", summary="Log in as a patient", responses=log_in_answers(Role.PATIENT, _NAME)
)
async def login(edge: AnEdge, source: ASource, body: PatientCredentials) -> Envelope[LoginData]:
    """A token for an hour; /api/auth/refresh makes a new one of it."""
    return await log_in_by_phone(edge, source, Role.PATIENT, body)


@router.post(
    "/register",
    operation_id="patient_register",
    summary="Register as a patient",
    responses=register_answers(),
)
async def register(edge: AnEdge, body: PatientRegistration) -> Envelope[None]:
    """Makes a patient's account; log in afterwards. One phone can own a patient and a doctor."""
    return await register_by_phone(edge, Role.PATIENT, body)


@router.post(
    "/logout",
    operation_id="patient_logout",
    summary="Log out",
    responses=done_answers(texts.LOGGED_OUT, 401, 403),
)
async def logout(call: Annotated[Call, writing(Permission.SEE_OWN_PATIENT)]) -> Envelope[None]:
    """The token is dead at once; other logins of the account go on."""
    return await log_out(call)


@router.patch(
    "/patient_manage",
    operation_id="patient_manage",
    summary="Change one's own record",
    responses=done_answers(texts.CHANGED, 401, 403, codes={409: "phone.taken", 422: "birth_date.no_such_day"}),
)
async def patient_manage(
    call: Annotated[Call, writing(Permission.CHANGE_OWN_PATIENT)], body: PatientChanges
) -> Envelope[None]:
    """A key that is not sent changes nothing, null erases. `phone` must be the account's own."""
    return await change(call, Role.PATIENT, body)


@router.get(
    "",
    operation_id="patient",
    summary="One's own record",
    responses={**success({"code": 0, "data": _PATIENT, "msg": texts.FOUND}), **envelope(401, 403)},
)
@router.get("/", include_in_schema=False)
async def patient(call: Annotated[Call, reading(Permission.SEE_OWN_PATIENT)]) -> Envelope[Patient]:
    """The patient who is asking, and nobody else."""
    account = await call.core.accounts.me(call.uow, call.signed)
    profile, history = await call.core.profiles.own_with_history(call.uow, call.signed)
    data = Patient(
        phone=account.phone,
        name=account.name,
        gender=GENDERS[account.sex],
        address=profile.address,
        avatar_url=profile.avatar_url,
        birth_date=account.birth_date,
        medical_history=history,
    )
    return Envelope(data=data, msg=texts.FOUND)
