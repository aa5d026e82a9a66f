# SPDX-License-Identifier: BSD-3-Clause-Clear
from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from refsw.config import Config, config_from_dict, find_config, load_config
from refsw.errors import UsageError
from refsw.resources import cfg_dir, spec_dir

BASE = cfg_dir() / "base.yaml"
SCHEMA = json.loads((spec_dir() / "schema" / "config.schema.json").read_text(encoding="utf-8"))
SHIPPED = sorted(path.name for path in cfg_dir().glob("*.yaml"))


def message(path: str | Path, *overrides: str) -> str:
    with pytest.raises(UsageError) as caught:
        load_config(path, overrides)
    text = str(caught.value)
    assert "\n" not in text
    return text


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_configuration_is_complete_and_named_after_its_file(name: str) -> None:
    config = load_config(f"cfg/{name}")
    assert f"{config.name}.yaml" == name
    assert config.overrides == ()


def test_dataclasses_and_schema_have_the_same_keys() -> None:
    def compare(kind: type[Any], schema: dict[str, Any]) -> None:
        names = [field.name for field in fields(kind) if field.name != "overrides"]
        assert names == list(schema["properties"]) == schema["required"]
        for name, hint in get_type_hints(kind).items():
            if is_dataclass(hint):
                compare(hint, schema["properties"][name])  # type: ignore[arg-type]

    compare(Config, SCHEMA)


def test_existing_file_wins_over_shipped_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert find_config("cfg/base.yaml") == find_config("base.yaml") == find_config("base") == BASE
    (tmp_path / "base.yaml").write_text(BASE.read_text(encoding="utf-8").replace("name: base", "name: mine"), "utf-8")
    assert load_config("base.yaml").name == "mine"
    assert load_config("base").name == "base"


def test_names_outside_the_shipped_folder_are_not_found() -> None:
    assert "no such configuration" in message("../pyproject")
    assert "no such configuration" in message("/nowhere/base.yaml")
    assert "did you mean 'cfg/base.yaml'?" in message("cfg/bas.yaml")
    assert "is a directory" in message(cfg_dir())


def test_overrides_are_applied_in_order_and_recorded() -> None:
    config = load_config("base", ["rate.quality=10", "rate.quality=20", "operating_points=[bop, sop]", "rate.bpp=0.5"])
    assert (config.rate.quality, config.rate.bpp, config.operating_points) == (20.0, 0.5, ("bop", "sop"))
    assert len(config.overrides) == 4


@pytest.mark.parametrize(
    ("override", "parts"),
    [
        ("rate.qualty=3", ("rate.qualty: unknown key", "did you mean 'quality'?")),
        ("zzz.b=1", ("zzz: unknown key; known: name, model",)),
        ("rate.quality=x", ('"x" is not allowed', "number from 0 to 100")),
        ("rate.quality=100.5", ("100.5 is not allowed", "number from 0 to 100")),
        ("rate.quality=.nan", ("nan",)),
        ("rate.bpp=.inf", ("inf",)),
        ("rate.bpp=0", ("above 0",)),
        ("rate.attempts=1.5", ("1.5 is not allowed", "integer from 1 to 64")),
        ("coding.lanes=3", ("3 is not allowed", '"auto", 1, 2, 4')),
        ("coding.digest=1", ("boolean",)),
        ("coding.skip_threshold=[]", ("array of 1 to 8 values",)),
        ("operating_points=[bop, bpo]", ("operating_points[1]", "did you mean 'bop'?")),
        ("operating_points=[bop, bop]", ("different values",)),
        ("profile=bse", ("did you mean 'base'?",)),
        ("rate=3", ("rate: 3 is not allowed",)),
        ("rate={}", ("rate.quality: missing",)),
        ("rate.quality.x=3", ("'quality' is a value",)),
        ("quality", ("expected key=value",)),
        ("=3", ("expected key=value",)),
        ("name=[", ("not YAML",)),
        ("name={a: 1, a: 2}", ("given twice",)),
    ],
)
def test_wrong_override_is_named(override: str, parts: tuple[str, ...]) -> None:
    text = message("base", override)
    assert text.startswith(f"--set {override}: ")
    assert all(part in text for part in parts), text


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (("quality: 50 ", "quality: high "), ':10: rate.quality: "high" is not allowed; allowed: number from 0 to 100'),
        (("model: base\n", ""), "model: missing"),
        (("attempts: 12", "attempts: 12\n  attempts: 13"), "key 'attempts' is given twice"),
        (("name: base", "name: base\nnmae: base"), "did you mean 'name'?"),
        (("rate:", "rate: ["), "not YAML"),
    ],
)
def test_wrong_file_is_named_with_line(tmp_path: Path, change: tuple[str, str], part: str) -> None:
    text = BASE.read_text(encoding="utf-8")
    assert change[0] in text
    path = tmp_path / "own.yaml"
    path.write_text(text.replace(change[0], change[1], 1), encoding="utf-8")
    shown = message(path)
    assert shown.startswith(str(path)) and part in shown


@pytest.mark.parametrize(
    "content",
    [b"", b"- 1\n", b"x", b"\xff\xfe", b"a: &b [*b]\n", b"? [1]\n: 2\n", b"!!python/object:os.system {}\n", b"\0"],
)
def test_what_is_no_configuration_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "own.yaml"
    path.write_bytes(content)
    assert message(path).startswith(str(path))


@settings(max_examples=60)
@given(
    st.floats(0, 100),
    st.none() | st.floats(1e-3, 1000),
    st.lists(st.integers(0, 8191), min_size=1, max_size=8),
    st.sampled_from(["auto", *(2**n for n in range(11))]),
    st.booleans(),
)
def test_dict_round_trip(quality: float, bpp: float | None, skip: list[int], lanes: int | str, digest: bool) -> None:
    values = {"rate.quality": quality, "rate.bpp": bpp, "coding.skip_threshold": skip}
    values |= {"coding.lanes": lanes, "coding.digest": digest}
    config = load_config("base", [f"{key}={json.dumps(value)}" for key, value in values.items()])
    assert config_from_dict(json.loads(json.dumps(config.to_dict()))) == config
    assert (config.rate.quality, config.rate.bpp, config.coding.skip_threshold) == (quality, bpp, tuple(skip))
    assert config.coding.skip_threshold_of(0) == skip[0] and config.coding.skip_threshold_of(99) == skip[-1]


def test_dict_errors_are_usage_errors() -> None:
    values = load_config("base").to_dict()
    values["rate"]["quality"] = -1
    with pytest.raises(UsageError, match=r"rate\.quality"):
        config_from_dict(values)
