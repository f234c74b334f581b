"""Markdown: the figures side by side, and what became of each goal."""

import os
import platform
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from statistics import median

import psutil

from load.abuse import FORMS
from load.processes import KINDS, WS
from load.workloads import IN_FLIGHT, SENDERS, WORKLOADS, Plan

# What the large table has of each workload: its column's title, the figures in a cell, and how they are written.
COLUMNS = {
    "1x50": ("1 x 50: d/s (us)", "{d/s:,.0f} ({us:.2f})"),
    "1x50-w1": ("the same, one each under way", "{d/s:,.0f} ({us:.2f})"),
    "1x500": ("1 x 500: d/s (us)", "{d/s:,.0f} ({us:.2f})"),
    "100x10": ("100 x 10: d/s (us)", "{d/s:,.0f} ({us:.2f})"),
    "one-sender": ("one sender: us", "{us:.1f}"),
    "latency": ("p50 / p99 ms at 20,000 d/s", "{p50 ms:.2f} / {p99 ms:.2f}"),
    "idle": ("KB per idle connection", "{KB:.1f}"),
}
DETAILS = {
    "beside-idle": ("{d/s, alone:,.0f}", "{d/s, beside:,.0f}", "{p99 ms, alone:.2f}", "{p99 ms, beside:.2f}"),
    "stalled": ("{d/s, all read:,.0f}", "{d/s, one stalls:,.0f}", "{p99 ms, all read:.2f}", "{p99 ms, one stalls:.2f}",
                "{MB grown, one stalls:.0f}"),
}  # fmt: skip
HEADS = {
    "beside-idle": "d/s alone | d/s beside | p99 ms alone | p99 ms beside",
    "stalled": "d/s of 49, all read | d/s of 49, one stalls | p99 ms, all read | p99 ms, one stalls | server grew, MB",
}
Medians = dict[str, dict[str, float | str]]  # by server, by figure


def medians(rounds: list[dict]) -> dict[str, float | str]:
    """Of each figure; of servers that failed in any round, why."""
    for figures in rounds:
        if "problem" in figures:
            return figures
    texts = {name: text for name, text in rounds[0].items() if isinstance(text, str)}
    return {name: median(figures.get(name, 0) for figures in rounds) for name in rounds[0] if name not in texts} | texts


def cell(figures: dict | None, form: str) -> str:
    if not figures:
        return ""
    if "problem" in figures:
        return "fails"
    mark = "*" if figures.get("generator-bound") else ""
    return form.format_map(figures).replace("inf", "-") + mark


def in_short(figures: dict) -> str:
    return ", ".join(
        f"{name} {value if isinstance(value, str) else round(value, 2)}" for name, value in figures.items()
    )


def table(heads: list[str], rows: list[list[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return (
        "\n".join("| " + " | ".join(line) + " |" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")
    )


def large(found: dict[str, Medians]) -> str:
    there = [name for name in COLUMNS if name in found]
    kinds = [kind for kind in KINDS if any(kind in found[name] for name in there)]
    rows = [[KINDS[kind].name, *(cell(found[name].get(kind), COLUMNS[name][1]) for name in there)] for kind in kinds]
    return table(["server", *(COLUMNS[name][0] for name in there)], rows) if rows else ""


def detail(name: str, by_kind: Medians) -> str:
    rows = [[KINDS[kind].name, *(cell(figures, form) for form in DETAILS[name])] for kind, figures in by_kind.items()]
    return f"{WORKLOADS[name].title}:\n\n" + table(["server", *HEADS[name].split(" | ")], rows)


@dataclass(frozen=True)
class Goal:
    """One of the relay's aims: what it is, the aim, and from the medians the figure and whether it is reached."""

    title: str
    aim: str
    figure: Callable[[dict[str, Medians]], float]
    form: str
    is_reached: Callable[[float], bool]


def over(workload: str, kind: str, figure: str = "d/s") -> Callable[[dict[str, Medians]], float]:
    return lambda found: found[workload]["ours"][figure] / found[workload][kind][figure]


def of_ours(workload: str, figure: str) -> Callable[[dict[str, Medians]], float]:
    return lambda found: found[workload]["ours"][figure]


def change(workload: str, figure: str, before: str, after: str) -> Callable[[dict[str, Medians]], float]:
    return lambda found: found[workload]["ours"][f"{figure}, {after}"] / found[workload]["ours"][f"{figure}, {before}"]


def abused(by_kind: Medians) -> str:
    """One abuser in its forms: p99 of the others, over alone, and what the abuser got done."""
    [figures] = by_kind.values()
    if "problem" in figures:
        return ""
    alone = figures["p99 ms, alone"]
    rows = [["none", f"{alone:.2f}", "1", "", ""]]
    for name, form in FORMS.items():
        p99, opened, sent = (figures[f"{what}, {name}"] for what in ("p99 ms", "opened", "MB"))
        rows.append([form.title, f"{p99:.2f}", f"{p99 / alone:.1f}", f"{opened:,.0f}", f"{sent:,.1f}"])
    heads = ["the abuser", "p99 ms of the others", "over alone", "its connections a second", "its MB a second"]
    return f"{WORKLOADS['abused'].title}, the relay's limits as they come:\n\n" + table(heads, rows)


def worst(found: dict[str, Medians]) -> float:
    """Of the abuser's forms: p99 of the others over alone."""
    figures = found["abused"]["ours"]
    return max(figures[f"p99 ms, {name}"] for name in FORMS) / figures["p99 ms, alone"]


def at_least(limit: float) -> Callable[[float], bool]:
    return lambda value: value >= limit


def at_most(limit: float) -> Callable[[float], bool]:
    return lambda value: value <= limit


GOALS = [
    Goal("1 x 50, d/s over Flask-SocketIO's", "10", over("1x50", "socketio"), "{:.1f}", at_least(10)),
    Goal("1 x 500, d/s over Flask-SocketIO's", "10", over("1x500", "socketio"), "{:.1f}", at_least(10)),
    Goal("100 x 10, d/s over Flask-SocketIO's", "5", over("100x10", "socketio"), "{:.1f}", at_least(5)),
    Goal("1 x 50, d/s over websockets'", "5", over("1x50", "websockets"), "{:.1f}", at_least(5)),
    Goal("one sender, nothing to batch: us per delivery", "10", of_ours("one-sender", "us"), "{:.1f}", at_most(10)),
    Goal("p99 at 20,000 d/s over websockets'", "1", over("latency", "websockets", "p99 ms"), "{:.2f}", at_most(1)),
    Goal("KB per idle connection", "30", of_ours("idle", "KB"), "{:.1f}", at_most(30)),
    Goal("a room of 20 beside 2,000 idle: d/s over alone", "0.95",
         change("beside-idle", "d/s", "alone", "beside"), "{:.2f}", at_least(0.95)),
    Goal("the same: p99 over alone", "1.1", change("beside-idle", "p99 ms", "alone", "beside"), "{:.2f}", at_most(1.1)),
    Goal("one of 50 stalls: the others' d/s over before", "0.95",
         change("stalled", "d/s", "all read", "one stalls"), "{:.2f}", at_least(0.95)),
    Goal("the same: p99 over before", "1.1",
         change("stalled", "p99 ms", "all read", "one stalls"), "{:.2f}", at_most(1.1)),
    Goal("a room of 20 beside one abuser, in its worst form: p99 over alone", "3", worst, "{:.1f}", at_most(3)),
    Goal("resume of 10,000 entries, ms", "500", of_ours("resume", "ms"), "{:.0f}", at_most(500)),
]  # fmt: skip


def goals(found: dict[str, Medians]) -> str:
    rows = []
    for goal in GOALS:
        try:
            value = goal.figure(found)
        except (KeyError, ZeroDivisionError):  # not measured, or the other one failed
            continue
        rows.append([goal.title, goal.aim, goal.form.format(value), "yes" if goal.is_reached(value) else "no"])
    return table(["goal", "aim", "measured", "reached"], rows) if rows else ""


def tls(found: dict[str, Medians]) -> str:
    rows = []
    for name, figure in (
        ("1x50", "d/s"),
        ("1x50", "us"),
        ("one-sender", "us"),
        ("latency", "p99 ms"),
        ("resume", "ms"),
    ):
        pair = found.get(name, {})
        if {"ours", "ours-tls"} <= pair.keys() and "problem" not in pair["ours"] | pair["ours-tls"]:
            ratio = pair["ours-tls"][figure] / pair["ours"][figure]
            rows.append([f"{WORKLOADS[name].title}: {figure}", f"{ratio:.2f}"])
    return "With TLS, over without:\n\n" + table(["figure", "ratio"], rows) if rows else ""


def machine() -> str:
    """The date, the machine's size, and what ran."""
    names = ("flask-socketio", "gevent", "gevent-websocket", "flask-sock", "gunicorn", "websockets")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    size = f"{os.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    return f"{date.today()}, {size}, Python {platform.python_version()}, {versions}, {WS.replace('@', ' ')}"


def remarks(rounds: dict[str, dict[str, list[dict]]], found: dict[str, Medians]) -> str:
    every = [(workload, kind, figures) for workload, by in found.items() for kind, figures in by.items()]
    lines = [
        f"- {KINDS[kind].name}, {WORKLOADS[workload].title}: {figures[word]}."
        for workload, kind, figures in every
        for word in ("problem", "why")
        if word in figures
    ]
    checked = [(kind, figures) for by in rounds.values() for kind, all_ in by.items() for figures in all_]
    disordered = dict.fromkeys(KINDS[kind].name for kind, figures in checked if figures.get("one order") == 0)
    lines += [f"- Members of a room saw different orders: {', '.join(disordered)}."] if disordered else []
    return "\n".join(lines)


def document(rounds: dict[str, dict[str, list[dict]]], plan: Plan, turns: int) -> str:
    """The whole of it from {workload: {server: [figures of each round]}}."""
    found = {name: {kind: medians(all_) for kind, all_ in by.items()} for name, by in rounds.items()}
    how = (
        f"{machine()}. Medians of {turns}, windows of {plan.seconds:g} s; d/s: deliveries per second; us: the server's "
        "CPU time per delivery, the steadiest figure. "
        f"At most {SENDERS} members of each room keep {IN_FLIGHT} messages under way each. "
        "*: the generator was the limit."
    )
    details = [detail(name, found[name]) for name in DETAILS if name in found]
    details += [abused(found["abused"])] if "abused" in found else []
    parts = [how, large(found), goals(found), *details, tls(found), remarks(rounds, found)]
    return "\n\n".join(part for part in parts if part)
