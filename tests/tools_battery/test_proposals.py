# SPDX-License-Identifier: BSD-3-Clause-Clear
"""Proposals as `refsw-new-tool` writes them: the battery, the command lines, and a decoder that does not have them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from refsw import syntax
from refsw.battery import AUTO, Bench, checks, texture
from refsw.cli.dec import main as decode
from refsw.cli.enc import main as encode
from refsw.cli.new_tool import main as new_tool
from refsw.cli.probe import main as probe
from refsw.config import load_config
from refsw.encode.modes import wanted_tools
from refsw.errors import CodestreamError, DamageError, UnsupportedError, UsageError
from refsw.io import write_image
from refsw.spec import profile_named
from refsw.tools.proposal import Proposal, read_proposals, write_proposal
from refsw.tools.tool import Tool
from refsw.tools.toolbox import DEFAULT, VARIABLE, Toolbox, load_plugin
from tests.support.tiny import Started

KINDS = {"soft": "post-filter", "bias": "latent"}
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folder of a proposal of each kind."""
    folder = tmp_path_factory.mktemp("proposals")
    for name, kind in KINDS.items():
        assert new_tool([name, "--kind", kind, "-o", str(folder / name)]) == 0
    return {name: folder / name for name in KINDS}


@pytest.fixture(scope="session", params=KINDS)
def tool(request: pytest.FixtureRequest, written: dict[str, Path]) -> Tool:
    return load_plugin(written[request.param])


def test_the_battery(started: Started, tool: Tool) -> None:
    found = checks(tool)
    assert len(found) >= 6
    for check in found:
        check.run(Bench(started.model, started.config))


def test_what_a_decoder_without_it_says(
    started: Started, tool: Tool, written: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source, stream, out = tmp_path / "a.png", tmp_path / "a.jai", tmp_path / "b.png"
    write_image(source, texture(3))
    plugin = ["--plugin", str(written[tool.name])]
    options = ["--set", f"model={started.folder.name}", "--set", f"tools.{tool.name}=always"]
    assert encode([str(source), "-o", str(stream), *options, *plugin]) == 0
    assert decode([str(stream), "-o", str(out)]) == 6 and not out.exists()
    said = capsys.readouterr().err
    assert f"proposal {tool.name}: is needed and not installed here" in said and said.count("\n") == 1
    assert decode([str(stream), "-o", str(out), *plugin]) == 0 and out.exists()
    assert probe([str(stream)]) == 0
    assert "proposal_name" in capsys.readouterr().out
    assert probe([str(stream), *plugin]) == 0
    element = "offset" if tool.name == "soft" else "shift"
    assert f"extension_data.{element} 0" in " ".join(capsys.readouterr().out.split())
    assert encode([str(source), "-o", str(stream), *options]) == 2
    assert f"tools.{tool.name}: there is no such coding tool" in capsys.readouterr().err


def test_folders_in_the_environment(written: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    assert DEFAULT.proposal("soft") is None
    monkeypatch.setenv(VARIABLE, os.pathsep.join(map(str, written.values())))
    assert [tool.name for tool in DEFAULT.everything() if not tool.tool_id] == ["soft", "bias"]


def test_installed_with_pip(started: Started, written: dict[str, Path], tmp_path: Path) -> None:
    """Its entry point is found; nothing else was done to refsw."""
    site = tmp_path / "site"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "-qq", "--no-index", "--no-deps"]
    subprocess.run([*pip, "--no-build-isolation", "--target", str(site), str(written["soft"])], check=True)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(site)]), "OMP_NUM_THREADS": "1"}
    listed = subprocess.run(
        [sys.executable, "-m", "refsw.cli.enc", "--list-tools"], env=environment, capture_output=True, text=True,
        cwd=tmp_path, check=True,
    )  # fmt: skip
    assert any(line.split()[:3] == ["-", "soft", "post-filter"] for line in listed.stdout.splitlines())


def test_a_shift_reaches_the_picture(started: Started, written: dict[str, Path], tmp_path: Path) -> None:
    """A latent tool that does something: both decoders and the encoder agree, later components do not see it."""
    folder = tmp_path / "bias"
    for name, text in {p.relative_to(written["bias"]): p.read_text() for p in written["bias"].rglob("*.*")}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text.replace("Payload(shift=0)", "Payload(shift=-25)"))
    own = load_plugin(folder)
    bench = Bench(started.model, started.config)
    encoded, plain = bench.encode(own, "always"), bench.encode(own, "off")
    found = bench.decode(own, encoded.data).image.samples
    assert encoded.reconstruction is not None and plain.reconstruction is not None
    np.testing.assert_array_equal(found, encoded.reconstruction.samples)
    far = np.abs(found.astype(int) - plain.reconstruction.samples)
    exact = bench.decode(own, encoded.data, exact="auto").image.samples
    assert far.max() > 0 and np.abs(found.astype(int) - exact).max() <= 2


def test_a_filter_that_does_something(started: Started, written: dict[str, Path], tmp_path: Path) -> None:
    folder = tmp_path / "soft"
    for path in written["soft"].rglob("*.*"):
        target = folder / path.relative_to(written["soft"])
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(path.read_text().replace("Payload(offset=0)", "Payload(offset=64)"))
    own = load_plugin(folder)
    bench = Bench(started.model, started.config)
    data = bench.encode(own, "always").data
    with_it, without = (bench.decode(own, d, exact="auto").image for d in (data, bench.encode(own, "off").data))
    far = with_it.samples.astype(int) - without.samples
    assert np.median(far) == 4
    for check in checks(own):
        check.run(bench)


def test_names_and_modes(written: dict[str, Path]) -> None:
    profile = profile_named("base")

    def wanted(*modes: tuple[str, str], toolbox: Toolbox = DEFAULT) -> list[str]:
        others = {tool.name: "off" for tool in DEFAULT.own if tool.name != "linear_enhancement"}
        config = replace(load_config("base"), tools=tuple((others | dict(modes)).items()))
        return [f"{one.tool.name} {one.branch}" for one in wanted_tools(config, profile, toolbox)]

    assert wanted() == wanted(("linear_enhancement", AUTO)) == ["linear_enhancement None"]
    assert wanted(("linear_enhancement", "luma")) == ["linear_enhancement luma"]
    assert wanted(("linear_enhancement", "off")) == []
    with pytest.raises(UsageError, match="did you mean 'linear_enhancement'"):
        wanted(("linear_enhancment", "on"))
    with pytest.raises(UsageError, match="allowed: on, off, luma, chroma, both"):
        wanted(("linear_enhancement", "some"))
    toolbox = DEFAULT.with_plugins([written["soft"]])
    assert wanted(("soft", "always"), toolbox=toolbox) == ["linear_enhancement None", "soft always"]
    with pytest.raises(UsageError, match="tool soft: there are two of this name"):
        toolbox.with_plugins([written["soft"]])


@pytest.mark.parametrize("name", ["Soft", "json", "linear_enhancement", "9th", "for", "refsw"])
def test_names_that_are_refused(name: str, tmp_path: Path) -> None:
    assert new_tool([name, "-o", str(tmp_path / "x")]) == 2 and not (tmp_path / "x").exists()


def test_plugins_that_cannot_be_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert new_tool(["soft", "-o", str(tmp_path / "soft")]) == 0
    assert new_tool(["soft", "-o", str(tmp_path / "soft")]) == 4
    for path, text, message in (
        ("soft/tool.py", "import not_there", "cannot be loaded: ModuleNotFoundError"),
        ("soft/tool.py", "TOOL = 7", "neither a post-filter nor a latent tool"),
        ("soft/syntax.yaml", "structures: 3", "is not a syntax"),
        ("soft/syntax.yaml", "- [", "cannot be read"),
    ):
        folder = tmp_path / f"case{abs(hash((path, text)))}"
        assert new_tool(["soft", "-o", str(folder)]) == 0
        (folder / path).write_text(text)
        capsys.readouterr()
        assert encode(["--list-tools", "--plugin", str(folder)]) in (2, 5)
        said = capsys.readouterr().err
        assert message in said and said.count("\n") == 1
    assert encode(["--list-tools", "--plugin", str(tmp_path / "nowhere")]) == 2


def test_proposals_in_extensions(started: Started) -> None:
    data = Bench(started.model, started.config).encode(DEFAULT.own[0], "off").data
    stream = syntax.read(data)
    header = stream.picture_header
    extension = write_proposal(Proposal("soft", b"\x05"), header)
    own = replace(stream, extensions=(extension,))
    assert list(read_proposals(own)) == [Proposal("soft", b"\x05")]
    damaged = replace(extension, extension_data=extension.extension_data[:-1] + b"\x06")
    with pytest.raises(DamageError, match=r"6\.17\.1"):
        list(read_proposals(replace(stream, extensions=(damaged,))))
    odd = write_proposal(Proposal("Soft", b""), header)
    with pytest.raises(CodestreamError, match=r"6\.17\.2"):
        list(read_proposals(replace(stream, extensions=(odd,))))
    with pytest.raises(UnsupportedError, match="essential extension 9"):
        list(read_proposals(replace(stream, extensions=(replace(extension, extension_id=9),))))
    ignored = replace(extension, extension_essential_flag=False, extension_data=b"")
    assert list(read_proposals(replace(stream, extensions=(ignored,)))) == []
