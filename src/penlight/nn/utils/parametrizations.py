"""Ready-made parametrizations: weight norm, spectral norm, orthogonal matrices."""

from __future__ import annotations

from typing import Any

from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops.products import mv, vdot
from ...ops.weight_norm import norm_except_dim, weight_norm as normed
from ..functional.distance import normalize
from ..modules.module import Module
from ._orthogonal import orthogonal
from .parametrize import register_parametrization
from .spectral_norm import dim_of_outputs

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    r"""The weight :math:`g v / \lVert v \rVert`, of a length and a direction."""

    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Any, weight_v: Any) -> Any:
        return normed(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Any) -> tuple[Any, Any]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Any, name: str = "weight", dim: int = 0) -> Any:
    r"""Parametrize a weight by its length and its direction: :math:`w = g\,v / \lVert v \rVert`.

    :math:`g` is ``parametrizations.<name>.original0`` and :math:`v` ``original1``. A state dict of
    the older :func:`penlight.nn.utils.weight_norm` (``weight_g``, ``weight_v``) can be loaded.

    Args:
        module: the module.
        name: its parameter.
        dim: the dimension that keeps lengths of its own; ``None``: one length for the whole.

    Returns:
        The module.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(20, 40))
        >>> layer
        ParametrizedLinear(
          in_features=20, out_features=40, bias=True
          (parametrizations): ModuleDict(
            (weight): ParametrizationList(
              (0): _WeightNorm()
            )
          )
        )
        >>> layer.parametrizations.weight.original0.shape
        torch.Size([40, 1])

    References:
        Salimans and Kingma, 2016, arXiv:1602.07868.
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def rename_older_keys(state_dict: Any, prefix: str, *_: Any) -> None:
        older = [f"{prefix}{name}_{letter}" for letter in "gv"]
        if all(key in state_dict for key in older):
            for index, key in enumerate(older):
                entry = state_dict.pop(key)
                state_dict[f"{prefix}parametrizations.{name}.original{index}"] = entry

    module._register_load_state_dict_pre_hook(rename_older_keys)
    return module


class _SpectralNorm(Module):
    """A weight divided by its largest singular value, which the power method follows."""

    _u: Any
    _v: Any

    def __init__(
        self, weight: Any, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        super().__init__()
        ndim = weight.ndim
        if not -ndim <= dim < ndim:
            msg = (
                "Dimension out of range (expected to be in range of "
                f"[-{ndim}, {ndim - 1}] but got {dim})"
            )
            raise IndexError(msg)
        if n_power_iterations <= 0:
            msg = (
                "Expected n_power_iterations to be positive, but "
                f"got n_power_iterations={n_power_iterations}"
            )
            raise ValueError(msg)
        self.dim = dim if dim >= 0 else dim + ndim
        self.eps = eps
        # A vector is a matrix of one row: its norm is known without iterations.
        if ndim > 1:
            self.n_power_iterations = n_power_iterations
            matrix = self._reshape_weight_to_matrix(weight)
            height, width = matrix.shape
            u = matrix.new_empty(height).normal_(0, 1)
            v = matrix.new_empty(width).normal_(0, 1)
            self.register_buffer("_u", normalize(u, dim=0, eps=eps))
            self.register_buffer("_v", normalize(v, dim=0, eps=eps))
            self._power_method(matrix, 15)

    def _reshape_weight_to_matrix(self, weight: Any) -> Any:
        if self.dim != 0:
            weight = weight.movedim(self.dim, 0)
        return weight.flatten(1)

    def _power_method(self, weight_mat: Any, n_power_iterations: int) -> None:
        # In place, so that buffers stay the same memory.
        with no_grad():
            for _ in range(n_power_iterations):
                normalize(mv(weight_mat, self._v), dim=0, eps=self.eps, out=self._u)
                normalize(mv(weight_mat.t(), self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: Any) -> Any:
        if weight.ndim == 1:
            return normalize(weight, dim=0, eps=self.eps)
        matrix = self._reshape_weight_to_matrix(weight)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # Copies: the next forward writes the buffers, and this one's backward may come after.
        u, v = self._u.clone(), self._v.clone()
        return weight / vdot(u, mv(matrix, v))

    def right_inverse(self, value: Any) -> Any:
        return value


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    r"""Divide a weight by its largest singular value, so that the layer stretches nothing.

    .. math:: W_{SN} = W / \sigma(W), \qquad
              \sigma(W) = \max_{h \ne 0} \lVert W h \rVert_2 / \lVert h \rVert_2

    :math:`\sigma` is estimated by the power method, whose vectors are kept and go on whenever the
    weight is asked for in training mode. A weight of more dimensions is reshaped to a matrix.

    Args:
        module: the module.
        name: its parameter.
        n_power_iterations: steps of the power method each time.
        eps: the least norm that is divided by.
        dim: the dimension of the outputs; 0, and 1 for transposed convolutions, when left out.

    Returns:
        The module.

    Raises:
        ValueError: there is no such tensor, or ``n_power_iterations`` is not positive.
        IndexError: ``dim`` is none of the weight's.

    Example:
        >>> import penlight as torch
        >>> _ = torch.manual_seed(0)
        >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 2))
        >>> for key in layer.state_dict():
        ...     print(key)
        bias
        parametrizations.weight.original
        parametrizations.weight.0._u
        parametrizations.weight.0._v

    References:
        Miyato et al., 2018, arXiv:1802.05957.
    """
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        msg = f"Module '{module}' has no parameter or buffer with name '{name}'"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    if dim is None:
        dim = dim_of_outputs(module)
    return register_parametrization(
        module, name, _SpectralNorm(weight, n_power_iterations, dim, eps)
    )
