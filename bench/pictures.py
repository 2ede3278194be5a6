"""Draws `bench/results/*.json`: bars that lie, each with its figure, in light and in dark mode.

    .venv-bench/bin/python bench/pictures.py [FOLDER]

Whatever of the results is there is drawn into FOLDER, or else beside them, where nothing is kept: `make bench` must not
change what is. Of results for several sizes a picture shows the largest that has what it shows.

With pygal: pure Python with one dependency, kept up, and its colours stand in a style sheet, so that one file follows
the reader's light or dark mode. (matplotlib paints colours in, and brings numpy.) What it adds for a browser, scripts
that show tooltips, is taken out again.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pygal
from pygal.style import Style

RESULTS = Path(__file__).resolve().parent / "results"
DATABASES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
AIM_MS = 100
MOST_LABELS = 6
WIDTH, BAR, AROUND = 820, 22, 130
FONT = "system-ui, sans-serif"
COLOURS = ("#2f81c7", "#d98a1f", "#3f9a5f")
CSS = """
text { fill: #24292f !important }
.text-overlay text.value { text-anchor: start }
.axis .line, .axis .guide.line { stroke: #8c959f !important; stroke-opacity: .4 }
.reactive { fill-opacity: 1 !important; stroke-width: 0 !important }
@media (prefers-color-scheme: dark) { text { fill: #e6edf3 !important } }
"""
CSS_OF_AN_AIM = """
.axis text.major { font-weight: bold; fill: #c0392b !important }
.axis .major.guide.line { stroke: #c0392b !important; stroke-opacity: 1; stroke-width: 1.5 }
@media (prefers-color-scheme: dark) {
  .axis text.major { fill: #ff7b72 !important }
  .axis .major.guide.line { stroke: #ff7b72 !important }
}
"""

Row = dict[str, Any]


class Bars(NamedTuple):
    """A picture: for each name a bar of each series, or none; a bar is a value and what is written beside it."""

    file: str
    title: str
    names: Sequence[str]
    series: dict[str, Sequence[tuple[float, str] | None]]
    aim: float | None = None


def main(folder: Path) -> None:
    """Draw whatever there are results of."""
    folder.mkdir(parents=True, exist_ok=True)
    for bars in (*_imports(), *_quota(), *_documents(), *_due()):
        (folder / f"{bars.file}.svg").write_text(_drawn(bars), encoding="utf-8")
        print(folder / f"{bars.file}.svg")


def _imports() -> Iterator[Bars]:
    """The floor, the hub and the peers on the same orders, each beside the naive peer."""
    for database, name in DATABASES.items():
        found = _largest(f"import-{database}-*.json", "orders", "peers")
        if not found:
            continue
        rows: dict[tuple[str, str], Row] = {(row["name"], row["pass"]): row for row in found["peers"]}
        names = list(dict.fromkeys(row["name"] for row in found["peers"]))
        series: dict[str, list[tuple[float, str] | None]] = {}
        for what in ("new", "unchanged"):
            naive = rows["update_or_create", what]["work_per_second"]
            series[what] = [_speed(rows.get((one, what)), naive) for one in names]
        about = f"{name}, {found['peer_orders']:,} orders of {found['lines']} lines"
        title = f"{about}: orders/s (times update_or_create)"
        yield Bars(f"import-{database}", title, names, series)


def _speed(row: Row | None, naive: float) -> tuple[float, str] | None:
    if row is None:
        return None
    speed = row["work_per_second"]
    return speed, f"{speed:,} ({speed / naive:.1f} ×)"


def _quota() -> Iterator[Bars]:
    """How much of what Amazon allows was used."""
    for found in _read("quota.json"):
        names = [f"{_many(row['accounts'], 'account')}, {_many(row['workers'], 'worker')}" for row in found["rows"]]
        names = [f"{name}, {row['latency_ms']} ms" for name, row in zip(names, found["rows"], strict=True)]
        names = [f"{name}, {row['what']}" for name, row in zip(names, found["rows"], strict=True)]
        bars = [(100 * row["share"], f"{row['share']:.0%}, {row['refused']} refused") for row in found["rows"]]
        yield Bars("quota", "Share of Amazon's limit that downloads use, %", names, {"share": bars}, aim=95)


def _documents() -> Iterator[Bars]:
    """How long 95 of 100 answers take at most, beside the aim."""
    held = {name: _largest(f"documents-{database}-*.json", "documents") for database, name in DATABASES.items()}
    given = {name: {row["asked"]: row for row in found["results"]} for name, found in held.items() if found}
    if given:
        names = list(dict.fromkeys(asked for rows in given.values() for asked in rows))
        series = {name: [_p95(rows.get(asked)) for asked in names] for name, rows in given.items()}
        sizes = sorted({found["documents"] for found in held.values() if found})
        size = " and ".join(f"{one:,}" for one in sizes)
        yield Bars("documents", f"{size} documents: 95 of 100 answers within, ms", names, series, aim=AIM_MS)


def _p95(row: Row | None) -> tuple[float, str] | None:
    return (row["p95_ms"], f"{row['p95_ms']:.0f}") if row else None


def _due() -> Iterator[Bars]:
    """How late runs begin that are due at once."""
    rows = [row for found in _read("engine*.json") for row in found["results"] if row["name"].startswith("due")]
    rows.sort(key=lambda row: (row["procedures"], row["name"]))
    names = [
        f"{row['procedures']} {row['name'].replace('due', 'procedures')}, {row['workers']} workers" for row in rows
    ]
    series = {
        "floor, the last": [_seconds(row["floor_last_begun_s"]) for row in rows],
        "half of them": [_seconds(row["begun"]["half_s"]) for row in rows],
        "the last": [_seconds(row["begun"]["last_s"]) for row in rows],
    }
    if rows:
        yield Bars("due", "Due at once on PostgreSQL: begun after, seconds", names, series)


def _seconds(value: float) -> tuple[float, str]:
    return value, f"{value:g} s"


def _many(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _read(pattern: str) -> list[Row]:
    return [json.loads(file.read_text()) for file in RESULTS.glob(pattern)]


def _largest(pattern: str, size: str, *needed: str) -> Row | None:
    found = [one for one in _read(pattern) if all(one.get(name) for name in needed)]
    return max(found, key=lambda one: int(one[size]), default=None)


def _drawn(bars: Bars) -> str:
    """As SVG. pygal puts the first name at the bottom, we at the top."""
    most = max(bar[0] for given in bars.series.values() for bar in given if bar)
    chart = pygal.HorizontalBar(
        title=bars.title, width=WIDTH, height=AROUND + BAR * len(bars.series) * len(bars.names),
        range=(0, max(most, bars.aim or 0) * 1.3), print_values=True, print_values_position="top",
        show_legend=len(bars.series) > 1, legend_at_bottom=True, legend_at_bottom_columns=3,
        truncate_label=-1, truncate_legend=-1, js=(),
        css=["file://style.css", "file://graph.css", f"inline:{CSS}{CSS_OF_AN_AIM if bars.aim else ''}"],
        style=_style(),
    )  # fmt: skip
    chart.uuid = bars.file
    chart.x_labels = bars.names[::-1]
    chart.y_labels = _labels(most, bars.aim)
    if bars.aim:
        chart.y_labels_major = [bars.aim]
    for name, given in bars.series.items():
        chart.add(name, [bar and {"value": bar[0], "formatter": lambda _, said=bar[1]: said} for bar in given[::-1]])
    chart.add_xml_filter(_without_scripts)
    return str(chart.render(is_unicode=True))


def _labels(most: float, aim: float | None) -> list[float]:
    """Few round numbers, and the aim, with none so near that one is written over the other."""
    step = next(
        one for ten in (1, 10, 100, 1_000, 10_000) for one in (ten, 2 * ten, 5 * ten) if most / one < MOST_LABELS
    )
    round_ones = [step * number for number in range(MOST_LABELS + 1) if step * number < most + step]
    return sorted([aim, *(one for one in round_ones if abs(one - aim) > step / 2)]) if aim else round_ones


def _style() -> Style:
    sizes = {"title_font_size": 17, "label_font_size": 13, "major_label_font_size": 13}
    fonts = {f"{part}font_family": FONT for part in ("", "title_", "label_", "major_label_", "value_", "legend_")}
    clear = {"background": "transparent", "plot_background": "transparent"}
    return Style(**clear, **fonts, **sizes, value_font_size=12, legend_font_size=13, colors=COLOURS)


def _without_scripts(root: Any) -> Any:
    for parent in list(root.iter()):
        for child in list(parent):
            if not isinstance(child.tag, str) or child.tag in ("script", "desc"):
                parent.remove(child)
    return root


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else RESULTS)
