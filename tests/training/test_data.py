import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from namo.errors import UsageError
from namo.learning.queries import FEATURES
from namo.learning.rasters import CHANNELS, VIEWS
from namo.results.shards import shard_name
from namo.training.data import UNKNOWN, CandidateData, collate
from namo.training.data_schema import CANDIDATE_ROWS, DATA_SCHEMA_VERSION, LISTED_FEATURES
from namo.training.labels import DEAD_END_AFTER, Label
from namo.training.raster_png import to_png
from namo.world import primitives

CONTACTS, TRAVELS = 7, len(primitives.TRAVELS)
CANDIDATES = CONTACTS * TRAVELS
PIXELS = VIEWS["push"].pixels
UNTRIED, FAILURE, SUCCESS, UNREACHABLE = map(int, Label)

known_of_candidates = st.tuples(
    st.sampled_from([UNTRIED, FAILURE, SUCCESS, UNREACHABLE]),
    st.integers(1, 3),
    st.sampled_from([0, DEAD_END_AFTER - 1, DEAD_END_AFTER, 127]),
)
rows_of_labels = st.lists(known_of_candidates, min_size=CANDIDATES, max_size=CANDIDATES)


def constant_raster(value):
    """A raster that identifies a view by its value."""
    return to_png(np.full((len(CHANNELS), PIXELS, PIXELS), value, np.uint8))


def row(known, state="s", number=0, scene="scene", implied=()):
    """A row in which each contact point has its own push direction and so its own raster."""
    known = [*known, *[(UNTRIED, 1, 0)] * (CANDIDATES - len(known))]
    label = np.array([one[0] for one in known], np.int8)
    numbers = np.flatnonzero(label != UNREACHABLE)
    contacts, view = np.unique(numbers // TRAVELS, return_inverse=True)
    features = numbers[:, None] + 100.0 * np.arange(len(FEATURES["goal"])) + 0.5
    return {
        "scene_sha256": scene,
        "state": state,
        "object_id": f"box {number}",
        "goal_rasters": [
            constant_raster(10 * number + contact + 1) for contact in contacts.tolist()
        ],
        "view": view.tolist(),
        "numbers": numbers.tolist(),
        "features": features.ravel().tolist(),
        "object_raster": constant_raster(10 * number),
        "object_features": [0.3, 0.2, number / 10],
        "label": label.tolist(),
        "implied": [place in implied for place in range(CANDIDATES)],
        "pushes_to_goal": [to_goal if kind == SUCCESS else 0 for kind, to_goal, _ in known],
        "tried_after": [after if kind == FAILURE else 0 for kind, _, after in known],
    }


def write(folder, *shards, split="train", version=DATA_SCHEMA_VERSION, features=LISTED_FEATURES):
    folder.mkdir(exist_ok=True)
    for number, rows in enumerate(shards):
        pq.write_table(
            pa.Table.from_pylist(rows, CANDIDATE_ROWS), folder / shard_name(split, number)
        )
    files = {path.name: "" for path in folder.glob("*.parquet")}
    card = {"schema_version": version, "features": features, "of": "tests", "files": files}
    (folder / "card.json").write_text(json.dumps(card))
    return folder


def states_of(folder, *shards, kind="goal"):
    return CandidateData(write(folder, *shards), "train", kind)


def targets_of(sample):
    """The targets in a sample: number of the candidate -> (raster value, opens, leads)."""
    targets = {}
    for view, raster in enumerate(sample.rasters):
        (value,) = raster.unique().tolist()
        for place, features in enumerate(sample.features[view]):
            if features.any():
                number = round(float(features[0]) - 0.5)
                columns = torch.arange(float(len(features)))
                torch.testing.assert_close(features - features[0], 100.0 * columns)
                opens, leads = sample.opens[view, place], sample.leads[view, place]
                targets[number] = value, int(opens), int(leads)
            else:
                assert sample.opens[view, place] == sample.leads[view, place] == UNKNOWN
    return targets


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder that all examples write into, in turn."""
    return tmp_path_factory.mktemp("data")


@given(rows_of_labels)
@hypothesis_settings(max_examples=50)
def test_targets_match_the_labels(folder, known):
    states = states_of(folder, [row(known)])
    tried = {n for n, one in enumerate(known) if one[0] in (FAILURE, SUCCESS)}
    assert len(states) == bool(tried)
    if not tried:
        return
    targets = targets_of(states[0])
    # Views without a tried candidate are left out.
    contacts = {number // TRAVELS for number in tried}
    assert set(targets) == {
        number
        for number, (label, _, _) in enumerate(known)
        if label != UNREACHABLE and number // TRAVELS in contacts
    }
    shortest = min((to_goal for label, to_goal, _ in known if label == SUCCESS), default=0)
    for number, (raster, opens, leads) in targets.items():
        label, to_goal, after = known[number]
        assert raster == number // TRAVELS + 1
        expected = {
            UNTRIED: (UNKNOWN, UNKNOWN),
            SUCCESS: (1, UNKNOWN) if to_goal == 1 else (0, int(to_goal == shortest)),
            FAILURE: (0, 0 if after >= DEAD_END_AFTER else UNKNOWN),
        }
        assert (opens, leads) == expected[label]


def test_a_model_that_does_not_know_what_sweeps_learns_nothing_of_it(tmp_path):
    known = [(SUCCESS, 1, 0), (FAILURE, 1, 9), (SUCCESS, 2, 0), (FAILURE, 1, 9)]
    sweeps = FEATURES["goal"].index("sweeps")

    def sweeping(*numbers):
        written = row(known, state=f"{numbers}")
        values = np.array(written["features"]).reshape(-1, len(FEATURES["goal"]))
        values[:, sweeps] = [number in numbers for number in written["numbers"]]
        return {**written, "features": values.ravel().tolist()}

    features = [name for name in FEATURES["goal"] if name != "sweeps"]
    folder = write(tmp_path, [sweeping(1, 2), sweeping(0, 1, 2, 3)])
    (sample,) = CandidateData(folder, "train", "goal", features=features)
    opens, leads = sample.opens[0].tolist(), sample.leads[0].tolist()
    assert opens[:4] == [1, UNKNOWN, UNKNOWN, 0]
    assert leads[:4] == [UNKNOWN, UNKNOWN, UNKNOWN, 0]
    assert len(CandidateData(folder, "train", "goal")) == 2


def test_what_leaves_as_many_pushes_as_there_were_does_not_lead_to_the_goal(tmp_path):
    rows = [
        row([(SUCCESS, 2, 0), (SUCCESS, 3, 0)], number=1),
        row([(SUCCESS, 3, 0), (UNTRIED, 1, 0)], number=2),
        row([(SUCCESS, 3, 0), (SUCCESS, 4, 0)], "b", number=3),
    ]
    states = states_of(tmp_path, rows)
    leads = [states[index].leads[:, :2].tolist() for index in range(2)]
    assert leads == [[[1, 0], [0, UNKNOWN]], [[1, 0]]]
    objects = CandidateData(tmp_path, "train", "object")
    assert [objects[index].leads.ravel().tolist() for index in range(2)] == [[1, 0], [1]]


def test_how_many_failures_make_a_dead_end_can_be_set(tmp_path):
    states_of(tmp_path, [row([(FAILURE, 1, 7), (FAILURE, 1, 8)])])
    states = CandidateData(tmp_path, "train", "goal", dead_end_after=8)
    assert states[0].leads[0, :2].tolist() == [UNKNOWN, 0]


def test_the_rows_of_a_state_are_one_item(tmp_path):
    tried, nothing = [(FAILURE, 1, 0)], [(UNTRIED, 1, 0)]
    shards = [
        [row(tried, "a", 1), row(nothing, "a", 2), row(tried, "b", 3)],
        [row(tried, "a", 4, scene="other"), row(nothing, "c", 5), row(tried, "a", 6)],
    ]
    states = states_of(tmp_path / "data", *shards)
    assert states.card["of"] == "tests"
    assert len(states) == 3
    assert [states.objects(index) for index in range(3)] == [2, 1, 1]
    values = [states[index].rasters[:, 0, 0, 0].tolist() for index in range(3)]
    assert values == [[11, 61], [31], [41]]
    assert [states[index].state.tolist() for index in range(3)] == [[0, 0], [0], [0]]
    with pytest.raises(IndexError):
        states[3]


def from_contacts(*tried, contacts=CONTACTS):
    """Labels of one travel per contact point; further contact points are untried up to a number."""
    known = [*tried, *[(UNTRIED, 1, 0)] * (contacts - len(tried))]
    known += [(UNREACHABLE, 1, 0)] * (CONTACTS - contacts)
    rest = {UNREACHABLE: [(UNREACHABLE, 1, 0)] * (TRAVELS - 1)}
    untried = [(UNTRIED, 1, 0)] * (TRAVELS - 1)
    return [one for first in known for one in (first, *rest.get(first[0], untried))]


DEAD, DOUBTFUL = (FAILURE, 1, DEAD_END_AFTER), (FAILURE, 1, DEAD_END_AFTER - 1)
UNMOVED = (FAILURE, 1, 127)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (from_contacts((SUCCESS, 1, 0)), (1, UNKNOWN)),
        (from_contacts((SUCCESS, 1, 0), *[UNMOVED] * 6), (1, UNKNOWN)),
        (from_contacts((SUCCESS, 2, 0)), (UNKNOWN, 1)),
        (from_contacts((SUCCESS, 2, 0), *[UNMOVED] * 5), (0, 1)),
        (from_contacts(*[UNMOVED] * 6), (0, 0)),
        (from_contacts(*[DOUBTFUL] * 6), (0, UNKNOWN)),
        (from_contacts(*[UNMOVED] * 5, DOUBTFUL), (0, UNKNOWN)),
        (from_contacts(*[DEAD] * 6), (0, 0)),
        (from_contacts(*[DEAD] * 2, contacts=2), (0, 0)),
    ],
)
def test_targets_of_a_movable_combine_all_its_candidates(tmp_path, known, expected):
    states = states_of(tmp_path / "data", [row(known, number=7)], kind="object")
    (sample,) = [states[index] for index in range(len(states))]
    assert (sample.opens.tolist(), sample.leads.tolist()) == ([[expected[0]]], [[expected[1]]])
    assert sample.rasters.unique().tolist() == [70]
    torch.testing.assert_close(sample.features, torch.tensor([[[0.3, 0.2, 0.7]]]))


@pytest.mark.parametrize(
    ("known", "implied"),
    [
        (from_contacts(*[DEAD] * 5), 0),
        (from_contacts(*[DEAD] * 2, contacts=3), 0),
        (from_contacts(*[DEAD] * 6), TRAVELS),
        ([DEAD] * (5 * TRAVELS), 0),
    ],
)
def test_a_movable_with_too_few_tried_contact_points_is_left_out(tmp_path, known, implied):
    failed = row(known, implied=range(implied))
    assert len(states_of(tmp_path / "data", [failed], kind="object")) == 0
    assert len(states_of(tmp_path / "data", [failed], kind="goal")) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["goal", "object"])
def test_samples_are_writable(tmp_path, kind):
    states = states_of(tmp_path / "data", [row([(SUCCESS, 1, 0)])], kind=kind)
    for tensor in states[0]:
        tensor += 1
    assert states[0].opens.max() == 1


def test_a_batch_pads_and_indexes_its_states(tmp_path):
    few = [(FAILURE, 1, 127), *[(UNREACHABLE, 1, 0)] * (TRAVELS - 1)]
    shards = [[row(few, "a", 1), row([(SUCCESS, 1, 0)], "b", 2), row(few, "b", 3)]]
    states = states_of(tmp_path / "data", *shards)
    batch = collate([states[0], states[1]])
    assert batch.state.tolist() == [0, 1, 1]
    assert batch.rasters.shape == (3, len(CHANNELS), PIXELS, PIXELS)
    assert batch.features.shape == (3, TRAVELS, len(FEATURES["goal"]))
    rest = [UNKNOWN] * (TRAVELS - 1)
    assert batch.opens.tolist() == [[0, *rest], [1, *rest], [0, *rest]]
    assert batch.leads.tolist() == [[0, *rest], [UNKNOWN, *rest], [0, *rest]]
    assert not batch.features[0, 1:].any()
    assert batch.features[1].all()
    assert [tensor.dtype for tensor in batch] == [
        torch.uint8,
        torch.float32,
        torch.int8,
        torch.int8,
        torch.int64,
    ]
    with pytest.raises(ValueError, match="no samples to collate"):
        collate([])


def test_a_torch_data_loader_yields_every_state_once(tmp_path):
    rows = [row([(FAILURE, 1, 0)] * (1 + number), str(number), number) for number in range(7)]
    states = states_of(tmp_path / "data", rows)
    loader = torch.utils.data.DataLoader(states, 3, shuffle=True, collate_fn=collate)
    batches = list(loader)
    assert [int(batch.state.max()) + 1 for batch in batches] == [3, 3, 1]
    firsts = sorted(
        int(batch.rasters[batch.state == state][0, 0, 0, 0])
        for batch in batches
        for state in range(int(batch.state.max()) + 1)
    )
    assert firsts == [10 * number + 1 for number in range(7)]


def test_a_missing_shard_is_named(tmp_path):
    rows = [[row([(FAILURE, 1, 0)], str(number))] for number in range(2)]
    folder = write(tmp_path / "data", *rows)
    (folder / shard_name("train", 0)).unlink()
    with pytest.raises(UsageError, match=shard_name("train", 0)):
        CandidateData(folder, "train", "goal")


def test_a_split_without_rows_is_empty(tmp_path):
    states = CandidateData(write(tmp_path / "data", [row([(FAILURE, 1, 0)])]), "val", "goal")
    assert len(states) == 0
    with pytest.raises(IndexError):
        states[0]


@pytest.mark.parametrize(("split", "kind"), [("validation", "goal"), ("train", "push")])
def test_an_unknown_split_or_kind_is_named_with_the_allowed_ones(tmp_path, split, kind):
    with pytest.raises(UsageError) as caught:
        CandidateData(write(tmp_path / "data"), split, kind)
    assert str(caught.value) == (
        f"split '{split}', kind '{kind}'; allowed: train, val, test; goal, object"
    )


@pytest.mark.parametrize("card", [None, "{", "[]", "{}", "3"])
def test_a_folder_without_a_card_is_not_a_data_set(tmp_path, card):
    folder = write(tmp_path / "data")
    (folder / "card.json").unlink()
    if card is not None:
        (folder / "card.json").write_text(card)
    with pytest.raises(UsageError) as caught:
        CandidateData(folder, "train", "goal")
    assert str(folder) in str(caught.value)


def test_a_version_mismatch_is_named_with_both_versions(tmp_path):
    folder = write(tmp_path / "data", version=99)
    with pytest.raises(UsageError) as caught:
        CandidateData(folder, "train", "goal")
    assert str(caught.value) == (
        f"{folder}: data set of version 99; this version reads {DATA_SCHEMA_VERSION}"
    )


@pytest.mark.parametrize("features", [None, {**LISTED_FEATURES, "goal": ["end_x"]}])
def test_a_data_set_with_other_features_is_refused_with_both(tmp_path, features):
    folder = write(tmp_path / "data", [row([(FAILURE, 1, 0)])], features=features)
    with pytest.raises(UsageError) as caught:
        CandidateData(folder, "train", "goal")
    assert str(caught.value) == (
        f"{folder}: data set with features {features}; this version reads {LISTED_FEATURES}: "
        "regenerate it"
    )


@pytest.mark.parametrize("content", [b"", b"PAR1 and nothing else"])
def test_a_damaged_shard_is_named(tmp_path, content):
    folder = write(tmp_path / "data", [row([(FAILURE, 1, 0)])])
    (folder / shard_name("train", 0)).write_bytes(content)
    with pytest.raises(UsageError) as caught:
        CandidateData(folder, "train", "goal")
    assert str(folder / shard_name("train", 0)) in str(caught.value)
