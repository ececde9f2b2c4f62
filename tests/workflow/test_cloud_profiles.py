"""Profiles of clouds: planned with their plugins, against an S3 server on loopback."""

import pytest

from tests.conftest import REPOSITORY
from tests.workflow.test_store import BUCKET, STORE, store  # noqa: F401 - a fixture

PLUGINS = {
    "kubernetes": "snakemake_executor_plugin_kubernetes",
    "aws-batch": "snakemake_executor_plugin_aws_batch",
}


@pytest.mark.slow
@pytest.mark.parametrize("name", PLUGINS)
def test_a_run_is_planned_with_the_chunks_in_the_store(store, pipeline, name):  # noqa: F811
    pytest.importorskip(PLUGINS[name], reason="`make test-cloud`")
    pipeline.copy_rooms((0, 7, 6))
    done = pipeline.run(
        *("--dry-run", "--workflow-profile", REPOSITORY / "profiles" / name, *store.options),
        *("--default-storage-prefix", f"s3://{BUCKET}/jobs"),
        environment=store.environment,
        store=STORE,
        hostname="lab",
    )
    assert done.returncode == 0, done.stdout
    for chunk in ("000000-000002", "000002-000003"):
        assert f"output: {STORE}/{chunk}.tar (send to storage)" in done.stdout
    inputs = [line for line in done.stdout.splitlines() if line.startswith("    input: ")]
    stored = [line for line in inputs if "s3://" in line]
    assert len(stored) == 2, "those of fetch; nothing else has to be in the store"
    assert all(f"{STORE}/" in line for line in stored)


@pytest.mark.slow
def test_a_run_without_shared_files_needs_a_store_and_a_label(store, pipeline):  # noqa: F811
    pipeline.copy_rooms((0,))
    for settings, missing in (({}, "store"), ({"store": STORE}, "hostname")):
        done = pipeline.run(
            *("--dry-run", "--default-storage-provider", "s3", *store.options),
            *("--default-storage-prefix", f"s3://{BUCKET}/jobs"),
            environment=store.environment,
            **settings,
        )
        assert done.returncode == 1
        assert f"configuration: {missing} is null; " in done.stdout


@pytest.mark.slow
def test_everything_that_is_no_chunk_stays_in_the_file_system(store, pipeline):  # noqa: F811
    """Run for real, by jobs on this machine: rules name the same places as their commands."""
    pipeline.copy_rooms((0, 7, 6))
    done = pipeline.run(
        *("--default-storage-provider", "s3", *store.options),
        *("--default-storage-prefix", f"s3://{BUCKET}/jobs"),
        environment=store.environment,
        store=STORE,
        hostname="lab",
    )
    assert done.returncode == 0, done.stdout
    assert len(pipeline.table("metrics")) == 3
    assert (pipeline.output / "report.html").is_file()
    kinds = {name.rpartition(".")[2] for name in store.written()}
    assert kinds <= {"tar", "log", "tsv"}
