import json

import pyarrow.parquet as pq
import pytest

from namo.commands.main import main
from namo.scenes.sources import environments_from

FAST = ("--no-certify", "--family", "room", "--count", "5")


def generate(folder, *options):
    return main(["scenes", "generate", "--output", str(folder), *options])


def files(folder):
    return {path.name: path.read_bytes() for path in folder.glob("scene_*.xml")}


@pytest.mark.slow
def test_a_set_is_generated_reproducibly(tmp_path, capsys):
    assert generate(tmp_path / "a", *FAST) == 0
    assert "5 scenes of" in capsys.readouterr().out
    assert generate(tmp_path / "b", *FAST, "--jobs", "2") == 0
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert len(environments_from(None, tmp_path / "a" / "scenes.parquet").scenes) == 5


def test_more_scenes_keep_the_existing_ones(tmp_path):
    assert generate(tmp_path, *FAST) == 0
    few = files(tmp_path)
    assert generate(tmp_path, *FAST[:-1], "9") == 0
    many = files(tmp_path)
    assert len(many) == 9
    assert few.items() <= many.items()


def test_settings_come_from_a_file_and_options_win(tmp_path, capsys):
    config = tmp_path / "my.yaml"
    config.write_text("scenes: {output_dir: x, families: {row: 1}, count: 2, certify: false}")
    assert generate(tmp_path / "set", "--config", str(config), "--seed", "4") == 0
    rows = pq.read_table(tmp_path / "set" / "scenes.parquet").to_pylist()
    assert [(row["family"], row["seed"]) for row in rows] == [("row", 4)] * 2
    assert all(row["difficulty"] is None for row in rows)


def test_an_option_that_parts_of_a_mixture_would_not_follow_is_refused(tmp_path, capsys):
    config = tmp_path / "my.yaml"
    config.write_text("scenes: {mixture: {a: {weight: 1, families: {row: 1}}, b: {weight: 1}}}")
    assert generate(tmp_path / "set", "--config", str(config), "--family", "room") == 2
    assert "--family: these parts of the mixture have their own families: a;" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("scenes: {cuont: 2}", "unknown key 'cuont'; did you mean 'count'"),
        ("count: 2", "has no mapping 'scenes'"),
        ("scenes: [", "my.yaml: "),
    ],
)
def test_a_wrong_file_is_named_and_nothing_is_written(tmp_path, capsys, content, said):
    (tmp_path / "my.yaml").write_text(content)
    assert generate(tmp_path / "set", "--config", str(tmp_path / "my.yaml")) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_settings_may_be_json(tmp_path, capsys):
    settings = json.dumps({"families": {"row": 1}, "count": 2, "certify": False})
    assert generate(tmp_path / "set", "--settings", settings, "--jobs", "1") == 0
    rows = pq.read_table(tmp_path / "set" / "scenes.parquet").to_pylist()
    assert [row["family"] for row in rows] == ["row"] * 2


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ('{"cuont": 2}', "--settings: unknown key 'cuont'; did you mean 'count'"),
        ("[2]", "--settings: is [2]; it must be a mapping"),
        ("{count: 2}", "--settings: not valid JSON: "),
    ],
)
def test_wrong_json_is_named_and_nothing_is_written(tmp_path, capsys, settings, said):
    for command in (["scenes", "generate"], ["scenes", "certify-candidates"]):
        more = ["--start", "0", "--end", "1"] if command[1] != "generate" else []
        output = ["--output", str(tmp_path / "set"), "--settings", settings]
        assert main([*command, *output, *more]) == 2
        assert said in capsys.readouterr().err
    assert not (tmp_path / "set").exists()


def test_settings_and_a_file_of_settings_exclude_each_other(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        generate(tmp_path, "--settings", "{}", "--config", "my.yaml")
    assert ended.value.code == 2
    assert "not allowed with" in capsys.readouterr().err


def test_quotas_out_of_reach_end_with_what_was_found(tmp_path, capsys):
    config = tmp_path / "my.yaml"
    config.write_text(
        "scenes: {families: {room: 1}, boxes_in_passages: [1, 1], boxes_elsewhere: [0, 0],"
        " box_size_m: [0.6, 0.6], box_aspect: [1, 1], door_width_m: [0.75, 0.8],"
        " quotas: {three_or_more: 3}, certify_pushes: 2, max_candidates: 3}"
    )
    assert generate(tmp_path / "set", "--config", str(config)) == 1
    error = capsys.readouterr().err
    assert "3 candidates leave these missing: 3 of three_or_more; found were: " in error
