"""``torch.testing``: comparing tensors within tolerances, and making some to compare."""

from __future__ import annotations

from ._comparison import assert_close
from ._creation import make_tensor

__all__ = ["assert_close", "make_tensor"]
