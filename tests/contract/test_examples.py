"""Every request and every answer that the three documents print, over real HTTP."""

import pytest

from tests.contract import s0, s1, s2
from tests.contract.facts import Answer, Operation, matches
from tests.contract.stage import DOCTOR_PHONE, OPERATIONS, PROTECTED, Stage, named, real_body

ANSWERS = [
    pytest.param(operation, answer, id=f"{operation} {answer.status}")
    for operation in OPERATIONS
    for answer in operation.answers
]
PLACEHOLDERS = [one for one in OPERATIONS if one.body is not None and "string" in one.body.values()]
UNAUTHENTICATED = {
    "S0": {"message": "Unauthenticated."},
    "S1": {"code": 401, "data": None, "msg": "Unauthenticated."},
    "S2": {"code": 401, "data": None, "msg": "Unauthenticated."},
}


@pytest.mark.parametrize(("operation", "answer"), ANSWERS)
async def test_an_example_is_answered_as_printed(stage: Stage, operation: Operation, answer: Answer) -> None:
    token = None if answer.status == 401 else await stage.ready_for(operation)
    if operation is s1.PROFILE:  # printed with every field told
        await stage.tell_all(str(token))
    given = await stage.send(operation, real_body(operation) or None, token)
    assert given.status_code == answer.status, given.text
    assert given.headers["content-type"] == "application/json"
    assert matches(answer.expected, given.json()), given.text


@pytest.mark.parametrize("operation", PROTECTED, ids=str)
async def test_what_is_printed_without_a_token_needs_one(stage: Stage, operation: Operation) -> None:
    given = await stage.send(operation, real_body(operation) or None)
    assert given.status_code == 401
    assert given.headers["www-authenticate"] == "Bearer"
    assert given.json() == UNAUTHENTICATED[operation.document]


@pytest.mark.parametrize("operation", PLACEHOLDERS, ids=str)
async def test_placeholders_sent_as_printed_are_named(stage: Stage, operation: Operation) -> None:
    """`"string"` is no phone, and too short for a new password; it is a name, and a password that is just wrong."""
    given = await stage.send(operation, operation.body)
    assert named(given) == ({"phone", "password"} if "register" in operation.path else {"phone"}), given.text


@pytest.mark.parametrize("email", ["me@example.comciw", "me@example.com"])
async def test_neither_printed_address_is_special(stage: Stage, email: str) -> None:
    """CONTRACT.md 3.8."""
    await stage.register(s0.REGISTER, email=email)
    others = {"me@example.comciw", "me@example.com"} - {email}
    for address, status in [(email, 200), *((other, 401) for other in others)]:
        given = await stage.send(s0.LOGIN, real_body(s0.LOGIN) | {"email": address})
        assert given.status_code == status


async def test_a_token_where_none_can_exist_yet_is_ignored(stage: Stage) -> None:
    """CONTRACT.md 3.3."""
    tokens = ["string", "not.a.token", await stage.patient()]
    for turn, token in enumerate(tokens):
        body = real_body(s2.REGISTER) | {"phone": f"1390000000{turn}"}
        assert (await stage.send(s2.REGISTER, body, token)).status_code == 200
        del body["name"]
        assert (await stage.send(s2.LOGIN, body, token)).status_code == 200


async def test_my_account_info_is_what_me_shows(stage: Stage) -> None:
    """S0 prints only the refusal of this one (CONTRACT.md 2.6)."""
    token = await stage.doctor_by_email()
    info = await stage.send(s0.DOCTOR_ME, token=token)
    assert info.json() == (await stage.send(s0.ME, token=token)).json()
    assert matches(s0.ME.answers[0].expected, info.json())


async def test_a_doctor_reads_what_they_wrote(stage: Stage) -> None:
    """S2 has no such operation; what it lets a doctor write comes back as it was printed (CONTRACT.md 2.18)."""
    token = await stage.ready_for(s2.MANAGE)
    await stage.send(s2.MANAGE, real_body(s2.MANAGE), token)
    given = await stage.client.get("/doctor", headers={"Authorization": f"Bearer {token}"})
    assert given.status_code == 200
    assert given.json()["code"] == 0
    assert given.json()["data"] == real_body(s2.MANAGE) | {"gender": "male"}


async def test_a_patient_reads_what_they_wrote(stage: Stage) -> None:
    token = await stage.patient()
    await stage.send(s1.MANAGE, real_body(s1.MANAGE), token)
    assert await stage.profile(token) == real_body(s1.MANAGE) | {"avatar_url": None}


async def test_the_same_profile_with_a_slash_behind_is_no_redirect(stage: Stage) -> None:
    """CONTRACT.md 2.13."""
    token = await stage.patient()
    given = await stage.client.get("/patient/", headers={"Authorization": f"Bearer {token}"})
    assert (given.status_code, given.json()["data"]) == (200, await stage.profile(token))


async def test_the_certificate_printed_as_json_is_refused(stage: Stage) -> None:
    """CONTRACT.md 3.9: multipart only, whatever the example shows."""
    token = await stage.doctor()
    given = await stage.send(s0.UPLOAD, s0.UPLOAD.body, token)
    assert named(given) == {"certificate"}, given.text
    assert (await stage.send(s0.CERTIFICATE, token=token)).json() is None


async def test_a_token_is_used_where_it_was_got(stage: Stage) -> None:
    """The whole way of S2: register, log in, write, log out, and the token is dead."""
    await stage.hospital()
    token = await stage.doctor(DOCTOR_PHONE)
    assert (await stage.send(s2.MANAGE, real_body(s2.MANAGE), token)).status_code == 200
    assert (await stage.send(s2.LOGOUT, token=token)).status_code == 200
    assert (await stage.send(s2.MANAGE, real_body(s2.MANAGE), token)).status_code == 401
