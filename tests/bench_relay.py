"""The relay beside what people would pick instead, by turns in one run, server and generator each on a core. By hand:

    python -m tests.bench_relay [--only NAME,...] [--servers NAME,...] [--seconds S] [--rounds N] [--quick]
    python -m tests.bench_relay --growth FILE.png

Prints Markdown tables of medians and what became of the goals. It needs tests/requirements.txt; node's ws is fetched
with npm, if that is there, into the user's cache folder.
"""

import argparse
import gc
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

import server as relay  # noqa: E402 - after the paths
from load import report  # noqa: E402
from load.check import check  # noqa: E402
from load.client import Closed  # noqa: E402
from load.processes import CORES, KINDS, Server, install_ws, pinned_to  # noqa: E402
from load.traffic import Wrong  # noqa: E402
from load.workloads import QUICK, WORKLOADS, Plan  # noqa: E402


def measure(workload: str, kind: str, plan: Plan) -> dict:
    """Figures by their names, or why there are none."""
    with Server(kind, WORKLOADS[workload].options) as server:
        try:
            one_order = check(server)
            return WORKLOADS[workload].run(server, plan) | {"one order": float(one_order)}
        except (Wrong, Closed, OSError) as problem:
            return {"problem": str(problem) or type(problem).__name__}


def measure_all(workloads: list[str], kinds: list[str], plan: Plan, rounds: int) -> dict:
    """{workload: {kind: [figures, ...]}}, the servers by turns, so that all meet the same machine."""
    found: dict = {}
    for turn in range(rounds):
        for workload in workloads:
            for kind in kinds:
                is_once = WORKLOADS[workload].is_once or kind.endswith("-deflate")  # these are a multiple slower
                if kind in WORKLOADS[workload].kinds and not (turn and is_once):
                    figures = measure(workload, kind, plan)
                    found.setdefault(workload, {}).setdefault(kind, []).append(figures)
                    print(f"{turn + 1}/{rounds} {workload} {kind} {report.in_short(figures)}", file=sys.stderr)
    return found


def names(known) -> callable:
    """An argparse type: some of these names, separated by commas."""

    def some(text: str) -> list[str]:
        if strange := set(text.split(",")) - set(known):
            raise argparse.ArgumentTypeError(f"{', '.join(strange)}: not one of {', '.join(known)}")
        return text.split(",")

    return some


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", type=names(WORKLOADS), default=list(WORKLOADS), metavar="NAME,...")
    parser.add_argument("--servers", type=names(KINDS), default=list(KINDS), metavar="NAME,...")
    parser.add_argument("--seconds", type=float, default=3, help="of each measured window")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one round of short windows: does it work at all?")
    parser.add_argument("--growth", type=Path, metavar="FILE.png", help="instead: the plot of how figures grow")
    options = parser.parse_args()
    plan, rounds = (QUICK, 1) if options.quick else (Plan(options.seconds), options.rounds)
    relay.open_files()  # raises the limit of this process, and so of the servers
    kinds = [kind for kind in options.servers if kind != "node" or install_ws()]
    gc.disable()  # a pause of the generator would look like one of the server
    with pinned_to(CORES[0]):
        if options.growth:
            from load import growth

            growth.plot(options.growth, plan)
        else:
            print(report.document(measure_all(options.only, kinds, plan, rounds), plan, rounds))


if __name__ == "__main__":
    main()
