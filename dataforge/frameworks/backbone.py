"""The weights that a backbone starts from, in any framework."""

from __future__ import annotations

from dataforge.errors import UsageError
from dataforge.frameworks.spec import TrainSpec
from dataforge.models import Network, get_network


def find_weights(network: Network, train: TrainSpec) -> str:
    """The weights of the backbone, as `init_cfg` names them; empty for random ones.

    Raises:
        UsageError: random weights and those of a file are both asked for.
    """
    if train.weights and train.init == "random":
        raise UsageError("--pretrained random: contradicts --weights")
    return train.weights or (network.weights if train.init == "imagenet" else "")


def network_notes(train: TrainSpec) -> tuple[str, ...]:
    """What to know about the weights of a network that has none of its own to fetch."""
    network = get_network(train.backbone)
    if train.weights or train.init == "random":
        return ()
    if not network.weights:
        return (
            f"no weights of {network.name} can be fetched: training starts from random ones, with "
            "GroupNorm; --weights loads those of a file",
        )
    if network.borrowed:
        return (
            f"no weights of {network.name} are published: those of {network.weights} are loaded "
            "where they fit",
        )
    return ()
