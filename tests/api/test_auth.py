"""S0: logging in by e-mail, and one's own account (CONTRACT.md 2.1-2.6)."""

from tests.api.conftest import EMAIL, PASSWORD, Http, bearer

DOCTOR = {"username": "demo", "password": PASSWORD, "email": EMAIL, "sex": 0, "age": 24}
CREDENTIALS = {"email": EMAIL, "password": PASSWORD}


async def test_a_doctor_registers_and_logs_in(http: Http) -> None:
    answer = await http.client.post("/api/auth/register", json=DOCTOR)
    assert (answer.status_code, answer.json()) == (200, {"message": "注册成功"})
    answer = await http.client.post("/api/auth/login", json=CREDENTIALS)
    token = answer.json().pop("access_token")
    assert answer.json() == {"access_token": token, "token_type": "bearer", "expires_in": 3600}
    answer = await http.client.post("/api/auth/me", headers=bearer(token))
    assert answer.json() == {
        "id": 1,
        "created_at": "2026-03-01T04:00:00.250000Z",
        "updated_at": "2026-03-01T04:00:00.250000Z",
        "type": 0,
        "username": "demo",
        "sex": 0,
        "age": 24,
        "head_portrait": None,
        "clinic": None,
        "mobile": None,
        "email": EMAIL,
        "fixphonenumber": None,
        "certificat": None,
        "certificat_checked": None,
        "wechat": None,
        "intro": None,
        "school": None,
        "major": None,
    }
