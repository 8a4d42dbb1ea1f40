"""Parametrizing a matrix so that it stays orthogonal."""

from __future__ import annotations

from typing import Any

from ..._limits import finfo
from ..._tensor import Tensor
from ...autograd.grad_mode import no_grad
from ...ops.comparison import allclose
from ...ops.creation import eye, zeros_like
from ...ops.join import cat
from ...ops.matrix_functions import matrix_exp
from ...ops.reflections import geqrf, householder_product
from ...ops.sampling import randn
from ...ops.solving import solve
from ..modules.module import Module
from .parametrize import register_parametrization

_MAPS = ("matrix_exp", "cayley", "householder")


class _Orthogonal(Module):
    """A matrix with orthonormal columns, or rows if it is wide, of one without constraints.

    With a base, what the map gives is multiplied by it: training starts from the base, where the
    map is at the identity.
    """

    base: Any

    def __init__(
        self, weight: Any, orthogonal_map: str, *, use_trivialization: bool = True
    ) -> None:
        super().__init__()
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Any) -> Any:  # noqa: N803 - torch's name
        wide = X.shape[-2] < X.shape[-1]
        matrix = X.mT if wide else X
        if self.orthogonal_map == "householder":
            out = _of_reflections(matrix)
        else:
            out = _of_skew(matrix, self.orthogonal_map)
        if hasattr(self, "base"):
            out = self.base @ out
        return out.mT if wide else out

    def right_inverse(self, Q: Any) -> Any:  # noqa: N803 - torch's name
        """Return what the map has to be given; with a base, move the base to ``Q``."""
        if Q.shape != self.shape:
            msg = (
                f"Expected a matrix or batch of matrices of shape {self.shape}. "
                f"Got a tensor of shape {Q.shape}."
            )
            raise ValueError(msg)
        wide = Q.shape[-2] < Q.shape[-1]
        with no_grad():
            matrix = Q.mT if wide else Q
            if not hasattr(self, "base"):
                reflections = self._reflections(matrix)
                return reflections.mT if wide else reflections
            self.base = _completed(matrix)
            # Of which every map makes the identity: reflections take the signs of the diagonal.
            start: Any = zeros_like(Q)
            start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start

    def _reflections(self, matrix: Any) -> Any:
        if self.orthogonal_map != "householder":
            msg = (
                "It is not possible to assign to the matrix exponential or the Cayley "
                "parametrizations when use_trivialization=False."
            )
            raise NotImplementedError(msg)
        reflections, tau = geqrf(matrix)
        diagonal = reflections.diagonal(dim1=-2, dim2=-1)
        diagonal.sign_()
        # LAPACK gives exactly zero for a reflection it leaves out.
        diagonal[tau == 0.0] *= -1
        return reflections


def _of_skew(matrix: Any, name: str) -> Any:
    """Return the first columns of the exponential, or Cayley's map, of a skew-symmetric matrix."""
    rows, columns = matrix.shape[-2:]
    lower = matrix.tril()
    if rows != columns:
        zeros = lower.new_zeros(rows, rows - columns).expand(*lower.shape[:-2], -1, -1)
        lower = cat([lower, zeros], dim=-1)
    skew = lower - lower.mT
    if name == "matrix_exp":
        square: Any = matrix_exp(skew)
    else:
        identity: Any = eye(rows, dtype=skew.dtype)
        square = solve(identity.add(skew, alpha=-0.5), identity.add(skew, alpha=0.5))
    return square if rows == columns else square[..., :columns]


def _of_reflections(matrix: Any) -> Any:
    """Return the product of the reflections below the diagonal, with the diagonal's signs."""
    vectors = matrix.tril(diagonal=-1)
    tau = 2.0 / (1.0 + (vectors * vectors).sum(dim=-2))
    signs = matrix.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)
    return householder_product(vectors, tau) * signs


def _completed(matrix: Any) -> Any:
    """Return a square orthogonal matrix whose first columns span those of a tall one."""
    rows, columns = matrix.shape[-2:]
    if rows == columns:
        return matrix.clone() if _is_orthogonal(matrix) else _orthonormal(matrix)
    more = randn(*matrix.shape[:-2], rows, rows - columns, dtype=matrix.dtype)
    return _orthonormal(cat([matrix, more], dim=-1))


def _is_orthogonal(matrix: Any) -> bool:
    rows, columns = matrix.shape[-2:]
    identity = eye(columns, dtype=matrix.dtype)
    margin = 10.0 * rows * finfo(matrix.dtype).eps
    return bool(allclose(matrix.mT @ matrix, identity, atol=margin))


def _orthonormal(matrix: Any) -> Any:
    """Return the factor Q of a QR decomposition in which R has no negative diagonal."""
    reflections, tau = geqrf(matrix)
    signs = reflections.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)
    return householder_product(reflections, tau) * signs


def orthogonal(
    module: Any,
    name: str = "weight",
    orthogonal_map: str | None = None,
    *,
    use_trivialization: bool = True,
) -> Any:
    r"""Parametrize a matrix, or each of a batch, so that its columns stay orthonormal.

    Of a wide matrix it is the rows. The matrix is a function of one without constraints:
    ``"matrix_exp"`` the exponential of a skew-symmetric matrix :math:`A`, ``"cayley"``
    :math:`(I + A/2)(I - A/2)^{-1}`, ``"householder"`` a product of reflections.

    Args:
        module: the module.
        name: its parameter, with two dimensions or more.
        orthogonal_map: the function; when left out ``"matrix_exp"`` for square matrices and
            ``"householder"`` for others.
        use_trivialization: keep an orthogonal matrix beside, the buffer ``base``, by which the
            function is multiplied. It makes the parameter's value, orthogonalised, the start, and
            assigning to it possible.

    Returns:
        The module.

    Raises:
        ValueError: there is no such tensor, it has fewer than two dimensions, or the map is none of
            the three.

    Example:
        >>> import penlight as torch
        >>> _ = torch.manual_seed(0)
        >>> layer = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(2, 4))
        >>> weight = layer.weight
        >>> torch.allclose(weight.t() @ weight, torch.eye(2), atol=1e-6)
        True

    References:
        Lezcano-Casado, 2019, arXiv:1909.09501.
    """
    weight: Any = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        msg = f"Module '{module}' has no parameter or buffer with name '{name}'"
        raise ValueError(msg)  # noqa: TRY004 - torch's type
    if weight.ndim < 2:
        msg = f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions."
        raise ValueError(msg)
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in _MAPS:
        msg = (
            'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". '
            f"Got: {orthogonal_map}"
        )
        raise ValueError(msg)
    parametrization = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, parametrization, unsafe=True)
