import hashlib
import json
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from namo.errors import ModelError
from namo.learning import bundle as bundle_module
from namo.learning.architecture import new_network
from namo.learning.bundle import expected_config, load_bundle, write_bundle
from namo.learning.bundle_files import CONFIG, WEIGHTS, bundle_sha256, seen_layouts
from namo.learning.queries import FEATURES
from namo.learning.rasters import CHANNELS
from tests.learning.conftest import (
    ABOUT,
    SIZES,
    assert_refused,
    change,
    outputs,
    seal,
    small_network,
)


@pytest.mark.parametrize("kind", ["goal", "object"])
def test_a_loaded_bundle_gives_the_same_outputs(tmp_path, kind):
    network = small_network(kind)
    write_bundle(tmp_path / "model", kind, network, SIZES, ABOUT, ["b", "a", "c"])
    loaded = load_bundle(tmp_path / "model", kind)
    assert torch.equal(outputs(loaded.network, kind), outputs(network, kind))
    assert (loaded.kind, loaded.discount) == (kind, 0.7)
    assert loaded.config["parameters"] == sum(one.numel() for one in network.parameters())
    assert loaded.config["training"] == {"seed": 3}
    assert loaded.config["layouts"] == 3
    assert seen_layouts(tmp_path / "model") == {"a", "b", "c"}


@pytest.mark.parametrize("values", [1, 7, 100])
def test_weights_that_are_read_in_blocks_are_the_same(intact, monkeypatch, values):
    whole = load_bundle(intact, "goal").network.state_dict()
    monkeypatch.setattr(bundle_module, "BLOCK_VALUES", values)
    blocks = load_bundle(intact, "goal").network.state_dict()
    assert all(torch.equal(blocks[name], tensor) for name, tensor in whole.items())
    assert blocks.keys() == whole.keys()


def test_equal_networks_write_equal_bundles_and_others_do_not(intact, tmp_path):
    write_bundle(tmp_path / "same", "goal", small_network(), SIZES, ABOUT, ["a", "b"])
    for name in (CONFIG, WEIGHTS, "layouts.txt"):
        assert (tmp_path / "same" / name).read_bytes() == (intact / name).read_bytes()
    assert bundle_sha256(tmp_path / "same") == bundle_sha256(intact)
    network = small_network()
    with torch.no_grad():
        network.out.bias[0] += 1e-3
    write_bundle(tmp_path / "other", "goal", network, SIZES, ABOUT, ["a", "b"])
    assert bundle_sha256(tmp_path / "other") != bundle_sha256(intact)


@pytest.mark.parametrize("name", [CONFIG, WEIGHTS])
def test_a_missing_file_is_named(bundle, name):
    (bundle / name).unlink()
    assert_refused(bundle, f"has no {name}")


def test_a_missing_folder_is_named(tmp_path):
    assert_refused(tmp_path / "not there", "no such folder", CONFIG, WEIGHTS)


@pytest.mark.parametrize("text", ["", "{", "\xff\xfe", "[" * 100_000, "1" * 10_000, '{"kind": '])
def test_a_config_that_is_not_json_is_named(bundle, text):
    (bundle / CONFIG).write_bytes(text.encode("latin1"))
    assert_refused(bundle, CONFIG, "not valid JSON")


def test_a_config_that_is_not_an_object_is_named(bundle):
    (bundle / CONFIG).write_text("[1, 2]")
    assert_refused(bundle, CONFIG, "holds a list; expected an object")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("kind", "object"),
        ("channels", [*CHANNELS, "smell"]),
        ("channels", list(CHANNELS[::-1])),
        ("features", list(FEATURES["object"])),
        ("features", ["travel", "travel"]),
        ("features", []),
        ("metres_per_pixel", 0.05),
        ("pixels", 64),
        ("behind_m", 1.0),
        ("robot_radius_m", 0.2),
        ("schema_version", 2),
        ("schema_version", ...),
        ("outputs", ["opens"]),
        ("normalisation", {"rasters": "none", "features": "none"}),
        ("candidate_set", {"contact_offsets": [0.0], "travels": [0.1]}),
    ],
)
def test_a_mismatch_of_the_input_is_named_with_both_values(bundle, name, value):
    change(bundle, **{name: value})
    found = None if value is ... else value
    assert_refused(bundle, CONFIG, f"{name} is {found!r}", repr(expected_config("goal")[name]))


def test_a_model_may_do_without_some_features(tmp_path):
    names = ["travel", "end_y", "end_x"]
    network = new_network("goal", {}, names)
    write_bundle(tmp_path, "goal", network, {}, {"discount": 0.8}, features=names)
    loaded = load_bundle(tmp_path, "goal")
    assert loaded.config["features"] == names
    assert loaded.network.sample_at == [(2, 1)]  # the end of a push, and no contact


def test_a_model_that_names_no_robot_is_one_of_robots_of_the_usual_radius(bundle):
    change(bundle, robot_radius_m=...)
    assert "robot_radius_m" not in load_bundle(bundle, "goal").config


def test_a_model_is_refused_for_another_kind_of_query(bundle):
    assert_refused(bundle, CONFIG, "kind is 'goal'; this version needs 'object'", kind="object")


@pytest.mark.parametrize("discount", [..., None, "0.5", -0.1, 1.1, float("nan"), [0.5]])
def test_an_invalid_discount_is_named(bundle, discount):
    change(bundle, discount=discount)
    assert_refused(bundle, CONFIG, "discount is", "from 0 to 1")


@pytest.mark.parametrize("damage", ["cut off", "a bit", "empty", "another model's"])
def test_damaged_weights_are_named_with_both_checksums(bundle, tmp_path, damage):
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
    found = hashlib.sha256(weights).hexdigest()
    assert_refused(bundle, WEIGHTS, "checksum mismatch", found, expected, CONFIG)


@pytest.mark.parametrize(
    ("name", "value"),
    [("widths", [2, 3, 5]), ("blocks", [1, 1, 2]), ("summary", 6), ("hidden", 7)],
)
def test_weights_of_another_architecture_are_refused(bundle, name, value):
    change(bundle, architecture={"name": "candidate_net", **SIZES, name: value})
    assert_refused(bundle, WEIGHTS, "does not match the architecture")


@pytest.mark.parametrize("content", [b"", b"\x00" * 7, b"\xff" * 64, b"{}", b"PK\x03\x04" * 20])
def test_a_file_that_is_not_safetensors_is_refused(bundle, content):
    (bundle / WEIGHTS).write_bytes(content)
    seal(bundle)
    assert_refused(bundle, WEIGHTS)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_non_finite_weights_are_named(bundle, value):
    tensors = load_file(bundle / WEIGHTS)
    tensors["hidden.weight"][0, 0] = value
    save_file(tensors, bundle / WEIGHTS)
    seal(bundle)
    assert_refused(bundle, WEIGHTS, "hidden.weight has non-finite values")


@pytest.mark.parametrize("architecture", [..., None, "candidate_net", []])
def test_an_architecture_that_is_not_an_object_is_named(bundle, architecture):
    change(bundle, architecture=architecture)
    assert_refused(bundle, CONFIG, "'architecture' must be an object")


class _Trap:
    """An object that runs code when it is unpickled."""

    def __init__(self, mark):
        self.mark = str(mark)

    def __reduce__(self):
        return Path.touch, (Path(self.mark),)


@pytest.mark.parametrize("how", ["pickle", "torch"])
def test_a_pickle_in_place_of_weights_is_refused_without_running_code(bundle, tmp_path, how):
    mark = tmp_path / "code ran"
    if how == "pickle":
        (bundle / WEIGHTS).write_bytes(pickle.dumps(_Trap(mark)))
    else:
        torch.save({"weights": _Trap(mark)}, bundle / WEIGHTS)
    seal(bundle)
    assert_refused(bundle, WEIGHTS)
    assert_refused(bundle, WEIGHTS, trust_code=True)
    assert not mark.exists()
    pickle.loads(pickle.dumps(_Trap(mark)))
    assert mark.exists()  # the pickle does run code when loaded


@pytest.mark.parametrize("named", [3, ["a"], {}, True])
def test_a_class_that_is_not_a_string_is_named(bundle, named):
    change(bundle, **{"class": named})
    assert_refused(bundle, CONFIG, f"class is {named!r}", trust_code=True)


# ---- mutations of the files --------------------------------------------------------------------

ODD = (None, True, -1, 0, 2, 10**9, 1e308, float("nan"), "x", "", [], [1, 2, 3], {}, {"a": [None]})


def mutated(data, rng):
    """Bytes with a few changed, removed, duplicated or inserted."""
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
    """A config with one value replaced, at any depth."""
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


def outputs_unless_refused(bundle):
    """The outputs of the model, or None if it is refused; nothing else may happen."""
    try:
        loaded = load_bundle(bundle, "goal")
    except ModelError:
        return None
    return outputs(loaded.network)


@pytest.mark.parametrize("how", [mutated, odd_values])
def test_a_changed_config_never_changes_outputs_silently(bundle, how):
    rng = np.random.default_rng(0)
    config, expected = (bundle / CONFIG).read_bytes(), outputs(small_network())
    outcomes = []
    for _ in range(200):
        (bundle / CONFIG).write_bytes(how(config, rng))
        found = outputs_unless_refused(bundle)
        outcomes.append(found is not None)
        assert found is None or torch.equal(found, expected)
    assert 0 < sum(outcomes) < 150  # some values do not affect the outputs


def test_changed_weights_never_load(bundle):
    rng = np.random.default_rng(1)
    weights = (bundle / WEIGHTS).read_bytes()
    for _ in range(200):
        (bundle / WEIGHTS).write_bytes(changed := mutated(weights, rng))
        assert changed == weights or outputs_unless_refused(bundle) is None


@pytest.mark.parametrize("where", ["header", "anywhere"])
def test_changed_weights_with_a_matching_checksum_load_or_are_refused(bundle, where):
    rng = np.random.default_rng(2)
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little") if where == "header" else len(weights)
    for _ in range(100):
        (bundle / WEIGHTS).write_bytes(mutated(weights[:end], rng) + weights[end:])
        seal(bundle)
        outputs_unless_refused(bundle)


@pytest.mark.parametrize("dtype", ["F64", "F16", "I32", "BOOL", "C64", "X"])
def test_weights_of_another_type_load_or_are_refused(bundle, dtype):
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little")
    header = weights[8:end].replace(b'"F32"', f'"{dtype}"'.encode())
    (bundle / WEIGHTS).write_bytes(len(header).to_bytes(8, "little") + header + weights[end:])
    seal(bundle)
    outputs_unless_refused(bundle)


@pytest.mark.parametrize(
    ("dtype", "bits"), [("F4", 4), ("F6_E2M3", 6), ("F6_E3M2", 6), ("F8_E8M0", 8)]
)
@pytest.mark.parametrize("name", ["out.bias", "hidden.weight"])
def test_an_unsupported_type_of_weights_is_refused(bundle, name, dtype, bits):
    weights = (bundle / WEIGHTS).read_bytes()
    end = 8 + int.from_bytes(weights[:8], "little")
    header = json.loads(weights[8:end])
    begin, stop = header[name]["data_offsets"]
    header[name] |= {"dtype": dtype, "shape": [(stop - begin) * 8 // bits]}
    text = json.dumps(header).encode()
    (bundle / WEIGHTS).write_bytes(len(text).to_bytes(8, "little") + text + weights[end:])
    seal(bundle)
    assert_refused(bundle, WEIGHTS)


@pytest.mark.parametrize(
    ("dtype", "value"), [(torch.float64, 1e300), (torch.float8_e4m3fn, float("nan"))]
)
def test_weights_that_are_not_finite_after_conversion_are_named(bundle, dtype, value):
    tensors = load_file(bundle / WEIGHTS)
    tensors["out.bias"] = torch.full((2,), value, dtype=torch.float64).to(dtype)
    save_file(tensors, bundle / WEIGHTS)
    seal(bundle)
    assert_refused(bundle, WEIGHTS, "out.bias has non-finite values")
