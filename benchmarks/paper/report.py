"""The tables of docs/scale.md."""

import math

from benchmarks.paper.figures import Measured, People, Telegram
from benchmarks.paper.model import HOUR, LOOKED_AT, Machines, most_served, parts

_SIZES = (Machines(2, 2), Machines(4, 2), Machines(8, 4), Machines(16, 4))
_GB = 1e9


def report(measured: Measured, people: People, telegram: Telegram, *, seconds: int = LOOKED_AT, seed: int = 1) -> str:
    """What breaks first, and what the busiest hour and the years ask for, as Markdown."""
    return "\n\n".join(
        (
            "### What breaks first",
            _first(measured, people, telegram, seconds, seed),
            "### At Telegram's limit",
            _at_the_limit(measured, people, telegram),
            "### What lies on disks",
            _disks(measured, people),
        )
    )


def _first(measured: Measured, people: People, telegram: Telegram, seconds: int, seed: int) -> str:
    lines = [
        "| cores of bots + of PostgreSQL | full first | visits a second | visits a day | of the accounts, daily |",
        "|---|---|---|---|---|",
    ]
    for machines in _SIZES:
        found = {part.name: most_served(part, seconds, seed) for part in parts(machines, measured, people, telegram)}
        name, most = min(found.items(), key=lambda item: item[1])
        daily = most * HOUR / people.peak_hour
        cells = (f"{machines.bots} + {machines.database}", name, f"{most:.1f}", f"{daily:,.0f}")
        lines.append(f"| {' | '.join(cells)} | {daily / people.accounts:.1%} |")
    return "\n".join(lines)


def _at_the_limit(measured: Measured, people: People, telegram: Telegram) -> str:
    visits = telegram.messages_a_second / (people.steps_a_visit * measured.calls_a_step + people.notices_a_visit)
    steps = visits * people.steps_a_visit
    rows = [
        ("steps a second", f"{steps:.0f}"),
        ("cores for steps", f"{steps * measured.step_seconds:.2f}"),
        ("logins a second, and cores that hash them", _pair(visits * people.logins_a_visit, measured.hashes_a_core)),
        ("photos a second, and cores that judge them", _pair(visits * people.photos_a_visit, measured.photos_a_core)),
        ("transactions a second, if none shared a commit", f"{steps * measured.transactions_a_step:,.0f}"),
        ("rows written a second", f"{steps * measured.rows_a_step:,.0f}"),
        ("cores of PostgreSQL", f"{steps * measured.transactions_a_step * measured.database_seconds:.2f}"),
        ("telling everybody something", f"{people.accounts / telegram.messages_a_second / HOUR:.1f} hours"),
        ("… without Telegram's paid limit", f"{people.accounts / 30 / HOUR / 24:.1f} days"),
    ]
    return _table("a second of the busiest hour", "needs", rows)


def _disks(measured: Measured, people: People) -> str:
    visits = people.accounts * people.visits_a_year
    photos = people.accounts * people.doctors * people.photos_kept
    taken = visits * people.photos_a_visit
    logins = visits * people.logins_a_visit
    rows = [
        ("accounts", f"{people.accounts * measured.account_bytes / _GB:,.0f} GB"),
        (
            f"logins, with their audit, of {people.audit_years:.0f} years",
            f"{logins * people.audit_years * measured.login_bytes / _GB:,.0f} GB",
        ),
        ("photos that are kept", f"{photos:,.0f}, {photos * people.photo_bytes / 1000 / _GB:,.2f} TB"),
        ("photos taken in a year", f"{taken:,.0f}, {taken * people.photo_bytes / 1000 / _GB:,.2f} TB"),
        ("… and read", f"{taken * people.looks_a_photo * people.photo_bytes / 1000 / _GB:,.2f} TB"),
        ("a dump of the tables at 100 MB a second", _minutes(people.accounts * measured.account_bytes / 1e8)),
        ("sealing all photos anew, at 20 a second", f"{photos / 20 / HOUR:,.0f} hours"),
    ]
    return _table("what", "how much", rows)


def _pair(a_second: float, a_core: float) -> str:
    return f"{a_second:.1f}, {a_second / a_core:.2f}"


def _minutes(seconds: float) -> str:
    return f"{math.ceil(seconds / 60)} minutes"


def _table(left: str, right: str, rows: list[tuple[str, str]]) -> str:
    return "\n".join((f"| {left} | {right} |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)))
