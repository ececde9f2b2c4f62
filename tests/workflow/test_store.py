"""Chunks go to an object store, each as one file: an S3 server on loopback."""

import os
import signal
import subprocess
import time
import urllib.request

import pytest

from tests.workflow.test_pipeline import SITECUSTOMIZE

pytest.importorskip("snakemake_storage_plugin_s3", reason="`make test-cloud`")
boto3 = pytest.importorskip("boto3", reason="`make test-cloud`")
moto_server = pytest.importorskip("moto.server", reason="`make test-cloud`")

BUCKET = "collections"
STORE = f"s3://{BUCKET}/run"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
TABLES = ("metrics", "pushes", "plans", "scenes")


class Store:
    """A bucket of the server."""

    def __init__(self, address):
        self.options = ("--storage-s3-endpoint-url", address, "--storage-s3-region", "us-east-1")
        self.environment = {**CREDENTIALS, "AWS_DEFAULT_REGION": "us-east-1"}
        self.client = boto3.client(
            "s3",
            endpoint_url=address,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )
        self.client.create_bucket(Bucket=BUCKET)

    def written(self):
        """When each file of the bucket was written."""
        listed = self.client.list_objects_v2(Bucket=BUCKET).get("Contents", [])
        return {entry["Key"]: entry["LastModified"] for entry in listed}

    def run(self, pipeline, *arguments, environment=None, **settings):
        """Run the pipeline with this store."""
        return pipeline.run(
            *self.options,
            *arguments,
            environment=self.environment | (environment or {}),
            store=STORE,
            **settings,
        )


@pytest.fixture
def store():
    server = moto_server.ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    address = f"http://{host}:{port}"
    # All servers of a process share their buckets.
    urllib.request.urlopen(urllib.request.Request(f"{address}/moto-api/reset", method="POST"))
    yield Store(address)
    server.stop()


@pytest.mark.slow
def test_tables_are_those_of_a_run_without_a_store_and_a_second_run_does_nothing(
    store, finished, pipeline
):
    plain, _ = finished
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    pipeline.break_scene("01.xml")
    done = store.run(pipeline)
    assert done.returncode == 0, done.stdout
    chunks = [f"run/{name}.tar" for name in ("000000-000002", "000002-000004", "000004-000005")]
    written = store.written()
    assert sorted(written) == chunks
    for name in TABLES:
        assert pipeline.table(name) == [moved(row, pipeline, plain) for row in plain.table(name)]
    again = store.run(pipeline)
    assert again.returncode == 0, again.stdout
    assert store.written() == written


def moved(row, here, there):
    """A row with the folder of its scene replaced by another one."""
    old, new = str(there.folder), str(here.folder)
    return {
        name: value.replace(old, new) if isinstance(value, str) else value
        for name, value in row.items()
    }


@pytest.mark.slow
def test_another_machine_takes_what_is_stored_and_collects_nothing_again(store, pipeline, tmp_path):
    """Its folder is empty: all that an ended machine has left is in the store."""
    pipeline.copy_rooms((0, 7, 6))
    assert store.run(pipeline).returncode == 0
    rows = {name: pipeline.table(name) for name in TABLES}
    written = store.written()
    for name in ("results", ".snakemake"):
        (pipeline.folder / name).rename(pipeline.folder / f"lost {name}")
    done = store.run(pipeline)
    assert done.returncode == 0, done.stdout
    assert store.written() == written
    assert {name: pipeline.table(name) for name in TABLES} == rows


@pytest.mark.slow
def test_after_a_kill_only_chunks_that_were_not_stored_are_collected_again(store, pipeline):
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    command = pipeline.command(*store.options, "--cores", 1, store=STORE, chunk_size=1)
    with subprocess.Popen(
        command,
        cwd=pipeline.folder,
        env=os.environ | store.environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as running:
        while running.poll() is None and len(store.written()) < 2:
            time.sleep(0.2)
        os.killpg(running.pid, signal.SIGKILL)
    stored = store.written()
    assert 2 <= len(stored) < 5
    for name in ("results", ".snakemake"):
        (pipeline.folder / name).rename(pipeline.folder / f"lost {name}")
    done = store.run(pipeline, chunk_size=1)
    assert done.returncode == 0, done.stdout
    after = store.written()
    assert len(after) == 5
    assert {name: after[name] for name in stored} == stored
    assert len(pipeline.table("metrics")) == 5


@pytest.mark.slow
def test_a_chunk_whose_process_dies_resumes_where_it_was(store, pipeline):
    """On the same machine: what a chunk has finished is in its folder there."""
    pipeline.copy_rooms((0, 7, 6, 1, 11))
    modules = pipeline.folder / "modules"
    modules.mkdir()
    (modules / "sitecustomize.py").write_text(SITECUSTOMIZE)
    path = os.pathsep.join([str(modules), os.environ.get("PYTHONPATH", "")])
    done = store.run(pipeline, environment={"PYTHONPATH": path})
    assert done.returncode == 0, done.stdout
    log = pipeline.output / "logs" / "collect" / "000002-000004.log.all"
    assert log.read_text().count(" began ") == 3, "dies after each of two environments"


@pytest.mark.slow
def test_other_settings_collect_again_and_replace_what_is_stored(store, pipeline):
    pipeline.copy_rooms((0, 7, 6))
    assert store.run(pipeline).returncode == 0
    written = store.written()
    time.sleep(1.1)  # times in the store are whole seconds
    done = store.run(pipeline, seed=1)
    assert done.returncode == 0, done.stdout
    after = store.written()
    assert all(after[name] > time for name, time in written.items())
    assert {row["seed"] for row in pipeline.table("metrics")} == {1}
