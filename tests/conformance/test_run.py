# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Runs with a decoder that plays golden values back, right and wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from conformance.runner import markdown, page
from conformance.runner.adapter import Adapter
from conformance.runner.claim import Claim, outside
from conformance.runner.cli import main
from conformance.runner.execute import Options, execute
from conformance.runner.judge import Verdict
from conformance.runner.process import Limits, run
from conformance.runner.report import Run, changes, conclusion, report_of
from conformance.runner.suite import Suite
from tests.conformance.conftest import ROOT, replay

LIMITS = Limits(20, 2048, 16)


def statuses(verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    return {verdict.vector: verdict.status for verdict in verdicts}


def test_a_right_decoder_passes(few: Suite, exact: Claim) -> None:
    verdicts = execute(few, few.vectors, exact, replay(), Options(jobs=2))
    assert set(statuses(verdicts).values()) == {"PASS"}
    assert conclusion(verdicts, False)[0] and not conclusion(verdicts, True)[0]


@pytest.mark.parametrize(
    ("mutant", "vector", "status"),
    [
        ("planes-swapped-chroma", "size-17x33", "FAIL"),
        ("big-endian", "depth-10", "FAIL"),
        ("file-long", "chroma-420", "BAD-RESULT"),
        ("alpha-opaque", "alpha-8", "FAIL"),
        ("accepts-everything", "cut-50", "ACCEPTED-WRONGLY"),
        ("accepts-other-weights", "other-weights", "ACCEPTED-WRONGLY"),
        ("unsupported-deep", "grey-16", "UNSUPPORTED"),
        ("unsupported-for-invalid", "digest-0", "UNSUPPORTED"),
        ("invalid-for-unsupported", "other-weights", "REJECTED-WRONGLY"),
        ("crashes", "bytes-empty", "CRASH"),
        ("segfaults", "cut-50", "CRASH"),
        ("says-text", "size-17x33", "BAD-RESULT"),
        ("no-result", "size-17x33", "BAD-RESULT"),
        ("no-output", "size-17x33", "BAD-RESULT"),
        ("floods-the-disk", "size-17x33", "CRASH"),
        ("exit-1-after-all", "size-17x33", "CRASH"),
    ],
)
def test_verdicts(few: Suite, exact: Claim, mutant: str, vector: str, status: str) -> None:
    own = few.vector(vector)
    (verdict,) = execute(few, (own,), exact, replay("--mutant", mutant), Options())
    assert verdict.status == status, verdict
    assert verdict.detail and "\n" not in verdict.detail


@pytest.mark.parametrize("mutant", ["hangs", "child-hangs"])
def test_a_hang_is_ended_with_everything_it_started(few: Suite, exact: Claim, mutant: str) -> None:
    vector = replace(few.vector("cut-50"), seconds=2)
    (verdict,) = execute(few, (vector,), exact, replay("--mutant", mutant), Options())
    assert verdict.status == "TIMEOUT" and "again when run alone" in verdict.detail
    time.sleep(0.1)
    alive = [Path(f"/proc/{pid}/cmdline").read_bytes() for pid in os.listdir("/proc") if pid.isdecimal() and _mine(pid)]
    assert not [line for line in alive if b"conformance.mutants.replay" in line and mutant.encode() in line]


def _mine(pid: str) -> bool:
    try:
        return os.stat(f"/proc/{pid}").st_uid == os.getuid() and bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="memory is watched through /proc")
def test_memory_is_bounded(few: Suite, exact: Claim) -> None:
    vector = replace(few.vector("cut-50"), memory_mib=300)
    (verdict,) = execute(few, (vector,), exact, replay("--mutant", "eats-memory"), Options())
    assert verdict.status == "MEMORY"
    assert verdict.peak_mib < 4000


def test_divergence_names_component_tile_and_magnitude(few: Suite, exact: Claim) -> None:
    (verdict,) = execute(few, (few.vector("size-17x33"),), exact, replay("--mutant", "tile-missing"), Options())
    found = verdict.divergence
    assert found is not None and (found.stage, found.component, found.tile) == ("output planes", "R", (2, 1))
    assert found.tiles == (1, 6) and verdict.measures[0].peak > 1


def test_float_samples_of_saturating_vectors_are_not_compared(few: Suite, exact: Claim) -> None:
    vector = few.vector("symbol-16-bit")
    for strictness, status in (("exact", "FAIL"), ("relaxed", "PASS")):
        claim = replace(exact, strictness=strictness)
        (verdict,) = execute(few, (vector,), claim, replay("--mutant", "inverted"), Options())
        assert verdict.status == status


def test_a_strict_claim_tolerates_a_little_and_no_more(few: Suite, exact: Claim) -> None:
    vector, claim = few.vector("size-17x33"), replace(exact, strictness="strict")
    for mutant, status in (("noise", "PASS"), ("tile-missing", "FAIL"), ("mirrored", "FAIL")):
        (verdict,) = execute(few, (vector,), claim, replay("--mutant", mutant), Options())
        assert verdict.status == status, mutant


def test_nothing_run_is_no_pass(few: Suite, exact: Claim) -> None:
    claim = replace(exact, bit_depths=(), chroma_formats=())
    verdicts = execute(few, few.vectors, claim, replay(), Options())
    assert set(statuses(verdicts).values()) == {"OUTSIDE"}
    assert conclusion(verdicts, False) == (False, "no vector applies to this claim: nothing is shown")
    assert not conclusion((), False)[0]


def test_a_claim_decides_what_applies(few: Suite, exact: Claim) -> None:
    deep, alpha = few.vector("depth-10"), few.vector("alpha-8")
    assert outside(exact, deep, few) == ""
    assert outside(replace(exact, bit_depths=(8,)), deep, few) == "bit depth 10"
    assert outside(replace(exact, alpha=False), alpha, few) == "alpha"
    assert outside(replace(exact, profile="simple"), deep, few) == "profile base"
    assert outside(replace(exact, operating_points=("sop",)), deep, few) == "operating point bop"


def test_a_damaged_suite_is_no_verdict_on_the_decoder(few: Suite, exact: Claim) -> None:
    vector = replace(few.vector("size-17x33"), sha256="0" * 64)
    (verdict,) = execute(few, (vector,), exact, replay(), Options())
    assert verdict.status == "SUITE-ERROR"


def test_a_session_is_started_anew_after_it_ends(few: Suite, exact: Claim) -> None:
    script = "import sys; sys.stdin.readline(); print('{{\"exit\": 3}}', flush=True); sys.stdin.readline(); sys.exit(9)"
    adapter = Adapter("session", ("false", "{stream}"), session=("{python}", "-c", script))
    vectors = tuple(few.vector(name) for name in ("cut-50", "digest-0", "bytes-empty"))
    found = execute(few, vectors, exact, adapter, Options())
    assert [verdict.status for verdict in found] == ["PASS", "CRASH", "PASS"]
    assert "exit 9" in found[1].detail


def test_a_session_that_hangs_is_ended(few: Suite, exact: Claim) -> None:
    adapter = Adapter("session", ("false", "{stream}"), session=("{python}", "-c", "import time; time.sleep(600)"))
    vector = replace(few.vector("cut-50"), seconds=0.5)
    (verdict,) = execute(few, (vector,), exact, adapter, Options())
    assert verdict.status == "TIMEOUT"


def test_process_gives_exit_code_and_last_line(tmp_path: Path) -> None:
    script = "import sys; print('one', file=sys.stderr); print('two', file=sys.stderr); sys.exit(3)"
    outcome = run([sys.executable, "-c", script], tmp_path, {}, LIMITS)
    assert (outcome.code, outcome.ended, outcome.message) == (3, "", "two")


def test_changes_name_what_passes_no_more() -> None:
    def report(**found: str) -> dict[str, object]:
        return {"vectors": [{"id": name, "status": status} for name, status in found.items()]}

    found = changes(report(a="PASS", b="FAIL", c="PASS"), report(a="CRASH", b="PASS"))
    assert [(c.vector, c.worse) for c in found] == [("a", True), ("b", False), ("c", True)]


def test_reports_name_the_decoder_not_the_product_of_the_claim(few: Suite, exact: Claim) -> None:
    claim, adapter = replace(exact, product="their product"), replace(replay(), name="decoder <Z>")
    report = report_of(Run(few, None, claim, adapter, "Z 1.2", (Verdict("size-17x33", "PASS"),), ("run",), True))
    title = "Conformance of decoder &lt;Z&gt; Z 1.2"
    assert f"<title>{title}</title>" in page.render(report) and f"<h1>{title}</h1>" in page.render(report)
    assert markdown.render(report).startswith("# Conformance of decoder \\<Z\\> Z 1.2\n")
    assert "stated for their product 0.1" in page.render(report)


def test_features_are_shown_by_profile_where_the_claim_has_any(suite: Suite, few: Suite, exact: Claim) -> None:
    vectors = (few.vector("size-17x33"), few.vector("alpha-8"), suite.vector("simple-size-17x33"))
    found = tuple(map(Verdict, [vector.id for vector in vectors], ("PASS", "OUTSIDE", "PASS")))
    shown = page.render(report_of(Run(suite, None, exact, replay(), "", found, ("run",), True)))
    assert "<td>base, core: size</td>" in shown and "<td>simple, core: size</td>" in shown
    assert "core: alpha" not in shown and "1 features have no vector" in shown


BLOCKED = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "refsw", "yaml", "PIL", "scipy"):
            raise ImportError(f"{name} is blocked")
sys.meta_path.insert(0, Blocked())
from conformance.runner.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_the_runner_needs_numpy_alone(tmp_path: Path) -> None:
    adapter = tmp_path / "adapter.yaml"
    words = (
        "{python} -m conformance.mutants.replay {stream} --suite {suite} --output {output} --result {result}".split()
    )
    adapter.write_text(f"command: {json.dumps(words)}\nenvironment: {{PYTHONPATH: {ROOT}}}\n")
    claim = ROOT / "conformance" / "claims" / "base-1-exact.yaml"
    words = [
        "run",
        "--adapter",
        str(adapter),
        "--claim",
        str(claim),
        "--only",
        "size-17x33",
        "--only",
        "cut-50",
        "--report",
        str(tmp_path / "out"),
    ]
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, *words], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr + done.stdout
    report = json.loads((tmp_path / "out" / "report.json").read_bytes())
    assert report["counts"]["PASS"] == 2 and not report["holds"]
    assert {path.name for path in (tmp_path / "out").iterdir()} == {
        "report.json",
        "report.md",
        "junit.xml",
        "report.html",
    }


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["run"], "required"),
        (["list", "--suite", "1999.1"], "1999.1: no such suite"),
        (["show", "size-17"], "size-17x33"),
        (["run", "--adapter", "nowhere.yaml", "--claim", "nowhere.yaml"], "nowhere.yaml: cannot be read"),
        (["frobnicate"], "invalid choice"),
    ],
)
def test_usage_errors_are_one_line(words: list[str], text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1 and text in captured.err
