"""What autocast casts on the CPU: torch's lists, by the functions that do here what they do there.

Each table holds names by module, of functions or of ops. Where penlight's function does more than
torch's operator, the op inside is named; where it composes what torch computes in one, the whole.
"""

from __future__ import annotations

# In the block's dtype.
LOWER = {
    "ops.activation": "prelu",
    "ops.affine_grids": "_affine_grid",
    "ops.attention": "scaled_dot_product_attention",
    "ops.conv": "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d",
    "ops.conv_tbc": "conv_tbc",
    "ops.linear": "linear",
    "ops.matmul": "matmul _matmul_operator _rmatmul",
    "ops.matrix_functions": "vecdot",
    "ops.products": "addbmm addmm baddbmm bmm mm",
}

# In single precision.
FLOAT32 = {
    "nn._namespace": "grid_sampler grid_sampler_2d grid_sampler_3d",
    "nn.functional.cross_entropy": "cross_entropy",
    "nn.functional.grid": "grid_sample",
    "nn.functional.loss": "kl_div l1_loss mse_loss",
    "nn.functional.pooling": "adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d max_pool3d",
    "ops.cholesky": "cholesky cholesky_ex cholesky_inverse cholesky_solve linalg_cholesky",
    "ops.ctc_loss": "ctc_loss",
    "ops.decompositions": "eig eigh eigvals eigvalsh linalg_qr linalg_svd qr svd svdvals",
    "ops.diagonals": "trace",
    "ops.fractional_pooling": "_fractional_max_pool2d _fractional_max_pool3d",
    "ops.least_squares": "lstsq matrix_rank pinverse",
    "ops.loss": "binary_cross_entropy binary_cross_entropy_with_logits huber_loss poisson_nll_loss "
    "smooth_l1_loss",
    "ops.lu": "lu lu_solve",
    "ops.margin_loss": "cosine_embedding_loss hinge_embedding_loss margin_ranking_loss "
    "multi_margin_loss multilabel_margin_loss soft_margin_loss triplet_margin_loss",
    "ops.matrix_norms": "cond",
    "ops.nll_loss": "_nll_loss2d nll_loss",
    "ops.padding": "_reflection_pad1d _reflection_pad2d _replication_pad1d _replication_pad2d "
    "_replication_pad3d",
    "ops.pairwise": "cdist",
    "ops.quantiles": "nanquantile quantile",
    "ops.reduction": "prod",
    "ops.reflections": "geqrf householder_product orgqr ormqr",
    "ops.solving": "inv inv_ex inverse solve triangular_solve",
    "ops.tensor_systems": "tensorinv tensorsolve",
    "ops.unpooling": "_max_unpool2d _max_unpool3d",
}

# In single precision if one of the tensors is, else in the block's dtype.
WIDEST = {
    "ops.gathering": "index_copy",
    "ops.join": "cat stack",
}

# Composed of listed functions here, of others in torch: nothing is cast inside.
PLAIN = {
    "nn._namespace": "convolution",
    "nn.functional.pooling_with_indices": "max_pool3d_with_indices",
}

# Options beside ``out`` with which a function is not torch's operator, and nothing is cast.
PLAIN_WITH = {
    "l1_loss": ("weight",),
    "max_pool3d": ("return_indices",),
    "mse_loss": ("weight",),
}

# One op here, and in torch a composition of listed functions: where each is, and what does it.
REPLACED = (
    ("nn.functional.linear", "bilinear", "amp._composed", "bilinear"),
    ("ops.least_squares", "pinv", "amp._composed", "pinv"),
    ("ops.recurrent_cell", "_step", "amp._composed", "step"),
    ("ops.recurrent_network", "run_network", "amp._composed", "run_network"),
)
