#!/usr/bin/env python3
"""Tables and plots of what was measured: writes them between the markers of docs/speed.md, and docs/*.svg.

    benches/measure/report.py [--results target/measured]

It needs nothing but Python. What was not measured keeps the table and the plot that stand there.
"""

import argparse
import html
import json
import math
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
DOCS = ROOT / "docs"
PAGE = DOCS / "speed.md"

NAMES = {
    "bronzegate": "bronzegate",
    "go": "Go custom handler",
    "node": "Node custom handler",
    "python-jsonschema-rs": "Python custom handler, jsonschema-rs",
    "python-fastjsonschema": "Python custom handler, fastjsonschema",
    "functions-jsonschema-rs": "Python Functions runtime, jsonschema-rs",
    "functions-fastjsonschema": "Python Functions runtime, fastjsonschema",
    "bronzegate-kafka": "bronzegate, Kafka trigger",
    "bento": "Bento",
}
LEGEND = {"latency-folder": "a folder", "latency-azurite": "Azurite"}
COLORS = ("#9a3b12", "#1f6f8b", "#4b8b3b", "#7a5195", "#b58900", "#5c677d", "#c2456f", "#2d6a4f", "#888888")


def load(folder):
    found = (json.loads(file.read_text()) for file in sorted(folder.glob("*.json")))
    return {one["name"]: one for one in found}


def number(value, digits=0):
    return "–" if value is None else f"{value:,.{digits}f}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])


def measured(runs):
    """When and on what."""
    machine = next(iter(runs.values()))["machine"]
    seconds = min(one["machine"]["seconds_since_1970"] for one in runs.values())
    day = time.strftime("%Y-%m-%d", time.gmtime(seconds))
    loads = [float(one["machine"]["load"]) for one in runs.values()]
    return (
        f"{day}, {machine['cores']} cores ({machine['model']}), Linux {machine['kernel']}; "
        f"the machine's load after each run was {min(loads):.1f} to {max(loads):.1f}."
    )


def peers_table(runs, first="bronzegate"):
    ours = runs.get(first)
    rows = []
    for name in NAMES:
        if name not in runs:
            continue
        run = runs[name]
        ratio = "" if ours is None else (
            f"{run['cpu_seconds_a_million'] / ours['cpu_seconds_a_million']:.1f}x"
        )
        rows.append(
            [
                f"**{NAMES[name]}**" if name == first else NAMES[name],
                number(run["cpu_seconds_a_million"], 1),
                ratio,
                number(run["events_a_second"]),
                number(run["p50_ms"]),
                number(run["p99_ms"]),
                number(run["p999_ms"]),
                number(run["peak_bytes"] / 1e6),
                number(run["start_ms"]),
                number(run["emulator_cpu_seconds"] / run["seconds"] * 100),
            ]
        )
    return table(
        [
            "who", "processor s a million events", "ratio", "events/s", "p50 ms", "p99 ms",
            "p99.9 ms", "memory MB", "start ms", "Azurite's core busy %",
        ],
        rows,
    )


def peers_text(runs):
    some = next(iter(runs.values()))
    verdicts = {(one["lake"]["accepted"], one["lake"]["rejected"]) for one in runs.values()}
    if len(verdicts) > 1:
        raise SystemExit(
            f"not the same job, accepted and rejected are {sorted(verdicts)}: measure all with the same --events"
        )
    ((accepted, rejected),) = verdicts
    versions = "\n".join(
        f"- {NAMES[name]}: {runs[name]['versions']}" for name in NAMES if name in runs
    )
    return (
        f"{some['events']:,} events of 175 bytes in {some['invocations']:,} requests of "
        f"{some['batch']:,}, {some['partitions']} partitions at once; all landed the same "
        f"{accepted:,} accepted and {rejected:,} rejected. {measured(runs)}\n\n"
        f"{peers_table(runs)}\n\n{versions}"
    )


def kafka_text(runs):
    versions = "\n".join(f"- {NAMES[name]}: {runs[name]['versions']}" for name in NAMES if name in runs)
    rows = [
        [
            NAMES[name],
            number(run["cpu_seconds_a_million"], 1),
            number(run["events_a_second"]),
            number(run["peak_bytes"] / 1e6),
            run.get("beside", ""),
        ]
        for name, run in ((name, runs[name]) for name in NAMES if name in runs)
    ]
    head = ["who", "processor s a million records", "records/s", "memory MB", "not counted"]
    return f"{measured(runs)}\n\n{table(head, rows)}\n\n{versions}"


def process_text(runs):
    cells = lambda store, delay=0: sorted(  # noqa: E731
        (
            one
            for name, one in runs.items()
            if one.get("store") == store and one["delay_ms"] == delay and "latency" not in name
        ),
        key=lambda one: one["partitions"],
    )
    rows = []
    for store, delay, title in (
        ("folder", 0, "folder"),
        ("azurite", 0, "Azurite"),
        ("slow", 100, "Azurite, 100 ms a call"),
        ("slow", 1000, "Azurite, 1 s a call"),
    ):
        for one in cells(store, delay):
            rows.append(
                [
                    title,
                    str(one["partitions"]),
                    number(one["events_a_second"]),
                    number(one["events_a_cpu_second"]),
                    number(one["p50_ms"]),
                    number(one["p99_ms"]),
                    number(one["max_ms"]),
                    number(one["peak_bytes"] / 1e6),
                    number(one["emulator_cpu_seconds"] / one["seconds"] * 100) if store != "folder" else "",
                ]
            )
    head = [
        "store", "partitions at once", "events/s", "events a second of its processor time", "p50 ms",
        "p99 ms", "longest ms", "memory MB", "Azurite's core busy %",
    ]
    parts = [measured(runs), table(head, rows)]
    latencies = [
        [
            {"folder": "folder", "azurite": "Azurite"}[one["store"]],
            number(one["invocations"]),
            *(number(one[key], 1) for key in ("p50_ms", "p99_ms", "p999_ms", "max_ms")),
        ]
        for name, one in runs.items()
        if "latency" in name
    ]
    if latencies:
        parts.append("Requests of 100 events, one after another:")
        head = ["store", "invocations", "p50 ms", "p99 ms", "p99.9 ms", "longest ms"]
        parts.append(table(head, latencies))
    if start := runs.get("start"):
        parts.append(
            f"Start to the first answer {start['start_ms']:.1f} ms (median of 20, least "
            f"{start['least_start_ms']:.1f}); {start['idle_bytes'] / 1e6:.1f} MB at rest; the program is "
            f"{start['binary_bytes'] / 1e6:.1f} MB."
        )
    return "\n\n".join(parts)


class Plot:
    """A drawing of fixed size, in the few shapes that these plots need."""

    WIDTH, HEIGHT = 760, 380

    def __init__(self, title):
        self.parts = []
        self.title = title
        self.text(20, 28, title, size=15, weight="bold")

    def text(self, x, y, what, size=11, anchor="start", weight="normal", turn=""):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'font-weight="{weight}"{turn}>{html.escape(what)}</text>'
        )

    def line(self, points, color, width=2.0):
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        self.parts.append(
            f'<polyline points="{path}" fill="none" stroke="{color}" stroke-width="{width}"/>'
        )

    def dot(self, x, y, color):
        self.parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{color}"/>')

    def bar(self, x, y, width, height, color):
        self.parts.append(
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{color}"/>'
        )

    def axes(self, left, top, right, bottom, across, up, x_title, y_title):
        """Marks are pairs of a place and its label."""
        for y, label in up:
            self.line([(left, y), (right, y)], "#dddddd", 1)
            self.text(left - 8, y + 4, label, anchor="end")
        for x, label in across:
            self.line([(x, bottom), (x, bottom + 5)], "#555555", 1)
            self.text(x, bottom + 18, label, anchor="middle")
        self.line([(left, bottom), (right, bottom)], "#555555", 1)
        self.text((left + right) / 2, bottom + 38, x_title, size=12, anchor="middle")
        middle = (top + bottom) / 2
        self.text(18, middle, y_title, 12, "middle", turn=f' transform="rotate(-90 18 {middle:.1f})"')

    def write(self, file):
        file.write_text(
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.WIDTH} {self.HEIGHT}" '
            f'font-family="sans-serif" role="img"><title>{html.escape(self.title)}</title>'
            f'<rect width="100%" height="100%" fill="#ffffff"/>\n'
            + "\n".join(self.parts)
            + "\n</svg>\n"
        )


def short(value):
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def decades(least, greatest):
    """Marks of a logarithmic axis: 1, 2 and 5 of each decade within."""
    marks = (base * 10.0**power for power in range(-2, 8) for base in (1, 2, 5))
    return [mark for mark in marks if least * 0.999 <= mark <= greatest * 1.001]


def throughput_plot(runs):
    lines = {}
    titles = {("folder", 0): "folder", ("azurite", 0): "Azurite", ("slow", 100): "100 ms a call", ("slow", 1000): "1 s a call"}
    for name, one in runs.items():
        if "store" in one and "latency" not in name:
            key = (one["store"], one["delay_ms"])
            lines.setdefault(key, []).append((one["partitions"], one["events_a_second"]))
    plot = Plot("Throughput by partitions at once")
    left, top, right, bottom = 80, 50, 600, 320
    values = [value for points in lines.values() for _, value in points]
    low, high = math.log10(min(values) * 0.8), math.log10(max(values) * 1.25)
    y = lambda value: bottom - (math.log10(value) - low) / (high - low) * (bottom - top)  # noqa: E731
    x = lambda count: left + 30 + math.log2(count) / 5 * (right - left - 60)  # noqa: E731
    plot.axes(
        left, top, right, bottom, [(x(count), str(count)) for count in (1, 4, 16, 32)],
        [(y(mark), short(mark)) for mark in decades(10**low, 10**high)], "partitions", "events/s",
    )
    for color, (key, title) in zip(COLORS, titles.items()):
        points = [(x(count), y(value)) for count, value in sorted(lines.get(key, []))]
        if points:
            plot.line(points, color)
            for point in points:
                plot.dot(*point, color)
            plot.text(points[-1][0] + 12, points[-1][1] + 4, title, size=12)
    plot.write(DOCS / "speed-partitions.svg")


def latency_plot(runs, file, title):
    """Quantiles on a scale that stretches the tail: 1 - q is logarithmic."""
    order = sorted(runs, key=lambda name: list(NAMES).index(name) if name in NAMES else 0)
    curves = {name: runs[name]["latency_curve"] for name in order}
    plot = Plot(title)
    left, top, right, bottom = 80, 50, 470, 320
    values = [value for curve in curves.values() for _, value in curve]
    low, high = math.log10(min(values) * 0.9), math.log10(max(values) * 1.1)
    y = lambda value: bottom - (math.log10(value) - low) / (high - low) * (bottom - top)  # noqa: E731
    end = 3.0  # the last thousandth
    x = lambda share: left + min(-math.log10(max(1 - share, 1e-9)), end) / end * (right - left)  # noqa: E731
    plot.axes(
        left, top, right, bottom,
        [(x(share), f"{share * 100:g}") for share in (0, 0.5, 0.9, 0.99, 0.999)],
        [(y(mark), short(mark)) for mark in decades(10**low, 10**high)], "% of the invocations", "ms",
    )
    for number, (name, curve) in enumerate(curves.items()):
        color = COLORS[number % len(COLORS)]
        few = 1 - 1 / runs[name]["invocations"]
        plot.line([(x(share), y(value)) for share, value in curve if share <= few], color)
        plot.bar(right + 14, top + 20 * number, 12, 12, color)
        plot.text(right + 32, top + 10 + 20 * number, LEGEND.get(name, NAMES.get(name, name)), size=11)
    plot.write(DOCS / file)


def peers_plot(runs):
    plot = Plot("Processor seconds for a million events: less is better")
    shown = [name for name in NAMES if name in runs]
    most = max(runs[name]["cpu_seconds_a_million"] for name in shown)
    for number, name in enumerate(shown):
        value = runs[name]["cpu_seconds_a_million"]
        y = 56 + 38 * number
        plot.text(262, y + 16, NAMES[name], size=12, anchor="end")
        plot.bar(272, y, max(2, value / most * 400), 24, COLORS[0] if number == 0 else "#9aa5b1")
        plot.text(280 + max(2, value / most * 400), y + 16, f"{value:.1f} s", size=12)
    plot.write(DOCS / "speed-peers.svg")


def pictures(*plots):
    """The plots, as the page shows them: each its words and its file."""
    return "".join(f"\n\n![{words}]({file})" for words, file in plots)


def put(page, name, text):
    """Replaces what stands between the markers of this name."""
    begin, end = f"<!-- {name}: by benches/measure/report.py -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    assert found and ended, f"{PAGE} has no markers of {name}"
    return f"{before}{begin}\n{text}\n{end}{after}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--results", type=Path, default=ROOT / "target/measured")
    results = parser.parse_args().results
    page = PAGE.read_text()
    if peers := load(results / "peers"):
        plots = pictures(
            ("Processor seconds for a million events", "speed-peers.svg"),
            ("Latency of an invocation, beside the peers", "speed-peers-latency.svg"),
        )
        page = put(page, "peers", peers_text(peers) + plots)
        peers_plot(peers)
        latency_plot(peers, "speed-peers-latency.svg", "Latency of an invocation, beside the peers")
    if kafka := load(results / "kafka"):
        page = put(page, "kafka", kafka_text(kafka))
    if process := load(results / "process"):
        plots = [("Throughput by partitions at once", "speed-partitions.svg")]
        small = {name: one for name, one in process.items() if "latency" in name}
        if small:
            plots.append(("Latency of an invocation of 100 events", "speed-latency.svg"))
        page = put(page, "process", process_text(process) + pictures(*plots))
        throughput_plot(process)
        if small:
            latency_plot(small, "speed-latency.svg", "Latency of an invocation of 100 events")
    PAGE.write_text(page)
    print(f"written: {PAGE.relative_to(ROOT)} and its plots")


if __name__ == "__main__":
    main()
