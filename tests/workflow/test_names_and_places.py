"""Names of scenes and folders that mean something to Snakemake, a shell or a terminal."""

from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_odd_names_of_scenes_and_a_folder_below_home(pipeline):
    pipeline.copy_rooms((0, 7))
    home = pipeline.folder / "home"
    home.mkdir()
    first, second = sorted(pipeline.scenes.iterdir())
    first.rename(first.with_name("a{x}\x1b[31m.xml"))
    second.rename(second.with_name("b<y>.xml"))
    done = pipeline.run(output_dir="~/out", environment={"HOME": str(home)})
    assert done.returncode == 0, done.stdout
    assert "\x1b[31m" not in done.stdout
    assert len(list((home / "out").glob("*_results.pkl"))) == 2
    assert (home / "out" / "metrics.parquet").is_file()
    assert not (pipeline.folder / "~").exists()
    again = pipeline.run(output_dir="$HOME/out", environment={"HOME": str(home)})
    assert "Nothing to be done" in again.stdout, again.stdout
    (pipeline.scenes / "b<y>.xml").write_bytes(pipeline.room(6).read_bytes())
    changed = pipeline.run(output_dir="~/out", environment={"HOME": str(home)})
    assert changed.returncode == 0, changed.stdout
    assert "Nothing to be done" not in changed.stdout


@pytest.mark.slow
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"output_dir": "a{b}"}, "output_dir is 'a{b}'; a path of the pipeline must not hold { }"),
        ({"output_dir": "2026"}, "output_dir is 2026; it must be text; put it in quotes"),
        ({"output_dir": "-out"}, "output_dir is '-out'; a path that starts with '-'"),
        ({"seed": 2**63}, "allowed: 0 to 9223372036854775807"),
        ({"search_timeout": "1e300"}, "allowed: numbers above 0, to 1e+09"),
        ({"max_pushes": "none"}, 'max_pushes is "none"; it must be a whole number or null'),
        ({"xml_dir": "$NAMO_NOT_SET/x"}, "the variable NAMO_NOT_SET is not set"),
    ],
)
def test_what_cannot_be_meant_ends_the_run_with_one_sentence(pipeline, settings, said):
    pipeline.copy_rooms((0,))
    done = pipeline.run(**settings)
    assert done.returncode != 0
    assert said in done.stdout
    assert "Traceback" not in done.stdout
    assert not pipeline.output.exists()


@pytest.mark.slow
def test_a_home_that_cannot_be_written_to_is_named_or_not_needed(pipeline):
    pipeline.copy_rooms((0,))
    nowhere = {"HOME": "/dev/null", "XDG_CACHE_HOME": "/dev/null"}
    done = pipeline.run(environment={**nowhere, "NAMO_CACHE_DIR": ""})
    assert done.returncode != 0
    assert "set NAMO_CACHE_DIR, or another XDG_CACHE_HOME" in done.stdout
    assert "Traceback" not in done.stdout
    assert not pipeline.output.exists()
    done = pipeline.run(environment=nowhere)
    assert done.returncode == 0, done.stdout


def test_the_default_profile_keeps_the_source_cache_out_of_the_home_folder():
    profile = yaml.safe_load((REPOSITORY / "profiles" / "default" / "config.yaml").read_text())
    assert "source-cache" not in profile["shared-fs-usage"]
