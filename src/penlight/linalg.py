"""``torch.linalg``: linear algebra on batches of matrices, by LAPACK as NumPy has it."""

from .ops._lapack import LinAlgError
from .ops.cholesky import cholesky_ex, linalg_cholesky as cholesky
from .ops.decompositions import (
    eig,
    eigh,
    eigvals,
    eigvalsh,
    linalg_qr as qr,
    linalg_svd as svd,
    svdvals,
)
from .ops.least_squares import lstsq, matrix_rank, pinv
from .ops.lu import linalg_lu as lu, linalg_lu_solve as lu_solve, lu_factor, lu_factor_ex
from .ops.matmul import matmul
from .ops.matrix_functions import (
    linalg_cross as cross,
    linalg_diagonal as diagonal,
    linalg_vander as vander,
    matrix_exp,
    matrix_power,
    multi_dot,
    vecdot,
)
from .ops.matrix_norms import cond, matrix_norm, norm, vector_norm
from .ops.reflections import householder_product
from .ops.solving import (
    inv,
    inv_ex,
    linalg_det as det,
    linalg_slogdet as slogdet,
    solve,
    solve_ex,
    solve_triangular,
)
from .ops.tensor_systems import tensorinv, tensorsolve

__all__ = [
    "LinAlgError",
    "cholesky",
    "cholesky_ex",
    "cond",
    "cross",
    "det",
    "diagonal",
    "eig",
    "eigh",
    "eigvals",
    "eigvalsh",
    "householder_product",
    "inv",
    "inv_ex",
    "lstsq",
    "lu",
    "lu_factor",
    "lu_factor_ex",
    "lu_solve",
    "matmul",
    "matrix_exp",
    "matrix_norm",
    "matrix_power",
    "matrix_rank",
    "multi_dot",
    "norm",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_ex",
    "solve_triangular",
    "svd",
    "svdvals",
    "tensorinv",
    "tensorsolve",
    "vander",
    "vecdot",
    "vector_norm",
]
