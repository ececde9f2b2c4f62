import hashlib
import json
import pickle
import resource
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from namo.errors import ModelError, UsageError
from namo.learning.bundle import expected_config, load_bundle, new_network, write_bundle
from namo.learning.bundle_files import bundle_sha256, trained_layouts
from namo.learning.queries import FEATURES
from namo.learning.rasters import CHANNELS, VIEWS

SIZES = {"widths": [2, 3, 4], "blocks": [1, 1, 1], "summary": 5, "hidden": 6}
ABOUT = {"discount": 0.7, "training": {"seed": 3}, "metrics": None}
WEIGHTS, CONFIG = "model.safetensors", "config.json"


def answers(network, kind="goal"):
    generator = torch.Generator().manual_seed(0)
    pixels = VIEWS["push" if kind == "goal" else "object"].pixels
    rasters = torch.rand(2, len(CHANNELS), pixels, pixels, generator=generator)
    with torch.inference_mode():
        return network(rasters, torch.rand(2, 3, len(FEATURES[kind]), generator=generator))


def small_network(kind="goal", sizes=SIZES):
    torch.manual_seed(0)
    return new_network(kind, sizes).eval()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A small bundle. Read only."""
    folder = tmp_path_factory.mktemp("bundles") / "whole"
    write_bundle(folder, "goal", small_network(), SIZES, ABOUT, ["b", "a"])
    return folder


@pytest.fixture
def bundle(whole, tmp_path):
    """A copy of it, to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "bundle"))


def change(bundle, **values):
    """Write other values into the config; those that are `...` are taken out."""
    config = json.loads((bundle / CONFIG).read_text()) | values
    config = {name: value for name, value in config.items() if value is not ...}
    (bundle / CONFIG).write_text(json.dumps(config))


def seal(bundle):
    """Let the config vouch for the weights as they are."""
    change(bundle, weights_sha256=hashlib.sha256((bundle / WEIGHTS).read_bytes()).hexdigest())


def refused(bundle, *said, kind="goal", **options):
    with pytest.raises(ModelError) as caught:
        load_bundle(bundle, kind, **options)
    assert isinstance(caught.value, UsageError)  # exit code 2
    for text in (str(bundle), *said):
        assert str(text) in str(caught.value)


@pytest.mark.parametrize("kind", ["goal", "object"])
def test_a_bundle_that_is_read_gives_the_same_answers(tmp_path, kind):
    network = small_network(kind)
    write_bundle(tmp_path / "model", kind, network, SIZES, ABOUT, ["b", "a", "c"])
    loaded = load_bundle(tmp_path / "model", kind)
    assert torch.equal(answers(loaded.network, kind), answers(network, kind))
    assert (loaded.kind, loaded.discount) == (kind, 0.7)
    assert loaded.config["parameters"] == sum(one.numel() for one in network.parameters())
    assert loaded.config["training"] == {"seed": 3}
    assert loaded.config["layouts"] == 3
    assert trained_layouts(tmp_path / "model") == {"a", "b", "c"}


def test_the_same_network_makes_the_same_bundle_and_another_one_another(whole, tmp_path):
    write_bundle(tmp_path / "same", "goal", small_network(), SIZES, ABOUT, ["a", "b"])
    for name in (CONFIG, WEIGHTS, "layouts.txt"):
        assert (tmp_path / "same" / name).read_bytes() == (whole / name).read_bytes()
    assert bundle_sha256(tmp_path / "same") == bundle_sha256(whole)
    network = small_network()
    with torch.no_grad():
        network.out.bias[0] += 1e-3
    write_bundle(tmp_path / "other", "goal", network, SIZES, ABOUT, ["a", "b"])
    assert bundle_sha256(tmp_path / "other") != bundle_sha256(whole)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    refused(bundle, f"has no {name}")


def test_a_missing_folder_is_named(tmp_path):
    refused(tmp_path / "not there", "no such folder", CONFIG, WEIGHTS)


@pytest.mark.parametrize("text", ["", "{", "\xff\xfe", "[" * 100_000, "1" * 10_000, '{"kind": '])
def test_a_config_that_is_no_json_is_named(bundle, text):
    (bundle / CONFIG).write_bytes(text.encode("latin1"))
    refused(bundle, CONFIG, "is no JSON")


def test_a_config_that_is_no_object_is_named(bundle):
    (bundle / CONFIG).write_text("[1, 2]")
    refused(bundle, CONFIG, "holds a list")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "object"),
        ("channels", [*CHANNELS, "smell"]),
        ("channels", list(CHANNELS[::-1])),
        ("features", list(FEATURES["object"])),
        ("metres_per_pixel", 0.05),
        ("pixels", 64),
        ("behind_m", 1.0),
        ("schema_version", 2),
        ("schema_version", ...),
        ("outputs", ["opens"]),
        ("normalisation", {"rasters": "none", "features": "none"}),
        ("candidate_set", {"contact_offsets": [0.0], "travels": [0.1]}),
    ],
)
def test_other_input_than_is_drawn_is_named_with_both_values(bundle, name, value):
    change(bundle, **{name: value})
    there = None if value is ... else value
    refused(bundle, CONFIG, f"{name} is {there!r}", repr(expected_config("goal")[name]))


def test_a_model_is_refused_for_another_kind_of_question(bundle):
    refused(bundle, CONFIG, "kind is 'goal'; this version needs 'object'", kind="object")


@pytest.mark.parametrize("discount", [..., None, "0.5", -0.1, 1.1, float("nan"), [0.5]])
def test_a_discount_that_is_none_is_named(bundle, discount):
    change(bundle, discount=discount)
    refused(bundle, CONFIG, "discount is", "from 0 to 1")


@pytest.mark.parametrize("damage", ["cut off", "a bit", "empty", "another model's"])
def test_damaged_weights_are_named_with_both_hashes(bundle, tmp_path, damage):
    weights = bytearray((bundle / WEIGHTS).read_bytes())
    expected = hashlib.sha256(weights).hexdigest()
    if damage == "cut off":
        del weights[-4:]
    elif damage == "a bit":
        weights[-9] ^= 1
    elif damage == "empty":
        weights.clear()
    else:
        write_bundle(tmp_path / "another", "object", small_network("object"), SIZES, ABOUT)
        weights = (tmp_path / "another" / WEIGHTS).read_bytes()
    (bundle / WEIGHTS).write_bytes(weights)
    refused(bundle, WEIGHTS, hashlib.sha256(weights).hexdigest(), expected, CONFIG)


@pytest.mark.parametrize(
    ("name", "value"),
    [("widths", [2, 3, 5]), ("blocks", [1, 1, 2]), ("summary", 6), ("hidden", 7)],
)
def test_weights_of_another_architecture_are_refused(bundle, name, value):
    change(bundle, architecture={"name": "candidate_net", **SIZES, name: value})
    refused(bundle, WEIGHTS, "does not fit the architecture")


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"\xff" * 64, b"{}", b"PK\x03\x04" * 20])
def test_what_is_no_file_of_weights_is_refused(bundle, content):
    (bundle / WEIGHTS).write_bytes(content)
    seal(bundle)
    refused(bundle, WEIGHTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_named(bundle, value):
    tensors = load_file(bundle / WEIGHTS)
    tensors["hidden.weight"][0, 0] = value
    save_file(tensors, bundle / WEIGHTS)
    seal(bundle)
    refused(bundle, WEIGHTS, "hidden.weight holds numbers that are not finite")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("widths", [10**9, 3, 4]),
        ("widths", [2, 3]),
        ("widths", 2),
        ("widths", [True, 3, 4]),
        ("widths", ["2", 3, 4]),
        ("widths", {}),
        ("blocks", [1, -1, 1]),
        ("blocks", [1, 65, 1]),
        ("blocks", [10**30, 1, 1]),
        ("summary", 0),
        ("summary", -5),
        ("summary", False),
        ("summary", [5]),
        ("summary", 5.0),
        ("hidden", 10**9),
        ("hidden", None),
        ("channels", 4),
        ("sample_at", [[0, 10**6]]),
        ("device", "cuda"),
    ],
)
def test_absurd_sizes_are_named(bundle, name, value):
    change(bundle, architecture={"name": "candidate_net", **SIZES, name: value})
    refused(bundle, CONFIG, f"architecture: {name} is {value!r}")


def test_sizes_that_only_together_are_absurd_take_no_memory(bundle):
    unit = 1 if sys.platform == "darwin" else 1024  # bytes; the kernels disagree
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for sizes in (
        {"widths": [1, 1, 8192], "summary": 8192},
        {"widths": [2048, 2048, 2048], "blocks": [64, 64, 64]},
        {"widths": [8192, 1, 8192], "blocks": [64, 64, 64]},
    ):
        change(bundle, architecture={"name": "candidate_net", **SIZES, **sizes})
        refused(bundle, CONFIG)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown * unit < 200e6


@pytest.mark.parametrize("name", ["resnet", None, 3, ["candidate_net"], {}])
def test_an_unknown_architecture_is_named_with_those_there_are(bundle, name):
    change(bundle, architecture={"name": name, **SIZES})
    refused(bundle, CONFIG)
    change(bundle, architecture={**SIZES})
    refused(bundle, CONFIG, "architecture is None; known: candidate_net")


@pytest.mark.parametrize("architecture", [..., None, "candidate_net", []])
def test_an_architecture_that_is_no_object_is_named(bundle, architecture):
    change(bundle, architecture=architecture)
    refused(bundle, CONFIG, "architecture is no object")


class _Trap:
    """An object that runs code when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return Path.touch, (Path(self.mark),)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_pickle_in_place_of_weights_is_refused_and_runs_no_code(bundle, tmp_path, how):
    mark = tmp_path / "it ran"
    if how == "pickle":
        (bundle / WEIGHTS).write_bytes(pickle.dumps(_Trap(mark)))
    else:
        torch.save({"weights": _Trap(mark)}, bundle / WEIGHTS)
    seal(bundle)
    refused(bundle, WEIGHTS)
    refused(bundle, WEIGHTS, trust_code=True)
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Trap(mark)))
    assert mark.exists()  # it would have


OWN_MODEL = """
from pathlib import Path
import torch

Path({mark!r}).touch()


class Own(torch.nn.Module):
    def __init__(self, width):
        super().__init__()
        self.out = torch.nn.Linear(10, width)

    def forward(self, rasters, features):
        return self.out(features) + rasters.mean()


def not_a_module(width):
    return [width]
"""


@pytest.fixture
def own(bundle, tmp_path, monkeypatch):
    """A bundle with a class of its user's, and the file that is there once its code ran."""
    name = f"own_model_of_{tmp_path.name}".replace("-", "_")
    mark = tmp_path / "it ran"
    (tmp_path / f"{name}.py").write_text(OWN_MODEL.format(mark=str(mark)))
    monkeypatch.syspath_prepend(tmp_path)
    save_file(torch.nn.Linear(10, 2).state_dict(prefix="out."), bundle / WEIGHTS)
    change(bundle, architecture={"width": 2}, **{"class": f"{name}:Own"})
    seal(bundle)
    return bundle, mark, name


def test_a_class_of_the_users_works_where_it_is_trusted(own):
    bundle, mark, _ = own
    loaded = load_bundle(bundle, "goal", trust_code=True)
    assert mark.exists()
    assert answers(loaded.network).shape == (2, 3, 2)
    assert not loaded.network.training


def test_a_class_of_the_users_is_not_even_imported_where_it_is_not_trusted(own):
    bundle, mark, name = own
    refused(bundle, CONFIG, f"class is '{name}:Own'", "--trust-model-code")
    assert not mark.exists()


@pytest.mark.parametrize(
    "named",
    ["no_such_module_at_all:Own", "{}:Other", "{}", ":Own", "", "{}:not_a_module", "{}:Own.x"],
)
def test_a_class_that_cannot_be_had_is_named(own, named):
    bundle, _, name = own
    named = named.format(name)
    change(bundle, **{"class": named})
    refused(bundle, CONFIG, named, trust_code=True)


@pytest.mark.parametrize("text", ["def (", "raise KeyError('x')", "x = y"])
def test_a_module_that_is_broken_is_named(own, tmp_path, text):
    bundle, _, name = own
    (tmp_path / f"{name}_broken.py").write_text(text)
    change(bundle, **{"class": f"{name}_broken:Own"})
    refused(bundle, CONFIG, f"{name}_broken:Own", trust_code=True)


def test_a_class_that_takes_other_arguments_is_named(own):
    bundle, _, name = own
    change(bundle, architecture={"height": 2})
    refused(bundle, CONFIG, f"{name}:Own", "height", trust_code=True)


@pytest.mark.parametrize("named", [3, ["a"], {}, True])
def test_a_class_that_is_no_text_is_named(bundle, named):
    change(bundle, **{"class": named})
    refused(bundle, CONFIG, f"class is {named!r}", trust_code=True)


# ---- whatever happens to the files -------------------------------------------------------------

ODD = (None, True, -1, 0, 2, 10**9, 1e308, float("nan"), "x", "", [], [1, 2, 3], {}, {"a": [None]})


def bent(data, rng):
    """Bytes with a few of them changed, taken out, doubled or put in."""
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 4))):
        place = int(rng.integers(len(data) + 1))
        span = int(rng.integers(1, 9))
        kind = int(rng.integers(4))
        if kind == 0 and place < len(data):
            data[place] ^= 1 << int(rng.integers(8))
        elif kind == 1:
            del data[place : place + span]
        elif kind == 2:
            data[place:place] = data[place : place + span]
        else:
            data[place:place] = rng.bytes(span)
    return bytes(data)


def odd_values(config, rng):
    """A config with something else in one place, however deep."""
    config = json.loads(config)
    inside = config
    while True:
        keys = list(inside) if isinstance(inside, dict) else range(len(inside))
        key = keys[int(rng.integers(len(keys)))]
        if isinstance(inside[key], dict | list) and inside[key] and rng.random() < 0.7:
            inside = inside[key]
            continue
        inside[key] = ODD[int(rng.integers(len(ODD)))]
        return json.dumps(config).encode()


def loads_or_is_refused(bundle):
    """The answers of the model, or None where it is refused; nothing else may happen."""
    try:
        loaded = load_bundle(bundle, "goal")
    except ModelError:
        return None
    return answers(loaded.network)


@pytest.mark.parametrize("how", [bent, odd_values])
def test_a_changed_config_never_changes_answers_unseen(bundle, how):
    rng = np.random.default_rng(0)
    config, expected = (bundle / CONFIG).read_bytes(), answers(small_network())
    outcomes = []
    for _ in range(200):
        (bundle / CONFIG).write_bytes(how(config, rng))
        found = loads_or_is_refused(bundle)
        outcomes.append(found is not None)
        assert found is None or torch.equal(found, expected)
    assert 0 < sum(outcomes) < 150  # some places say nothing that matters to answers


def test_changed_weights_never_load(bundle):
    rng = np.random.default_rng(1)
    weights = (bundle / WEIGHTS).read_bytes()
    for _ in range(200):
        (bundle / WEIGHTS).write_bytes(changed := bent(weights, rng))
        assert changed == weights or loads_or_is_refused(bundle) is None


@pytest.mark.parametrize("where", ["header", "anywhere"])
def test_changed_weights_that_the_config_vouches_for_load_or_are_refused(bundle, where):
    rng = np.random.default_rng(2)
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little") if where == "header" else len(weights)
    for _ in range(100):
        (bundle / WEIGHTS).write_bytes(bent(weights[:end], rng) + weights[end:])
        seal(bundle)
        loads_or_is_refused(bundle)


@pytest.mark.parametrize("dtype", ["F64", "F16", "I32", "BOOL", "C64", "X"])
def test_weights_of_another_type_load_or_are_refused(bundle, dtype):
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little")
    header = weights[8:end].replace(b'"F32"', f'"{dtype}"'.encode())
    (bundle / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + weights[end:])
    seal(bundle)
    loads_or_is_refused(bundle)


@pytest.mark.parametrize(
    ("dtype", "bits"), [("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("F8_E8M0", 8)]
)
@pytest.mark.parametrize("name", ["out.bias", "hidden.weight"])
def test_a_type_that_weights_are_not_kept_in_is_refused(bundle, name, dtype, bits):
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8:end])
    begin, stop = header[name]["data_offsets"]
    header[name] |= {"dtype": dtype, "shape": [(stop - begin) * 8 // bits]}
    text = json.dumps(header).encode()
    (bundle / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + weights[end:])
    seal(bundle)
    refused(bundle, WEIGHTS)


@pytest.mark.parametrize(
    ("dtype", "value"), [(torch.float64, 1e300), (torch.float8_e4m3fn, float("nan"))]
)
def test_weights_that_are_not_finite_as_they_are_used_are_named(bundle, dtype, value):
    tensors = load_file(bundle / WEIGHTS)
    tensors["out.bias"] = torch.full((2,), value, dtype=torch.float64).to(dtype)
    save_file(tensors, bundle / WEIGHTS)
    seal(bundle)
    refused(bundle, WEIGHTS, "out.bias holds numbers that are not finite")
