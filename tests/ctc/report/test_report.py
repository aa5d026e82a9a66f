# SPDX-License-Identifier: BSD-3-Clause-Clear
"""One set of numbers in five forms, and every shape of results that a run can end in."""

from __future__ import annotations

import csv
import hashlib
import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from openpyxl import load_workbook

from refsw.ctc.bdrate import Curve, bd_rate
from refsw.ctc.report import choose, write_report, write_viewer
from refsw.ctc.report.numbers import numbers
from refsw.ctc.report.table import Column
from refsw.ctc.report.tables import tables
from refsw.ctc.results import ImageRecord, Point, Results
from refsw.errors import InputError, OutputError
from refsw.io import write_image
from refsw.types import Image
from tests.ctc.report.synthetic import CODECS, METRICS, results, with_failure

HOSTILE = "<script>alert(1)</script>\"'&|`=cmd()"


class Cells(HTMLParser):
    """Texts of the cells of each table, in order; what a page fetches; scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tables: list[list[list[str]]] = []
        self.fetched: list[str] = []
        self.tags: set[str] = set()
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.fetched += [value or "" for name, value in attrs if name in ("src", "xlink:href") and value]
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.inside = True

    def handle_endtag(self, tag: str) -> None:
        self.inside = self.inside and tag not in ("td", "th")

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.tables[-1][-1][-1] += data


class Kept:
    """Pictures of a run that keeps all of them in one folder, as noise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _file(self, name: str, seed: int) -> Path:
        path = self.folder / f"{name}.ppm"
        if not path.exists():
            samples = np.random.default_rng(seed).integers(0, 256, (96, 224, 3), dtype=np.uint8)
            write_image(path, Image(samples))
        return path

    def original(self, image: ImageRecord) -> Path | None:
        return self._file("source", 0)

    def decoded(self, point: Point) -> Path | None:
        return self._file(hashlib.sha256(point.codec.encode()).hexdigest()[:8], len(point.codec))


def page(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


def test_all_forms_hold_the_same_numbers(tmp_path: Path) -> None:
    run = with_failure(results(4))
    write_report(run, tmp_path)
    listed = {table.key: table for table in tables(numbers(run)) if table.rows}
    data = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    book = load_workbook(tmp_path / "report.xlsx")
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    shown = Cells(page(tmp_path)).tables
    for key, table in listed.items():
        assert data[key]["rows"] == [list(row) for row in table.rows]
        with (tmp_path / "csv" / f"{key}.csv").open(encoding="utf-8", newline="") as file:
            lines = list(csv.reader(file))
        assert lines[0] == [column.heading for column in table.columns]
        for row, line in zip(table.rows, lines[1:], strict=True):
            for value, text in zip(row, line, strict=True):
                same = text == "" if value is None else float(text) == value if not isinstance(value, str) else True
                assert same, (key, value, text)
        sheet = book[key]
        for row, cells in zip(table.rows, sheet.iter_rows(min_row=2, values_only=True), strict=True):
            for value, cell in zip(row, cells, strict=True):
                number = isinstance(value, int | float)  # a spreadsheet keeps 16 digits
                assert cell == pytest.approx(value, rel=1e-14) if number else (cell or "") == (value or "")
        rounded = [[c.text(v) for c, v in zip(table.columns, row, strict=True)] for row in table.rows]
        assert all(all(text.split("|")[0] in markdown for text in row) for row in rounded)
        if key not in ("points", "warnings"):
            assert rounded in [cells[1:] for cells in shown], key


def test_numbers_are_those_of_bdrate() -> None:
    """A codec that needs a fixed part of the anchor's bits has that BD-rate, on every picture and for the means."""
    found = numbers(results(5))
    psnr = next(scale for scale in found.scales if scale.name == "psnr_y")
    one = found.comparison("refsw base sop", psnr)
    assert one and one.average and one.mean.rate
    means = {c: [(p.bpp, p.values[found.scales.index(psnr)]) for p in found.means if p.codec == c]
             for c in ("jpeg 4:2:0", "refsw base sop")}  # fmt: skip
    curves = [Curve.from_points(name, means[name]) for name in ("jpeg 4:2:0", "refsw base sop")]
    assert one.mean.rate == bd_rate(curves[0], curves[1])
    assert one.mean.rate == pytest.approx(-30, abs=0.5)
    assert one.average == pytest.approx(np.mean([each.rate for _, each in one.images]))
    assert one.interval and one.interval[0] <= one.average <= one.interval[1]
    assert one.mean.gain == pytest.approx(-6 * np.log2(0.7), abs=0.1)
    overall = next(each for each in found.overall if each.codec == "refsw base sop")
    parts = [found.comparison("refsw base sop", s) for s in found.scales if s.name in ("msssim", "nlpd")]
    assert overall.average == pytest.approx(np.mean([part.average for part in parts if part and part.average]))


def test_lower_is_better() -> None:
    found = numbers(results(3))
    nlpd = next(scale for scale in found.scales if scale.name == "nlpd")
    one = found.comparison("refsw base bop", nlpd)
    assert one and one.mean.rate and one.mean.gain
    assert one.mean.rate < -30 and one.mean.gain < 0


def shapes() -> dict[str, Results]:
    run = results(3)
    only_anchor = replace(run, points=tuple(p for p in run.points if p.codec == run.anchor))
    no_anchor = replace(run, points=tuple(p for p in run.points if p.codec != run.anchor))
    flat = replace(run, points=tuple(replace(p, values=(1.0, 0.0, 50.0)) for p in run.points))
    poor = tuple(replace(p, values=(0.1, 9.0, p.values[2] - 60)) if p.codec == run.anchor else p for p in run.points)
    return {
        "plain": run,
        "one image": results(1),
        "failure": with_failure(run),
        "no points": replace(run, points=()),
        "anchor alone": only_anchor,
        "no anchor": no_anchor,
        "saturated metrics": flat,
        "no overlap": replace(run, points=poor),
        "no metrics": replace(run, metrics=(), points=tuple(replace(p, values=()) for p in run.points)),
        "no average": replace(run, metrics=tuple(replace(m, in_average=False) for m in METRICS)),
        "no timing": replace(run, points=tuple(replace(p, timing=()) for p in run.points)),
        "akima, whole overlap": replace(run, bd_method="akima", rate_range=None),
        "unicode": results(2, names=("Zürich 湖 🏔", "ночь")),
        "published codec": results(2, (*CODECS, replace(CODECS[0], name="VTM", kind="published"))),
    }


@pytest.mark.parametrize("shape", shapes())
def test_every_shape_renders(shape: str, tmp_path: Path) -> None:
    run = shapes()[shape]
    write_report(run, tmp_path, overlay=choose("vtm"))
    text = page(tmp_path)
    assert "nan" not in Cells(text).tables.__repr__().split() and "None" not in text
    assert all(image.name in text for image in run.images)
    load_workbook(tmp_path / "report.xlsx")


def test_problems_are_said(tmp_path: Path) -> None:
    made = shapes()
    assert any("no points" in line for line in numbers(made["no anchor"]).warnings)
    assert any("share no metric" in line for line in numbers(made["no overlap"]).warnings)
    assert any("increase" in line for line in numbers(made["saturated metrics"]).warnings)
    failed = numbers(made["failure"])
    assert any("signal 9" in line for line in failed.warnings)
    assert any("2 of 3 pictures" in line for line in failed.warnings)
    write_report(made["failure"], tmp_path)
    assert "signal 9" in page(tmp_path)


def test_hundred_images(tmp_path: Path) -> None:
    write_report(results(100), tmp_path)
    text = page(tmp_path)
    assert text.count("<figure>") >= 300
    assert len(text) < 6_000_000


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    codecs = tuple(replace(c, name=c.name + HOSTILE, settings=HOSTILE, version="\x00\x1b") for c in CODECS)
    run = replace(results(2, codecs, (HOSTILE, "=1+1")), name=HOSTILE, command=HOSTILE, environment=((HOSTILE,) * 2,))
    write_report(run, tmp_path / "report", pictures=Kept(tmp_path))
    parsed = Cells(page(tmp_path / "report"))
    assert "script" not in parsed.tags
    assert "<script>" not in (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    with (tmp_path / "report" / "csv" / "images.csv").open(encoding="utf-8", newline="") as file:
        assert [line[0][0] for line in csv.reader(file)][2] == "'"
    sheet = load_workbook(tmp_path / "report" / "report.xlsx")["images"]
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")
    write_viewer(run, tmp_path / "viewer", Kept(tmp_path))
    text = page(tmp_path / "viewer")
    assert "<script>alert" not in text and text.count("</script>") == 2


def test_nothing_is_fetched(tmp_path: Path) -> None:
    write_report(results(3), tmp_path / "report", pictures=Kept(tmp_path), overlay=choose("vtm"))
    text = page(tmp_path / "report")
    assert all(source.startswith("data:image/png;base64,") for source in Cells(text).fetched)
    assert len(Cells(text).fetched) == 2 * 4  # best and worst, each original and three codecs
    assert "http" not in text and "@import" not in text


def test_same_results_same_files(tmp_path: Path) -> None:
    digests = []
    for name in ("first", "second"):
        write_report(with_failure(results(3)), tmp_path / name, overlay=choose("vtm"))
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file() and path.suffix != ".xlsx")
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in files])
    assert digests[0] == digests[1] and len(digests[0]) > 10


def test_viewer(tmp_path: Path) -> None:
    write_viewer(results(2), tmp_path / "viewer", Kept(tmp_path), rates=(0.25, 4.0))
    text = page(tmp_path / "viewer")
    data = json.loads(text.partition('id="data">')[2].partition("</script>")[0])
    assert len(data["views"]) == 2 * (1 + 3 * 2)
    for view in data["views"]:
        assert (tmp_path / "viewer" / view["file"]).is_file()
        assert view["equal"] == (view["wanted"] != 4.0)
    assert len(list((tmp_path / "viewer" / "pictures").iterdir())) == 3  # equal samples are stored once
    assert "http" not in text


def test_viewer_without_pictures(tmp_path: Path) -> None:
    class Nothing:
        def original(self, image: ImageRecord) -> Path | None:
            return None

        def decoded(self, point: Point) -> Path | None:
            return None

    with pytest.raises(InputError, match="nothing to view"):
        write_viewer(results(1), tmp_path, Nothing())


def test_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be made"):
        write_report(results(1), tmp_path / "file" / "report")


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        (Column("", "%", 1, signed=True), -12.34, "\u221212.3"),
        (Column("", "%", 1, signed=True), 0.04, "0.0"),
        (Column("", "%", 1, signed=True), -0.04, "0.0"),
        (Column("", "%", 1, signed=True), 7.0, "+7.0"),
        (Column("", "", 0), 1234567, "1\u202f234\u202f567"),
        (Column("", "", 2), None, "–"),
        (Column(""), "text", "text"),
    ],
)
def test_text_of_a_value(column: Column, value: float | str | None, expected: str) -> None:
    assert column.text(value) == expected
