import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from namo.geometry import Pose2D
from namo.learning.queries import FEATURES, goal_query, object_query
from namo.learning.rasters import StateRaster
from namo.scenes.footprint import Polygon, centred
from namo.training.data import UNKNOWN, Sample
from namo.training.losses import candidate_loss, mirrored, ranking_loss
from namo.world.candidate_ways import CandidateWays
from namo.world.candidates import candidate_pushes
from namo.world.world import World

NAME = "obstacle_1_movable"
WEIGHTS = {"rank_weight": 0.3, "leads_weight": 0.5}
L_SHAPE = centred(Polygon(((0, 0), (0.7, 0), (0.7, 0.3), (0.3, 0.3), (0.3, 0.7), (0, 0.7))))[0]


def batch(opens, leads=None, state=None):
    """A batch with these targets; its rasters are not used."""
    opens = torch.tensor(opens, dtype=torch.int8)
    leads = torch.full_like(opens, UNKNOWN) if leads is None else torch.tensor(leads).to(opens)
    state = torch.zeros(len(opens)) if state is None else torch.tensor(state)
    views, candidates = opens.shape
    return Sample(
        torch.zeros(views, 1, 1, 1), torch.zeros(views, candidates, 1), opens, leads, state.long()
    )


def logits(*rows):
    """Logits of opening the goal; the logits of leading to it are zero."""
    opens = torch.tensor(rows, dtype=torch.float32)
    return torch.stack([opens, torch.zeros_like(opens)], dim=-1)


def scores(*rows):
    return torch.tensor(rows, dtype=torch.float32)


# ---- ranking -----------------------------------------------------------------------------------


def ranking(*rows, of):
    """The loss of logits of opening the goal, given row by row."""
    return float(ranking_loss(scores(*rows), of.opens, of.state))


def test_a_perfect_ranking_has_almost_no_loss_and_a_reversed_one_a_large_one():
    known = batch([[1, 0, 0, UNKNOWN]])
    assert ranking([20.0, -5.0, 0.0, 99.0], of=known) < 1e-6
    assert ranking([-20.0, 5.0, 0.0, 99.0], of=known) > 20.0
    assert ranking([0.0, 0.0, 0.0, 0.0], of=known) == pytest.approx(math.log(3))


def test_states_are_not_compared_with_each_other():
    one, other = batch([[1, 0]]), batch([[0, 1]])
    both = batch([[1, 0], [0, 1]], state=[0, 1])
    separate = [
        ranking(row, of=alone) for row, alone in (([1.0, 3.0], one), ([500.0, 499.0], other))
    ]
    together = ranking([1.0, 3.0], [500.0, 499.0], of=both)
    assert together == pytest.approx(np.mean(separate), rel=1e-6)


def test_views_of_the_same_state_are_compared():
    views = batch([[1, UNKNOWN], [0, 0]], state=[0, 0])
    expected = math.log(math.exp(1.0) + math.exp(2.0) + math.exp(3.0)) - 1.0
    assert ranking([1.0, 7.0], [2.0, 3.0], of=views) == pytest.approx(expected)


@pytest.mark.parametrize("opens", [[[0, 0]], [[1, 1]], [[UNKNOWN, UNKNOWN]], [[1, UNKNOWN]]])
def test_without_both_successes_and_failures_there_is_no_ranking_loss(opens):
    values = scores([1.0, 2.0]).requires_grad_()
    known = batch(opens)
    loss = ranking_loss(values, known.opens, known.state)
    loss.backward()
    assert loss.item() == 0.0
    assert values.grad.tolist() == [[0.0, 0.0]]


# ---- the whole loss ----------------------------------------------------------------------------


def test_the_loss_is_the_weighted_sum_of_four_terms():
    known = batch([[1, 0, 0]], [[UNKNOWN, 1, 0]])
    outputs = logits([2.0, -1.0, 0.5])
    outputs[0, :, 1] = torch.tensor([9.0, 0.3, -0.2])

    def cost(logit, target):
        return math.log1p(math.exp(-logit if target else logit))

    opens = np.mean([cost(2.0, 1), cost(-1.0, 0), cost(0.5, 0)])
    leads = np.mean([cost(0.3, 1), cost(-0.2, 0)])
    rank = math.log(1 + (math.exp(-1.0) + math.exp(0.5)) / math.exp(2.0))
    rank_leads = math.log(1 + math.exp(-0.2) / math.exp(0.3))
    expected = opens + 0.5 * leads + 0.3 * (rank + 0.5 * rank_leads)
    assert float(candidate_loss(outputs, known, **WEIGHTS).loss) == pytest.approx(expected)


targets = st.lists(st.sampled_from([0, 1, UNKNOWN]), min_size=6, max_size=6)
finite = st.floats(-80.0, 80.0, width=32)
values = st.lists(finite, min_size=12, max_size=12)
anything = st.lists(st.floats(-1e6, 1e6, width=32), min_size=12, max_size=12)


def made(opens, leads, numbers):
    known = batch(
        np.reshape(opens, (3, 2)).tolist(), np.reshape(leads, (3, 2)).tolist(), state=[0, 0, 1]
    )
    outputs = torch.tensor(numbers, dtype=torch.float32).reshape(3, 2, 2).requires_grad_()
    return known, outputs


@given(targets, targets, values, anything)
def test_candidates_without_a_target_do_not_affect_loss_or_gradient(opens, leads, numbers, others):
    known, outputs = made(opens, leads, numbers)
    changed = outputs.detach().clone()
    other = torch.tensor(others, dtype=torch.float32).reshape(3, 2, 2)
    for channel, target in enumerate((known.opens, known.leads)):
        unknown = target == UNKNOWN
        changed[..., channel][unknown] = other[..., channel][unknown]
    changed.requires_grad_()
    before, after = (candidate_loss(one, known, **WEIGHTS).loss for one in (outputs, changed))
    assert before.item() == after.item()
    for loss in (before, after):
        loss.backward()
    assert torch.equal(outputs.grad, changed.grad)
    assert not outputs.grad[..., 0][known.opens == UNKNOWN].any()
    assert not outputs.grad[..., 1][known.leads == UNKNOWN].any()


@given(targets, targets, anything)
def test_loss_and_gradient_are_finite_for_any_logits(opens, leads, numbers):
    known, outputs = made(opens, leads, numbers)
    loss = candidate_loss(outputs, known, **WEIGHTS).loss
    loss.backward()
    assert math.isfinite(loss.item())
    assert loss.item() >= 0.0
    assert outputs.grad.isfinite().all()


def test_gradient_descent_reduces_the_loss_and_orders_the_candidates():
    known = batch([[1, 0, UNKNOWN], [0, 1, 0]], [[UNKNOWN, 1, UNKNOWN], [0, UNKNOWN, 0]], [0, 1])
    outputs = torch.zeros(2, 3, 2, requires_grad=True)
    optimiser = torch.optim.SGD([outputs], 1.0)
    losses = []
    for _ in range(30):
        optimiser.zero_grad()
        loss = candidate_loss(outputs, known, **WEIGHTS).loss
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses == sorted(losses, reverse=True)
    opens = outputs.detach()[..., 0]
    assert opens[0, 0] > opens[0, 1]
    assert opens[1, 1] > opens[1].mean()


# ---- mirroring ---------------------------------------------------------------------------------


def all_chosen(count):
    """A generator whose next `count` samples are all below a half."""
    for seed in range(10_000):
        if (np.random.default_rng(seed).random(count) < 0.5).all():
            return np.random.default_rng(seed)
    raise AssertionError


def sample_of(query):
    """A query as a sample without targets."""
    largest = np.bincount(query.view).max()
    features = np.zeros((len(query.rasters), largest, query.features.shape[1]), np.float32)
    for view in range(len(query.rasters)):
        own = query.features[query.view == view]
        features[view, : len(own)] = own
    unknown = torch.full(features.shape[:2], UNKNOWN, dtype=torch.int8)
    state = torch.zeros(len(features), dtype=torch.long)
    return Sample(
        torch.from_numpy(query.rasters), torch.from_numpy(features), unknown, unknown, state
    )


def random_sample(views, kind):
    generator = torch.Generator().manual_seed(1)
    unknown = torch.full((views, 3), UNKNOWN, dtype=torch.int8)
    rasters = torch.randint(0, 256, (views, 6, 8, 8), dtype=torch.uint8, generator=generator)
    features = torch.randn(views, 3, len(FEATURES[kind]), generator=generator)
    return Sample(rasters, features, unknown, unknown, torch.zeros(views, dtype=torch.long))


@pytest.mark.parametrize("kind", ["goal", "object"])
def test_mirroring_twice_restores_the_sample(kind):
    sample = random_sample(3, kind)
    once = mirrored(sample, FEATURES[kind], all_chosen(3))
    assert not torch.equal(once.rasters, sample.rasters)
    twice = mirrored(once, FEATURES[kind], all_chosen(3))
    assert all(torch.equal(one, other) for one, other in zip(twice, sample, strict=True))


def test_about_half_of_the_views_are_mirrored_with_their_features():
    sample = random_sample(400, "goal")
    found = mirrored(sample, FEATURES["goal"], np.random.default_rng(0))
    flipped = torch.tensor(
        [not torch.equal(*pair) for pair in zip(found.rasters, sample.rasters, strict=True)]
    )
    assert 150 < int(flipped.sum()) < 250
    changed_features = (found.features != sample.features).any(dim=(1, 2))
    assert torch.equal(changed_features, flipped)
    again = mirrored(sample, FEATURES["goal"], np.random.default_rng(0))
    assert torch.equal(again.rasters, found.rasters)


def mirror_image(scene):
    """The scene mirrored at the x axis."""

    def mirror(solid):
        pose, shape = solid.pose, solid.footprint
        if isinstance(shape, Polygon):
            shape = Polygon(tuple((x, -y) for x, y in shape.vertices))
        return replace(solid, footprint=shape, pose=Pose2D(pose.x, -pose.y, -pose.theta))

    return replace(
        scene,
        walls=tuple(map(mirror, scene.walls)),
        movables=tuple(map(mirror, scene.movables)),
        robot=replace(scene.robot, y=-scene.robot.y),
        goal=replace(scene.goal, y=-scene.goal.y),
    )


@pytest.mark.parametrize("kind", ["goal", "object"])
def test_a_mirrored_query_is_the_query_of_the_mirrored_scene(rooms, kind):
    other = replace(rooms.box(1.1, 0.7, 0.2, number=2), footprint=L_SHAPE)
    scene = rooms.room(rooms.box(0.0, 0.0, 0.3), other, side=5.0, options=rooms.SLEEPING)
    samples = []
    for one in (scene, mirror_image(scene)):
        world = World(one)
        state = StateRaster(world.reachability())
        if kind == "goal":
            candidates = candidate_pushes(world, NAME)
            query = goal_query(state, CandidateWays(state.reachability, NAME, candidates))
        else:
            query = object_query(state, NAME)
        samples.append(sample_of(query))
    there = mirrored(samples[0], FEATURES[kind], all_chosen(len(samples[0].rasters)))
    for view, raster in enumerate(there.rasters):
        differences = [(raster.float() - one.float()).abs().mean() for one in samples[1].rasters]
        match = int(np.argmin(differences))  # views are in another order
        assert differences[match] < 4.0
        expected = samples[1].features[match]
        for candidate in there.features[view]:
            assert (candidate - expected).abs().amax(dim=1).min() < 1e-3
