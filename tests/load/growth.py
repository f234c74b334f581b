"""How figures grow with members, rooms and the log's length: small multiples in one picture for README."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from os import cpu_count
from pathlib import Path

import matplotlib as mpl
import psutil
from matplotlib.ticker import FuncFormatter, NullFormatter, NullLocator

from load.client import Closed
from load.processes import Server
from load.traffic import Crowd, Wrong, one_by_one, paced, saturate
from load.workloads import IN_FLIGHT, PACED_RATE, PACED_SENDERS, SENDERS, Plan, fill, resume_once

mpl.use("Agg")
from matplotlib import pyplot

COLORS = {"ours": "#0b57d0", "socketio": "#b3590a", "websockets": "#54716a"}
NAMES = {"ours": "ours", "socketio": "Flask-SocketIO", "websockets": "websockets"}
MEMBERS, ROOMS, ENTRIES = (10, 30, 100, 300, 1_000), (1, 4, 15, 50, 200), (1_000, 10_000, 100_000)
KEPT = {"retention_messages": 10_000_000}  # or the log would not grow
Point = tuple[float, float, float]  # one of each row


def by_members(kind: str, members: int, plan: Plan) -> Point:
    return of_rooms(kind, 1, members, plan)


def by_rooms(kind: str, rooms: int, plan: Plan) -> Point:
    return of_rooms(kind, rooms, 10, plan)


def of_rooms(kind: str, rooms: int, members: int, plan: Plan) -> Point:
    with Server(kind) as server, Crowd(server, rooms, members) as crowd:
        quiet = one_by_one(crowd, plan.seconds)
        calm = paced(crowd, PACED_SENDERS, PACED_RATE, plan.seconds)
        full = saturate(crowd, min(members, SENDERS), IN_FLIGHT, plan.seconds)
        return full.rate, quiet.cost, calm.percentile(99)


def by_entries(kind: str, entries: int, plan: Plan) -> Point:
    with Server(kind, KEPT) as server, Crowd(server, 1, 1) as crowd:
        fill(crowd, entries)
        resumed = resume_once(server, crowd.rooms[0][0].room, entries)
        alone = one_by_one(crowd, plan.seconds)
        crowd.add_late(49)
        return saturate(crowd, SENDERS, IN_FLIGHT, plan.seconds).rate, alone.cost, resumed


@dataclass(frozen=True)
class Column:
    """What grows, over which values, for which servers; `titles` of its three panels."""

    grows: str
    values: tuple[int, ...]
    kinds: tuple[str, ...]
    measure: Callable[[str, int, Plan], Point]
    titles: tuple[str, str, str]


TITLES = (
    "deliveries per second at saturation",
    "server CPU, µs per delivery,\none message at a time",
    f"p99, ms, at {PACED_RATE:,} deliveries/s",
)
LOG_TITLES = (
    "deliveries per second, 50 members",
    "server CPU, µs per append,\nits one delivery included",
    "resume of the whole log, ms",
)
COLUMNS = (
    Column("members of one room", MEMBERS, tuple(COLORS), by_members, TITLES),
    Column("rooms of 10 members", ROOMS, tuple(COLORS), by_rooms, TITLES),
    Column("entries in the log", ENTRIES, ("ours",), by_entries, LOG_TITLES),
)


def measure(plan: Plan) -> list[dict[str, list[tuple[int, Point]]]]:
    """For each column, by server: the values, each with its figures. A server that fails at a value has a gap."""
    found = []
    for column in COLUMNS:
        found.append({kind: [] for kind in column.kinds})
        for value in column.values:
            for kind in column.kinds:
                try:
                    point = column.measure(kind, value, plan)
                except (Wrong, Closed, OSError) as problem:
                    print(f"{column.grows} {value:,} {kind}: {problem}", file=sys.stderr)
                    continue
                found[-1][kind].append((value, point))
                print(f"{column.grows} {value:,} {kind} " + " ".join(f"{each:,.2f}" for each in point), file=sys.stderr)
    return found


def plot(path: Path, plan: Plan) -> None:
    """Measures, and writes the picture."""
    draw(path, measure(plan))


def draw(path: Path, found: list[dict[str, list[tuple[int, Point]]]]) -> None:
    pyplot.rcParams |= {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
    figure, grid = pyplot.subplots(3, len(COLUMNS), figsize=(10.4, 8.4))
    figure.subplots_adjust(left=0.045, right=0.955, top=0.9, bottom=0.09, hspace=0.55, wspace=0.6)
    for column, by_kind, panels in zip(COLUMNS, found, grid.T, strict=True):
        panels[0].text(0, 1.24, f"{column.grows}, growing", transform=panels[0].transAxes, fontsize=11, weight="bold")
        for row, axes in enumerate(panels):
            points = {kind: [(value, point[row]) for value, point in all_] for kind, all_ in by_kind.items() if all_}
            panel(axes, column, points)
            axes.set_title(column.titles[row], loc="left", fontsize=9)
    for axes, other in grid[:, :2]:  # the same figure in two panels has the same axis
        limits = [*axes.get_ylim(), *other.get_ylim()]
        axes.set_ylim(min(limits), max(limits))
        other.set_ylim(min(limits), max(limits))
    for axes in grid.flat:
        name_lines(axes)
    size = f"{cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB"
    caption = (
        f"{date.today()}, {size}. Messages of 400 bytes, no TLS. Ours keeps its log on disk; the others keep none."
    )
    figure.text(0.01, 0.015, caption, fontsize=8.5, color="#555555")
    figure.savefig(path, dpi=110, facecolor="white")


def panel(axes, column: Column, points: dict[str, list[tuple[int, float]]]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for kind, line in points.items():
        width = 2.2 if kind == "ours" else 1.4
        axes.plot(*zip(*line, strict=True), color=COLORS[kind], linewidth=width, marker="o", markersize=3, label=kind)
    low, high = axes.get_ylim()
    if high < 100 * low:  # or noise would look like growth
        middle = (low * high) ** 0.5
        axes.set_ylim(middle / 10, middle * 10)
    axes.set_xticks(column.values, [short(value) for value in column.values])
    axes.xaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)


def name_lines(axes) -> None:
    """Each line's name at its end, in its colour; apart from each other, even if the lines end together."""
    low, high = axes.get_ylim()
    apart, previous = (high / low) ** 0.09, 0.0
    for line in sorted(axes.get_lines(), key=lambda line: line.get_ydata()[-1]):
        previous = max(line.get_ydata()[-1], previous * apart)
        axes.annotate(
            NAMES[line.get_label()],
            (line.get_xdata()[-1], previous),
            (7, 0),
            textcoords="offset points",
            va="center",
            color=line.get_color(),
            fontsize=8.5,
            annotation_clip=False,
        )


def short(value: float) -> str:
    for limit, unit in ((1_000_000, "M"), (1_000, "k")):
        if value >= limit:
            return f"{value / limit:g}{unit}"
    return f"{value:g}"
