"""What all windows of all rounds say together."""

from collections.abc import Callable, Sequence
from itertools import chain
from statistics import mean, median
from typing import Any

from rich.table import Table

Windows = Sequence[dict[str, Any]]
_NAMES = {"ours": "this", "peer": "fastapi-users"}


def rows(rounds: Sequence[Windows]) -> list[dict[str, Any]]:
    """One row for each call of each server.

    Rates and latencies are taken over all its windows together. A ratio is the median of the ratios of two windows of
    one round and turn: how many times a call costs (by time, and by CPU, the database server's included) what it costs
    with the fewest accounts, how many times it is answered when fastapi-users answers it once, and how many times its
    CPU it takes.
    """
    every = [
        {**window, "round": number, "rate": _rate(window), "cpu": _cpu(window)}
        for number, windows in enumerate(rounds)
        for window in windows
        if "latencies" in window
    ]
    smallest = min(window["size"] for window in every)
    found: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for window in every:
        found.setdefault((window["database"], window["call"], window["kind"], window["size"]), []).append(window)
    result = []
    for (database, call, kind, size), own in found.items():
        latencies = sorted(chain.from_iterable(window["latencies"] for window in own))
        fewest, peers = found[database, call, kind, smallest], found.get((database, call, "peer", size), [])
        result.append(
            {
                "database": database,
                "call": call,
                "kind": kind,
                "size": size,
                "count": len(latencies),
                "rate": len(latencies) / sum(window["seconds"] for window in own),
                "p50_ms": latencies[len(latencies) // 2],
                "p99_ms": latencies[int(0.99 * len(latencies))],
                "cpu_us": 1e6 * sum(window["cpu_seconds"] for window in own) / len(latencies),
                "database_us": 1e6 * sum(window["database_seconds"] for window in own) / len(latencies),
                "time_over_fewest": _ratio(own, fewest, lambda ours, theirs: theirs["rate"] / ours["rate"]),
                "cpu_over_fewest": _ratio(own, fewest, lambda ours, theirs: ours["cpu"] / theirs["cpu"]),
                "rate_over_peer": _ratio(own, peers, lambda ours, theirs: ours["rate"] / theirs["rate"]),
                "cpu_over_peer": _ratio(own, peers, lambda ours, theirs: ours["cpu"] / theirs["cpu"]),
            }
        )
    return result


def raw_bcrypt(rounds: Sequence[Windows]) -> dict[str, float]:
    """Checks a second of the machine itself, on `one` thread and on `all` its cores, and one check's `cpu_us`."""
    found = [window for window in chain.from_iterable(rounds) if window["call"] == "raw bcrypt"]
    return {what: mean(window[what] for window in found) for what in ("one", "all", "cpu_us")}


def table(rows: Sequence[dict[str, Any]], raw: dict[str, float]) -> Table:
    """What a person reads of it."""
    shown = Table(
        "",
        "accounts",
        "calls/s",
        "p50 / p99 ms",
        "CPU µs a call\n+ PostgreSQL's",
        "cost over fewest\nby time / by CPU",
        "over fastapi-users\ncalls/s / CPU",
        "share of raw bcrypt\nby time / by CPU",
    )
    for row in rows:
        compared = row["kind"] == "ours" and row["rate_over_peer"]
        login = row["call"] == "login" and row["kind"] == "ours"
        shown.add_row(
            f"{row['database']}, {row['call']}, {_NAMES[row['kind']]}",
            f"{row['size']:,}",
            f"{row['rate']:,.1f}" if row["rate"] < 100 else f"{row['rate']:,.0f}",
            f"{row['p50_ms']:,.0f} / {row['p99_ms']:,.0f}",
            f"{row['cpu_us']:,.0f} + {row['database_us']:,.0f}",
            f"{row['time_over_fewest']:.2f} / {row['cpu_over_fewest']:.2f}",
            f"{row['rate_over_peer']:.2f} / {row['cpu_over_peer']:.2f}" if compared else "",
            f"{row['rate'] / raw['all']:.2f} / {raw['cpu_us'] / row['cpu_us']:.2f}" if login else "",
        )
    return shown


def _ratio(own: Windows, others: Windows, ratio: Callable[[dict[str, Any], dict[str, Any]], float]) -> float | None:
    """The median over the windows that have a partner in the same round and turn."""
    partners = {(window["round"], window["turn"]): window for window in others}
    found = [ratio(window, partners[key]) for window in own if (key := (window["round"], window["turn"])) in partners]
    return median(found) if found else None


def _rate(window: dict[str, Any]) -> float:
    return float(len(window["latencies"]) / window["seconds"])


def _cpu(window: dict[str, Any]) -> float:
    return float((window["cpu_seconds"] + window["database_seconds"]) / len(window["latencies"]))
