"""Arrays in, arrays out: for each kernel the compiled one if it is there, else the NumPy one.

Both write into the arrays they are given and take the same arguments; `kernels.reference` describes
them. ``PENLIGHT_KERNELS=reference`` keeps to NumPy, ``PENLIGHT_KERNELS=native`` refuses to go
without the compiled kernels, and ``PENLIGHT_CPU_CAPABILITY`` (``default``, ``avx2`` or ``avx512``)
chooses their instruction level, which otherwise is the widest that the machine has.
``PENLIGHT_ALLOCATOR=system`` leaves NumPy its own allocator (decision 0010).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

_wanted = os.environ.get("PENLIGHT_KERNELS", "")
if _wanted not in {"", "native", "reference"}:
    _message = f"PENLIGHT_KERNELS={_wanted}: expected native or reference"
    raise ImportError(_message)

is_native = False
"""Whether the compiled kernels are in use."""

if _wanted != "reference":
    try:
        from .. import _kernels
    except ImportError:
        if _wanted == "native":
            raise
    else:
        is_native = True

# Those that have no compiled form.
from .reference.lstm import lstm_projected_backward, lstm_projected_forward
from .reference.recurrent import previous_states
from .reference.special import erfc, erfcx, erfinv

if TYPE_CHECKING or not is_native:
    # For readers and tools too: signatures and docstrings.
    from .reference.checksum import crc32
    from .reference.cross_entropy import (
        cross_entropy,
        log_softmax_backward_picked,
        nll_loss,
        soft_cross_entropy,
    )
    from .reference.embedding import (
        add_bags,
        add_maxima,
        add_rows,
        bag_maxima,
        bag_products,
        bag_sums,
        clear_rows,
        gather_rows,
    )
    from .reference.gru import gru_backward, gru_forward
    from .reference.lstm import (
        lstm_backward,
        lstm_forward,
        lstm_projected_backward,
        lstm_projected_forward,
    )
    from .reference.matmul import batch_matmul, matmul
    from .reference.memory import cached_bytes, release_cached, use_block_cache
    from .reference.normalization import (
        batch_moments,
        batch_norm,
        batch_norm_backward,
        group_norm,
        group_norm_backward,
        layer_norm,
        layer_norm_backward,
    )
    from .reference.optimizer import adagrad_step, adam_step, sgd_step
    from .reference.pointwise import (
        add,
        div,
        dropout_backward,
        elu,
        elu_backward,
        exp,
        expm1,
        gelu,
        gelu_backward,
        gelu_tanh,
        gelu_tanh_backward,
        hardsigmoid,
        hardsigmoid_backward,
        hardswish,
        hardswish_backward,
        hardtanh,
        hardtanh_backward,
        leaky_relu,
        leaky_relu_backward,
        log,
        log1p,
        log_sigmoid,
        log_sigmoid_backward,
        mish,
        mish_backward,
        mul,
        relu,
        sigmoid,
        sigmoid_backward,
        silu,
        silu_backward,
        softplus,
        softplus_backward,
        sub,
        tanh,
        tanh_backward,
        threshold_backward,
    )
    from .reference.random import (
        draw_words,
        dropout,
        fill_bernoulli,
        fill_cauchy,
        fill_exponential,
        fill_geometric,
        fill_integers,
        fill_log_normal,
        fill_normal_blocks,
        fill_normal_serial,
        fill_permutation,
        fill_uniform,
        seed_words,
    )
    from .reference.recurrent import previous_states, rnn_backward, rnn_forward
    from .reference.softmax import (
        log_softmax,
        log_softmax_backward,
        softmax,
        softmax_backward,
    )
    from .reference.special import erf
    from .reference.sums import sum_columns, sum_rows
    from .reference.text import encode_text, hash_words
    from .reference.threads import (
        cpu_capabilities,
        force_cpu_capability,
        get_cpu_capability,
        get_num_threads,
        set_num_threads,
    )
    from .reference.windows import fold_windows, max_pool, max_pool_backward, unfold_windows
    from .reference.word2vec import train_words

__all__ = [
    "adagrad_step",
    "adam_step",
    "add",
    "add_bags",
    "add_maxima",
    "add_rows",
    "bag_maxima",
    "bag_products",
    "bag_sums",
    "batch_matmul",
    "batch_moments",
    "batch_norm",
    "batch_norm_backward",
    "cached_bytes",
    "clear_rows",
    "cpu_capabilities",
    "crc32",
    "cross_entropy",
    "div",
    "draw_words",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "encode_text",
    "enter_thread",
    "erf",
    "erfc",
    "erfcx",
    "erfinv",
    "exp",
    "expm1",
    "fill_bernoulli",
    "fill_cauchy",
    "fill_exponential",
    "fill_geometric",
    "fill_integers",
    "fill_log_normal",
    "fill_normal_blocks",
    "fill_normal_serial",
    "fill_permutation",
    "fill_uniform",
    "fold_windows",
    "force_cpu_capability",
    "gather_rows",
    "gelu",
    "gelu_backward",
    "gelu_tanh",
    "gelu_tanh_backward",
    "get_cpu_capability",
    "get_num_threads",
    "group_norm",
    "group_norm_backward",
    "gru_backward",
    "gru_forward",
    "hardsigmoid",
    "hardsigmoid_backward",
    "hardswish",
    "hardswish_backward",
    "hardtanh",
    "hardtanh_backward",
    "hash_words",
    "is_native",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "log",
    "log1p",
    "log_sigmoid",
    "log_sigmoid_backward",
    "log_softmax",
    "log_softmax_backward",
    "log_softmax_backward_picked",
    "lstm_backward",
    "lstm_forward",
    "lstm_projected_backward",
    "lstm_projected_forward",
    "matmul",
    "max_pool",
    "max_pool_backward",
    "mish",
    "mish_backward",
    "mul",
    "nll_loss",
    "previous_states",
    "release_cached",
    "relu",
    "rnn_backward",
    "rnn_forward",
    "seed_words",
    "set_num_threads",
    "sgd_step",
    "sigmoid",
    "sigmoid_backward",
    "silu",
    "silu_backward",
    "soft_cross_entropy",
    "softmax",
    "softmax_backward",
    "softplus",
    "softplus_backward",
    "sub",
    "sum_columns",
    "sum_rows",
    "tanh",
    "tanh_backward",
    "threshold_backward",
    "train_words",
    "unfold_windows",
    "use_block_cache",
]

if is_native:
    # The NumPy forms are not imported then: they would take a tenth of the package's import.
    _compiled = vars(_kernels)
    globals().update({name: _compiled[name] for name in __all__ if name in _compiled})

if "PENLIGHT_CPU_CAPABILITY" in os.environ:
    force_cpu_capability(os.environ["PENLIGHT_CPU_CAPABILITY"].lower())

_allocator = os.environ.get("PENLIGHT_ALLOCATOR", "")
if _allocator not in {"", "system"}:
    _message = f"PENLIGHT_ALLOCATOR={_allocator}: expected system"
    raise ImportError(_message)


def enter_thread() -> None:
    """Prepare a thread that is about to compute: NumPy asks each for its allocator."""
    if _allocator != "system":
        use_block_cache()
