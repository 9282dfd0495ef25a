"""What the benches draw of their tables."""

import xml.etree.ElementTree as ET
from pathlib import Path

from bench import plots, results
from bench.plots import CHARTS, OURS, number, svg

SVG = "{http://www.w3.org/2000/svg}"
MEASURED = {
    "ended": "2026-06-02T09:00:00+00:00",
    "headings": ["load", "system", "appointments/s"],
    "rows": [
        ["first load", "another & co", "2,000"],
        ["first load", OURS, "4,000"],
        ["unchanged reload", OURS, "8,000"],
    ],
}


def test_every_row_is_a_bar_as_long_as_its_value() -> None:
    drawn = ET.fromstring(svg(CHARTS["pipes"], MEASURED))  # noqa: S314 - our own

    bars = [float(bar.attrib["width"]) for bar in drawn.iter(f"{SVG}rect")]

    assert bars == [plots.BARS / 4, plots.BARS / 2, plots.BARS]


def test_groups_names_and_values_are_written_out() -> None:
    drawn = ET.fromstring(svg(CHARTS["pipes"], MEASURED))  # noqa: S314 - our own

    words = [text.text for text in drawn.iter(f"{SVG}text")]

    assert {"first load", "unchanged reload", "another & co", OURS, "8,000"} <= set(words)


def test_a_group_says_of_what_its_numbers_are() -> None:
    rows = [["1", "unchanged", "10", "9"], ["4", "first load", "10", "8"]]
    measured = {**MEASURED, "headings": ["workers", "load", "connections", "rows/s"], "rows": rows}

    drawn = ET.fromstring(svg(CHARTS["scaling"], measured))  # noqa: S314 - our own

    words = [text.text for text in drawn.iter(f"{SVG}text")]
    assert {"1 worker, unchanged", "4 workers, first load"} <= set(words)


def test_ours_stands_out_and_the_dark_is_thought_of() -> None:
    text = svg(CHARTS["pipes"], MEASURED)

    assert text.count('rect class="ours"') == 2
    light, dark = text.split("prefers-color-scheme: dark")
    assert (":root { background" in light, ":root { background" in dark) == (True, True)


def test_a_cell_is_read_without_its_commas_and_signs() -> None:
    assert [number("12,345"), number("97%"), number("0.5")] == [12_345, 97, 0.5]


def test_a_table_that_is_kept_leaves_those_of_other_benches(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    results.keep(path, "pipes", headings=["system"], rows=[["ours"]])

    results.keep(path, "clocks", headings=["clock"], rows=[["ours"], ["another"]])

    assert results.read(path)["pipes"]["rows"] == [["ours"]]
    assert results.read(path)["clocks"]["rows"] == [["ours"], ["another"]]


def test_a_table_is_told_in_markdown() -> None:
    table = results.markdown(["clock", "used %"], [["ours", "98%"]])

    assert table == "| clock | used % |\n| --- | --- |\n| ours | 98% |\n"
