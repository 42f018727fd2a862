"""What was measured, each with its place, and what is assumed about people, each with its reason."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Measured:
    """On two shared virtual cores (docs/performance.md); others have other figures, and `cores` of them."""

    step_seconds: float = 0.001541  # CPU of a step, this bot on PostgreSQL, flat out, on the slower machine (Aims)
    calls_a_step: float = 2.0  # to Telegram (One run)
    database_seconds: float = 0.000536  # PostgreSQL's CPU for a transaction of four statements (HTTP, me)
    transactions_a_step: float = 2.0  # committed; shown, if no next one comes that notes it along (architecture.md)
    rows_a_step: float = 4.0  # written: the update, twice, and the chat, twice (docs/architecture.md)
    hashes_a_core: float = 7.75 / 2  # a second, bcrypt cost 12 on both cores (HTTP, One run)
    photos_a_core: float = 5.0 / 2  # a second, 12 megapixels of 5.5 MB on both cores (Neighbours)
    account_bytes: float = 4_276.0  # rows and indexes on PostgreSQL (python -m benchmarks.paper.sizes)
    login_bytes: float = 870.0  # the same; its session and its entry in the audit


@dataclass(frozen=True, slots=True)
class Telegram:
    """What Telegram lets one bot do."""

    messages_a_second: float = 1000.0  # paid broadcasts; 30 without


@dataclass(frozen=True, slots=True)
class People:
    """Assumed: nobody has measured a clinic of that size."""

    accounts: int = 10_000_000
    steps_a_visit: float = 8.0  # a dialog of five questions, its beginning, its end and a look at the menu
    notices_a_visit: float = 0.2
    logins_a_visit: float = 0.1  # a login lasts for 14 days
    photos_a_visit: float = 0.01  # doctors' certificates, seldom, and avatars
    peak_hour: float = 0.12  # of the day's visits: a working day has about ten such hours
    visits_a_year: float = 6.0  # of an account
    doctors: float = 0.02  # of the accounts
    photos_kept: float = 2.0  # of a doctor; certificates go 180 days after the decision, avatars stay
    photo_bytes: float = 600_000.0  # as Telegram sends them on: recompressed, not as the camera made them
    looks_a_photo: float = 3.0  # by reviewers and owners
    audit_years: float = 6.0  # entries are never deleted; so long the table is reckoned
