"""``torch.utils.tensorboard``: figures for TensorBoard, written by tensorboardX."""

from __future__ import annotations

from .writer import SummaryWriter

__all__ = ["SummaryWriter"]
