"""Dropout modules: of elements, of channels, and the forms for self-normalising networks."""

from __future__ import annotations

from ..._tensor import Tensor
from .. import functional as F  # noqa: N812 - the name everybody knows
from ..functional.dropout import check_probability
from .module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class _DropoutNd(Module):
    """What all dropouts keep: a probability, and whether they write their input."""

    __constants__ = ("p", "inplace")
    p: float
    inplace: bool

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        check_probability(p)
        self.p = p
        self.inplace = inplace

    def extra_repr(self) -> str:
        """Return both options."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_DropoutNd):
    r"""Zero each element with probability ``p`` and divide the others by :math:`1 - p`.

    In evaluation, the input comes back unchanged.

    Args:
        p: probability of an element to be zeroed, in [0, 1].
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> dropout = torch.nn.Dropout(0.25)
        >>> dropout.eval()(torch.ones(2))
        tensor([1., 1.])

    References:
        Hinton et al. 2012, Improving neural networks by preventing co-adaptation, arXiv 1207.0580.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with elements dropped."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_DropoutNd):
    """In training, zero whole channels with probability ``p``; a channel is a row of length L.

    Args:
        p: probability of a channel to be zeroed, in [0, 1].
        inplace: write the input.

    Shape:
        - input: :math:`(N, C, L)` or :math:`(C, L)`; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.Dropout1d().eval()(torch.ones(1, 1, 2))
        tensor([[[1., 1.]]])

    References:
        Tompson et al. 2014, Efficient Object Localization, arXiv 1411.4280.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_DropoutNd):
    """In training, zero whole channels with probability ``p``; a channel is a map of size H by W.

    Args:
        p: probability of a channel to be zeroed, in [0, 1].
        inplace: write the input.

    Shape:
        - input: :math:`(N, C, H, W)`, or :math:`(N, C, L)` with torch's warning; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.Dropout2d().eval()(torch.ones(1, 1, 1, 2))
        tensor([[[[1., 1.]]]])

    References:
        Tompson et al. 2014, Efficient Object Localization, arXiv 1411.4280.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_DropoutNd):
    """In training, zero whole channels with probability ``p``; a channel is a volume D by H by W.

    Args:
        p: probability of a channel to be zeroed, in [0, 1].
        inplace: write the input.

    Shape:
        - input: :math:`(N, C, D, H, W)` or :math:`(C, D, H, W)`; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.Dropout3d().eval()(torch.ones(1, 1, 1, 1, 2))
        tensor([[[[[1., 1.]]]]])

    References:
        Tompson et al. 2014, Efficient Object Localization, arXiv 1411.4280.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_DropoutNd):
    """Dropout that keeps the mean and variance of its input, for networks of :class:`SELU`.

    A dropped element takes SELU's negative saturation value instead of zero.

    Args:
        p: probability of an element to be dropped, in [0, 1].
        inplace: write the input.

    Shape:
        - input: any; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.AlphaDropout(0.2).eval()(torch.ones(2))
        tensor([1., 1.])

    References:
        Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv 1706.02515.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with elements dropped."""
        # torch: the module never writes its input, whatever `inplace` says.
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_DropoutNd):
    """:class:`AlphaDropout` of whole channels, dimension 1 of the input.

    Args:
        p: probability of a channel to be dropped, in [0, 1].
        inplace: write the input.

    Shape:
        - input: :math:`(N, C, *)`; output: the same

    Raises:
        ValueError: ``p`` is outside [0, 1].

    Example:
        >>> import penlight as torch
        >>> torch.nn.FeatureAlphaDropout(0.2).eval()(torch.ones(1, 2))
        tensor([[1., 1.]])

    References:
        Klambauer et al. 2017, Self-Normalizing Neural Networks, arXiv 1706.02515.
    """

    def forward(self, input: Tensor) -> Tensor:
        """Return ``input`` with channels dropped."""
        return F.feature_alpha_dropout(input, self.p, self.training)
