"""Initialisers: fill a tensor in place with values that training starts well from."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from typing import Any

from .._tensor import Tensor
from ..autograd.grad_mode import no_grad
from ..ops.creation import empty_like
from ..ops.sampling import randperm
from ..random import Generator

__all__ = [
    "calculate_gain",
    "constant",
    "constant_",
    "dirac",
    "dirac_",
    "eye",
    "eye_",
    "kaiming_normal",
    "kaiming_normal_",
    "kaiming_uniform",
    "kaiming_uniform_",
    "normal",
    "normal_",
    "ones_",
    "orthogonal",
    "orthogonal_",
    "sparse",
    "sparse_",
    "trunc_normal_",
    "uniform",
    "uniform_",
    "xavier_normal",
    "xavier_normal_",
    "xavier_uniform",
    "xavier_uniform_",
    "zeros_",
]

_LINEAR = frozenset(
    {
        "linear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "sigmoid",
    }
)


def calculate_gain(nonlinearity: str, param: float | None = None) -> float:
    r"""Return the factor that keeps the variance through a nonlinearity.

    1 for linear maps, convolutions and sigmoid, 5/3 for tanh, :math:`\sqrt 2` for relu,
    :math:`\sqrt{2 / (1 + s^2)}` for leaky_relu of negative slope :math:`s`, 3/4 for selu.

    Args:
        nonlinearity: the functional's name, such as ``"relu"``.
        param: the negative slope of leaky_relu, 0.01 when left out.

    Raises:
        ValueError: the name is unknown, or the slope is no number.

    Example:
        >>> import penlight as torch
        >>> torch.nn.init.calculate_gain("tanh")
        1.6666666666666667
    """
    fixed = {"tanh": 5.0 / 3, "relu": math.sqrt(2.0), "selu": 3.0 / 4}
    if nonlinearity in _LINEAR:
        return 1
    if nonlinearity in fixed:
        return fixed[nonlinearity]
    if nonlinearity != "leaky_relu":
        msg = f"Unsupported nonlinearity {nonlinearity}"
        raise ValueError(msg)
    slope = 0.01 if param is None else param
    if isinstance(slope, bool) or not isinstance(slope, (int, float)):
        msg = f"negative_slope {param} not a valid number"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    return math.sqrt(2.0 / (1 + slope**2))


# ---- values -------------------------------------------------------------------------------------


def uniform_(
    tensor: Tensor, a: float = 0.0, b: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill ``tensor`` from the uniform distribution on ``[a, b)``; returns it.

    Example:
        >>> import penlight as torch
        >>> bool((torch.nn.init.uniform_(torch.empty(9), 2.0, 3.0) >= 2.0).all())
        True
    """
    return _sampled(tensor, "uniform_", a, b, generator)


def normal_(
    tensor: Tensor, mean: float = 0.0, std: float = 1.0, generator: Generator | None = None
) -> Tensor:
    """Fill ``tensor`` from the normal distribution; returns it."""
    return _sampled(tensor, "normal_", mean, std, generator)


def trunc_normal_(
    tensor: Tensor,
    mean: float = 0.0,
    std: float = 1.0,
    a: float = -2.0,
    b: float = 2.0,
    generator: Generator | None = None,
) -> Tensor:
    """Fill ``tensor`` from the normal distribution, with values outside ``[a, b]`` drawn again.

    Args:
        tensor: what to fill.
        mean: of the whole normal distribution.
        std: of the whole normal distribution.
        a: the least value, absolute and not in units of ``std``.
        b: the greatest value.
        generator: the source of random numbers; the default one when left out.
    """
    if mean < a - 2 * std or mean > b + 2 * std:
        warnings.warn(
            "mean is more than 2 std from [a, b] in nn.init.trunc_normal_. "
            "The distribution of values may be incorrect.",
            stacklevel=2,
        )
    inside = _normal_cdf((b - mean) / std) - _normal_cdf((a - mean) / std)
    with no_grad():
        # torch: which way depends on how much of the distribution lies inside; so do the numbers
        # drawn.
        if inside > 0.3:
            _redraw_normals(tensor, mean, std, a, b, generator)
        else:
            _accept_uniforms(tensor, mean, std, a, b, generator)
    return tensor


def _normal_cdf(x: float) -> float:
    return (1.0 + math.erf(x / math.sqrt(2.0))) / 2.0


def _redraw_normals(
    tensor: Any, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    """Draw normals and draw those outside again, all places each time, as torch does."""
    low, high = (tensor.new_tensor(bound).item() for bound in (a, b))
    tensor.normal_(mean, std, generator=generator)
    while True:
        outside = (tensor < low) | (tensor > high)
        if not outside.any():
            return
        again: Any = empty_like(tensor)
        tensor.copy_(again.normal_(mean, std, generator=generator).where(outside, tensor))


def _accept_uniforms(
    tensor: Any, mean: float, std: float, a: float, b: float, generator: Any
) -> None:
    """Draw uniforms in ``[a, b]`` and accept each with the density there relative to the peak's."""
    mode = max(a, min(mean, b))
    log_peak = -0.5 * ((mode - mean) / std) ** 2
    candidates: Any = empty_like(tensor)
    chance: Any = empty_like(tensor)
    pending = None
    while pending is None or pending.any():
        candidates.uniform_(a, b, generator=generator)
        tensor.copy_(candidates if pending is None else candidates.where(pending, tensor))
        candidates.sub_(mean).div_(std).pow_(2).mul_(-0.5).sub_(log_peak)
        rejected = chance.uniform_(generator=generator).log_().gt(candidates)
        pending = rejected if pending is None else pending & rejected


def constant_(tensor: Tensor, val: float) -> Tensor:
    """Fill ``tensor`` with ``val``; returns it.

    Example:
        >>> import penlight as torch
        >>> torch.nn.init.constant_(torch.empty(2), 0.3)
        tensor([0.3000, 0.3000])
    """
    return _filled(tensor, val)


def ones_(tensor: Tensor) -> Tensor:
    """Fill ``tensor`` with 1; returns it."""
    return _filled(tensor, 1.0)


def zeros_(tensor: Tensor) -> Tensor:
    """Fill ``tensor`` with 0; returns it."""
    return _filled(tensor, 0.0)


def eye_(tensor: Any) -> Any:
    """Fill a matrix with the identity, so that a Linear layer passes its inputs on; returns it.

    Raises:
        ValueError: the tensor is no matrix.

    Example:
        >>> import penlight as torch
        >>> torch.nn.init.eye_(torch.empty(2, 3))
        tensor([[1., 0., 0.],
                [0., 1., 0.]])
    """
    _require_matrix(tensor)
    with no_grad():
        tensor.zero_()
        for place in range(min(tensor.shape)):
            tensor[place, place] = 1
    return tensor


def dirac_(tensor: Any, groups: int = 1) -> Any:
    """Fill a convolution's weight so that it passes as many channels on as it can; returns it.

    Args:
        tensor: with 3, 4 or 5 dimensions.
        groups: of the convolution; each passes its own first channels on.

    Raises:
        ValueError: the number of dimensions is another, or the groups do not divide the first size.
    """
    dimensions = tensor.ndim
    if dimensions not in {3, 4, 5}:
        msg = f"Only tensors with 3, 4, or 5 dimensions are supported, got {dimensions}"
        raise ValueError(msg)
    if tensor.size(0) % groups:
        msg = f"dim 0 must be divisible by groups, got {tensor.size(0)} and {groups}"
        raise ValueError(msg)
    out_per_group = tensor.size(0) // groups
    centre = tuple(size // 2 for size in tensor.shape[2:])
    with no_grad():
        tensor.zero_()
        for group in range(groups):
            for channel in range(min(out_per_group, tensor.size(1))):
                tensor[(group * out_per_group + channel, channel, *centre)] = 1
    return tensor


# ---- scaled by the sizes ------------------------------------------------------------------------


def _calculate_fan_in_and_fan_out(tensor: Tensor) -> tuple[int, int]:
    """Return how many inputs an output sums over, and how many outputs an input goes to."""
    if tensor.dim() < 2:
        msg = (
            "Fan in and fan out can not be computed for tensor with fewer than 2 dimensions, "
            f"got shape {tuple(tensor.shape)}"
        )
        raise ValueError(msg)
    field = math.prod(tensor.shape[2:])
    return tensor.size(1) * field, tensor.size(0) * field


def _calculate_correct_fan(tensor: Tensor, mode: str) -> int:
    modes = ["fan_in", "fan_out"]
    if mode.lower() not in modes:
        msg = f"Mode {mode.lower()} not supported, please use one of {modes}"
        raise ValueError(msg)
    return _calculate_fan_in_and_fan_out(tensor)[modes.index(mode.lower())]


def xavier_uniform_(
    tensor: Tensor, gain: float = 1.0, generator: Generator | None = None
) -> Tensor:
    r"""Fill uniformly in :math:`\pm\text{gain}\sqrt{6 / (\text{fan\_in} + \text{fan\_out})}`.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    References:
        Glorot, Bengio: Understanding the difficulty of training deep feedforward neural
        networks, 2010.
    """
    std = _xavier_std(tensor, gain)
    bound = math.sqrt(3.0) * std
    return _sampled(tensor, "uniform_", -bound, bound, generator)


def xavier_normal_(tensor: Tensor, gain: float = 1.0, generator: Generator | None = None) -> Tensor:
    r"""Fill with normals, std :math:`\text{gain}\sqrt{2 / (\text{fan\_in} + \text{fan\_out})}`.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    References:
        Glorot, Bengio: Understanding the difficulty of training deep feedforward neural
        networks, 2010.
    """
    return _sampled(tensor, "normal_", 0.0, _xavier_std(tensor, gain), generator)


def _xavier_std(tensor: Tensor, gain: float) -> float:
    fan_in, fan_out = _calculate_fan_in_and_fan_out(tensor)
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def kaiming_uniform_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill ``tensor`` uniformly in :math:`\pm\text{gain}\sqrt{3 / \text{fan}}`.

    Args:
        tensor: what to fill.
        a: negative slope of the rectifier after this layer, for leaky_relu.
        mode: ``"fan_in"`` keeps the variance forward, ``"fan_out"`` backward.
        nonlinearity: the functional's name after this layer.
        generator: the source of random numbers; the default one when left out.

    Raises:
        ValueError: the mode or nonlinearity is unknown, or the tensor has fewer than two
            dimensions.

    References:
        He et al.: Delving deep into rectifiers, 2015, arXiv:1502.01852.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    bound = math.sqrt(3.0) * _kaiming_std(tensor, a, mode, nonlinearity)
    return _sampled(tensor, "uniform_", -bound, bound, generator)


def kaiming_normal_(
    tensor: Tensor,
    a: float = 0,
    mode: str = "fan_in",
    nonlinearity: str = "leaky_relu",
    generator: Generator | None = None,
) -> Tensor:
    r"""Fill ``tensor`` with normals of std :math:`\text{gain} / \sqrt{\text{fan}}`.

    Arguments, errors and reference are :func:`kaiming_uniform_`'s.
    """
    if 0 in tensor.shape:
        warnings.warn("Initializing zero-element tensors is a no-op", stacklevel=2)
        return tensor
    return _sampled(tensor, "normal_", 0, _kaiming_std(tensor, a, mode, nonlinearity), generator)


def _kaiming_std(tensor: Tensor, a: float, mode: str, nonlinearity: str) -> float:
    fan = _calculate_correct_fan(tensor, mode)
    return calculate_gain(nonlinearity, a) / math.sqrt(fan)


# ---- structured ---------------------------------------------------------------------------------


def orthogonal_(tensor: Any, gain: float = 1, generator: Generator | None = None) -> Any:
    """Fill ``tensor`` with a (semi-)orthogonal matrix; dimensions after the first count as one.

    Raises:
        ValueError: the tensor has fewer than two dimensions.

    References:
        Saxe, McClelland, Ganguli: Exact solutions to the nonlinear dynamics of learning in deep
        linear
        neural networks, 2013, arXiv:1312.6120.
    """
    if tensor.ndim < 2:
        msg = f"Only tensors with 2 or more dimensions are supported, got {tensor.ndim}"
        raise ValueError(msg)
    if tensor.numel() == 0:
        return tensor
    rows = tensor.size(0)
    columns = tensor.numel() // rows
    with no_grad():
        drawn = tensor.new_empty((rows, columns)).normal_(0, 1, generator=generator)
        basis = (
            _orthonormal_columns(drawn.t()).t() if rows < columns else _orthonormal_columns(drawn)
        )
        tensor.copy_(basis.reshape(tensor.shape)).mul_(gain)
    return tensor


def _orthonormal_columns(matrix: Any) -> Any:
    """Return Q of the QR decomposition whose R has a positive diagonal.

    That Q is unique and is what Gram-Schmidt gives. Done in float64 and projecting twice, which
    is enough
    for orthogonality to rounding (Giraud, Langou, Rozloznik: On the loss of orthogonality, 2005).
    """
    basis = matrix.double()
    for place in range(basis.size(1)):
        column = basis[:, place]
        if place:
            before = basis[:, :place]
            for _ in range(2):
                column = column - before @ (before.t() @ column)
        basis[:, place] = column / (column * column).sum().sqrt()
    return basis.to(matrix.dtype)


def sparse_(
    tensor: Any, sparsity: float, std: float = 0.01, generator: Generator | None = None
) -> Any:
    """Fill a matrix with normals, then set the fraction ``sparsity`` of each column to zero.

    Args:
        tensor: the matrix.
        sparsity: how much of each column becomes zero, from 0 to 1.
        std: of the normals.
        generator: for the normals; which places become zero comes from the default one, as in
            torch.

    Raises:
        ValueError: the tensor is no matrix.

    References:
        Martens: Deep learning via Hessian-free optimization, 2010.
    """
    _require_matrix(tensor)
    rows, columns = tensor.shape
    zeros = math.ceil(sparsity * rows)
    with no_grad():
        tensor.normal_(0, std, generator=generator)
        for column in range(columns):
            shuffled: Any = randperm(rows)
            tensor[shuffled[:zeros], column] = 0
    return tensor


def _require_matrix(tensor: Any) -> None:
    if tensor.ndim != 2:
        msg = f"Only tensors with 2 dimensions are supported, got {tensor.ndim}"
        raise ValueError(msg)


def _sampled(tensor: Tensor, sampler: str, first: float, second: float, generator: Any) -> Tensor:
    with no_grad():
        getattr(tensor, sampler)(first, second, generator=generator)
    return tensor


def _filled(tensor: Tensor, value: float) -> Tensor:
    target: Any = tensor
    with no_grad():
        target.fill_(value)
    return tensor


# ---- torch's old names --------------------------------------------------------------------------


def _make_deprecate(meth: Callable[..., Any]) -> Callable[..., Any]:
    """Return ``meth`` under its old name, without the underscore and with a warning."""
    new_name = meth.__name__
    old_name = new_name[:-1]

    def deprecated_init(*args: Any, **kwargs: Any) -> Any:
        warnings.warn(
            f"`nn.init.{old_name}` is now deprecated in favor of `nn.init.{new_name}`.",
            FutureWarning,
            stacklevel=2,
        )
        return meth(*args, **kwargs)

    deprecated_init.__name__ = old_name
    deprecated_init.__doc__ = f"Do what :func:`{new_name}` does, with a warning: use that."
    return deprecated_init


uniform = _make_deprecate(uniform_)
normal = _make_deprecate(normal_)
constant = _make_deprecate(constant_)
eye = _make_deprecate(eye_)
dirac = _make_deprecate(dirac_)
xavier_uniform = _make_deprecate(xavier_uniform_)
xavier_normal = _make_deprecate(xavier_normal_)
kaiming_uniform = _make_deprecate(kaiming_uniform_)
kaiming_normal = _make_deprecate(kaiming_normal_)
orthogonal = _make_deprecate(orthogonal_)
sparse = _make_deprecate(sparse_)
