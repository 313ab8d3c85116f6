import torch

from fusionnet.config.stages import NetworkSettings
from fusionnet.models.build import build
from fusionnet.train.optimisation import WeightAverage


def network():
    return build(NetworkSettings(architecture="unet", width=1), torch.Generator().manual_seed(0))


def fill(net, value: float) -> None:
    with torch.no_grad():
        for tensor in net.state_dict().values():
            tensor.fill_(value)


def test_average_follows_the_recurrence_for_weights_and_buffers():
    net = network()
    fill(net, 0.0)
    average = WeightAverage(net, decay=0.9)
    expected = 0.0
    for step, value in enumerate([1.0, 5.0, -2.0] * 40):
        fill(net, value)
        average.update(step)
        decay = min(0.9, (1 + step) / (10 + step))
        expected = decay * expected + (1 - decay) * value
    for name, tensor in average.network.state_dict().items():
        wanted = torch.full_like(tensor, -2 if name.endswith("num_batches_tracked") else expected)
        torch.testing.assert_close(tensor, wanted)


def test_no_decay_keeps_the_last_weights():
    net = network()
    average = WeightAverage(net, decay=0.0)
    fill(net, 3.0)
    average.update(0)
    pairs = zip(average.network.state_dict().values(), net.state_dict().values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_average_takes_no_gradient_and_is_ready_to_apply():
    average = WeightAverage(network(), decay=0.5)
    assert not average.network.training
    assert not any(parameter.requires_grad for parameter in average.network.parameters())
