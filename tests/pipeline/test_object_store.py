"""Jobs that share no files need a place for chunks, and one label for their files."""

from dataclasses import replace

import pytest

from namo.errors import UsageError
from namo.pipeline.object_store import require_for_unshared_files
from namo.pipeline.settings import pipeline_settings
from namo.pipeline.shipped_settings import over_shipped

SETTINGS = pipeline_settings(over_shipped({"store": "s3://bucket/run", "hostname": "lab"}))


def test_both_given_are_enough():
    require_for_unshared_files(SETTINGS)


@pytest.mark.parametrize("name", ["store", "hostname"])
def test_what_is_missing_is_named(name):
    with pytest.raises(UsageError, match=f"configuration: {name} is null; .*--config {name}="):
        require_for_unshared_files(replace(SETTINGS, **{name: None}))
