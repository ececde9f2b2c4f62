"""Whatever a sealed file contains, reading it gives a record or the one error, and runs nothing.

NAMO_FUZZ is how many mutants there are; each is made from its own number.
"""

import pickle
from collections import Counter
from contextlib import suppress
from random import Random

import pytest

from namo.files import write_sealed
from namo.results.records import read_record
from tests.faults.mutations import numbers
from tests.faults.pickle_mutations import mutated_pickle, payloads
from tests.faults.reading import READ, REFUSED, outcomes

AT_A_TIME = 500
POSES = [[0.5, -1.25, 3.0], [1, 2, 0]]
RECORD = {
    "env_id": "host_env_000003",
    "success": True,
    "depth": None,
    "size": [300, 70_000, -5, 2**40],
    "poses": [POSES, (0.5, -1.25), POSES],
    "länge": {"m": 1e-300, "nested": {"empty": [], "none": {}, "tuple": ()}},
    "rows": [{"pose": POSES[0], "name": "a" * 300, "number": number} for number in range(5)],
}


@pytest.mark.parametrize("wanted", numbers(200, AT_A_TIME), ids=str)
def test_every_mutant_is_read_or_refused_by_name(wanted, tmp_path):
    folder, sentinel = tmp_path / "records", tmp_path / "ran"
    for number in wanted:
        mutant = mutated_pickle(RECORD, Random(number), str(sentinel))
        write_sealed(folder / f"mutant_{number:06d}.pkl", mutant)
    found = outcomes("record", folder, sentinel)
    print(f"{wanted}: {dict(Counter(found.values()))}")
    assert len(found) == len(wanted)
    assert {name: said for name, said in found.items() if said not in (READ, REFUSED)} == {}
    assert {READ, REFUSED} == set(found.values())


def test_the_payloads_would_run(tmp_path):
    ran = 0
    for payload in payloads(str(tmp_path / "ran")):
        with suppress(pickle.UnpicklingError, ValueError, NameError):
            pickle.loads(b"\x80\x04" + payload + b".")
        if (tmp_path / "ran").exists():
            (tmp_path / "ran").unlink()
            ran += 1
    assert ran == 6  # the others are refused by every unpickler, or call nothing


def test_the_original_is_read(tmp_path):
    write_sealed(tmp_path / "record.pkl", pickle.dumps(RECORD, protocol=4))
    assert read_record(tmp_path / "record.pkl") == RECORD
