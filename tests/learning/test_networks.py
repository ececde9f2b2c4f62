import pytest
import torch
from torch import nn

from namo.learning.networks import CandidateNet

CHANNELS, FEATURES, PIXELS, SIDE_M, BEHIND_M = 6, 5, 48, 0.06, 0.96
SIZES = {"widths": (4, 6, 8), "blocks": (1, 2, 1), "summary": 7, "hidden": 9}


def made(seed=0, **changes):
    """A network with random weights and batch-norm statistics, in evaluation mode."""
    torch.manual_seed(seed)
    known = {"sample_at": [(0, 1), (2, 3)], **SIZES, **changes}
    network = CandidateNet(CHANNELS, FEATURES, PIXELS, SIDE_M, BEHIND_M, **known)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean)
            nn.init.uniform_(module.running_var, 0.5, 2.0)
            nn.init.normal_(module.weight, 1.0, 0.3)
            nn.init.normal_(module.bias)
    return network.eval()


def inputs(batch, candidates, seed=1):
    generator = torch.Generator().manual_seed(seed)
    rasters = torch.rand(batch, CHANNELS, PIXELS, PIXELS, generator=generator)
    return rasters, torch.randn(batch, candidates, FEATURES, generator=generator)


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize("candidates", [1, 7])
@pytest.mark.parametrize("sample_at", [[], [(0, 1)], [(0, 1), (2, 3)]])
def test_every_candidate_gets_two_logits(batch, candidates, sample_at):
    with torch.inference_mode():
        logits = made(sample_at=sample_at)(*inputs(batch, candidates))
    assert logits.shape == (batch, candidates, 2)
    assert logits.isfinite().all()


def test_a_fused_network_gives_the_same_outputs_without_batch_norm():
    network = made()
    with torch.inference_mode():
        expected = network(*inputs(3, 5))
        fused = network.fused()
        torch.testing.assert_close(fused(*inputs(3, 5)), expected, rtol=1e-4, atol=1e-4)
        again = fused.fused()(*inputs(3, 5))
    assert not any(isinstance(module, nn.BatchNorm2d) for module in fused.modules())
    torch.testing.assert_close(again, expected, rtol=1e-4, atol=1e-4)


def test_the_output_for_a_candidate_does_not_depend_on_the_rest_of_the_batch():
    network, (rasters, features) = made(), inputs(4, 6)
    with torch.inference_mode():
        together = network(rasters, features)
        for state in range(4):
            alone = network(rasters[state : state + 1], features[state : state + 1, 2:3])
            torch.testing.assert_close(alone[0, 0], together[state, 2], rtol=1e-4, atol=1e-5)
        padded = torch.cat([features, torch.zeros(4, 3, FEATURES)], dim=1)
        torch.testing.assert_close(network(rasters, padded)[:, :6], together)


def test_the_same_seed_gives_the_same_bits():
    with torch.inference_mode():
        one, other = made()(*inputs(2, 3)), made()(*inputs(2, 3))
        another = made(seed=5)(*inputs(2, 3))
    assert torch.equal(one, other)
    assert not torch.equal(one, another)


@pytest.mark.parametrize("point", [(0.0, 0.0), (1.2, 0.0), (0.5, -0.9), (-0.4, 0.8)])
def test_the_trunk_is_sampled_at_the_point_of_the_candidate(point):
    network = made(sample_at=[(0, 1)])
    nn.init.zeros_(network.of_summary.weight)  # then the output depends on that point alone
    rasters, features = inputs(1, 1)
    features[0, 0, :2] = torch.tensor(point)
    rasters.requires_grad_()
    network(rasters, features).sum().backward()
    weight = rasters.grad.abs().sum(dim=(0, 1))
    pixel = torch.arange(PIXELS) + 0.5
    column = (weight.sum(dim=0) * pixel).sum() / weight.sum()
    row = (weight.sum(dim=1) * pixel).sum() / weight.sum()
    assert float(column) == pytest.approx((point[0] + BEHIND_M) / SIDE_M, abs=3.5)
    assert float(row) == pytest.approx(point[1] / SIDE_M + PIXELS / 2, abs=3.5)


def test_a_network_adds_to_its_base_and_at_first_nothing():
    rasters, features = inputs(2, 5)
    with torch.inference_mode():
        plain, based = made()(rasters, features), made(base=[4, 1])
        torch.testing.assert_close(based(rasters, features), plain + features[..., [4, 1]])
        based.start_from_base()
        assert torch.equal(based(rasters, features), features[..., [4, 1]])
        assert torch.equal(based.fused()(rasters, features), features[..., [4, 1]])


def test_a_network_without_a_base_stays_random():
    network = made()
    network.start_from_base()
    assert (network.out.weight != 0.0).all()
