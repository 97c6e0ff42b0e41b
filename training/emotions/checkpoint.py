"""The state of a training run on disk, so that an interrupted run can resume."""

from collections.abc import Mapping
from pathlib import Path

import torch
from torch import nn


def save(
    path: Path,
    recipe: Mapping[str, float | str],
    network: nn.Module,
    averaged: nn.Module,
    optimizer: torch.optim.Optimizer,
    epochs_done: int,
) -> None:
    """Write the checkpoint to a temporary file, then replace the old one."""
    state = {
        "recipe": dict(recipe),
        "epochs_done": epochs_done,
        "network": network.state_dict(),
        "averaged": averaged.state_dict(),
        "optimizer": optimizer.state_dict(),
    }
    temporary = path.with_suffix(".tmp")
    torch.save(state, temporary)
    temporary.replace(path)


def resume(
    path: Path,
    recipe: Mapping[str, float | str],
    network: nn.Module,
    averaged: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> int:
    """Load the checkpoint, if one exists; return the number of epochs already done.

    Raises:
        SystemExit: The checkpoint comes from another recipe.
    """
    if not path.exists():
        return 0
    state = torch.load(path, weights_only=True)
    if state["recipe"] != recipe:
        raise SystemExit(f"{path}: expected recipe {recipe}; found {state['recipe']}")
    network.load_state_dict(state["network"])
    averaged.load_state_dict(state["averaged"])
    optimizer.load_state_dict(state["optimizer"])
    return int(state["epochs_done"])
