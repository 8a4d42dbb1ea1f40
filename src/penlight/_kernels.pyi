from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np

_Array: TypeAlias = np.ndarray[Any, Any]

class CallPath:
    def __new__(cls, *record: Any) -> CallPath: ...
    def __call__(self, *args: Any) -> Any: ...

def prepare_walk(*classes: type[Any]) -> None: ...
def run_nodes(*walk: Any) -> None: ...
def prepare_call_path(*shared: Any) -> None: ...
def add_into(target: Any, other: Any) -> bool: ...
def sub_into(target: Any, other: Any) -> bool: ...
def mul_into(target: Any, other: Any) -> bool: ...
def div_into(target: Any, other: Any) -> bool: ...
def adagrad_step(
    params: list[_Array],
    grads: list[_Array],
    sums: list[_Array],
    steps: list[_Array],
    rows: list[_Array | None] | None,
    lr: float,
    lr_decay: float,
    weight_decay: float,
    eps: float,
    maximize: bool,
) -> bool: ...
def adam_step(
    params: list[_Array],
    grads: list[_Array],
    exp_avgs: list[_Array],
    exp_avg_sqs: list[_Array],
    max_exp_avg_sqs: list[_Array] | None,
    steps: list[_Array],
    rows: list[_Array | None] | None,
    lr: float,
    beta1: float,
    beta2: float,
    weight_decay: float,
    eps: float,
    decoupled: bool,
    maximize: bool,
) -> bool: ...
def add_bags(
    out: _Array,
    grad: _Array,
    factors: _Array | None,
    indices: _Array,
    starts: _Array,
    padding: int,
) -> None: ...
def add_maxima(out: _Array, grad: _Array, places: _Array, indices: _Array) -> None: ...
def add_rows(out: _Array, indices: _Array, values: _Array) -> None: ...
def batch_matmul(out: _Array, a: _Array, b: _Array) -> None: ...
def cached_bytes() -> int: ...
def batch_moments(mean: _Array, var: _Array, input: _Array) -> None: ...
def batch_norm(
    out: _Array,
    input: _Array,
    mean: _Array,
    rstd: _Array,
    weight: _Array | None,
    bias: _Array | None,
) -> None: ...
def batch_norm_backward(
    grad_input: _Array | None,
    grad_weight: _Array | None,
    grad_bias: _Array | None,
    grad: _Array,
    input: _Array,
    mean: _Array,
    rstd: _Array,
    weight: _Array | None,
    fixed: bool,
) -> None: ...
def bag_maxima(
    out: _Array, places: _Array, table: _Array, indices: _Array, starts: _Array, padding: int
) -> int: ...
def bag_products(
    out: _Array, grad: _Array, table: _Array, indices: _Array, starts: _Array, padding: int
) -> None: ...
def bag_sums(
    out: _Array,
    sizes: _Array,
    table: _Array,
    factors: _Array | None,
    indices: _Array,
    starts: _Array,
    padding: int,
    mean: bool,
) -> int: ...
def clear_rows(out: _Array, indices: _Array) -> None: ...
def cpu_capabilities() -> list[str]: ...
def cross_entropy(
    out: _Array,
    grad_input: _Array | None,
    input: _Array,
    target: _Array,
    weight: _Array | None,
    ignore_index: int,
    smoothing: float,
    reduction: str,
) -> None: ...
def draw_words(state: _Array, out: _Array) -> None: ...
def dropout(
    state: _Array, out: _Array, mask: _Array, input: _Array, keep: float, scale: float
) -> None: ...
def dropout_backward(grad_input: _Array, grad: _Array, mask: _Array, scale: float) -> None: ...
def elu(out: _Array, input: _Array, alpha: float, scale: float, input_scale: float) -> None: ...
def elu_backward(grad_input: _Array, grad: _Array, saved: _Array, alpha: float, scale: float, input_scale: float) -> None: ...
def add(out: _Array, input: _Array, other: _Array) -> None: ...
def sub(out: _Array, input: _Array, other: _Array) -> None: ...
def mul(out: _Array, input: _Array, other: _Array) -> None: ...
def div(out: _Array, input: _Array, other: _Array) -> None: ...
def erf(out: _Array, input: _Array) -> None: ...
def exp(out: _Array, input: _Array) -> None: ...
def expm1(out: _Array, input: _Array) -> None: ...
def fill_bernoulli(state: _Array, out: _Array, p: float) -> None: ...
def fill_cauchy(state: _Array, out: _Array, median: float, sigma: float) -> None: ...
def fill_exponential(state: _Array, out: _Array, rate: float) -> None: ...
def fill_geometric(state: _Array, out: _Array, p: float) -> None: ...
def fill_integers(state: _Array, out: _Array, base: int, span: int, *, wide: bool) -> None: ...
def fill_log_normal(state: _Array, cache: _Array, out: _Array, mean: float, std: float) -> None: ...
def fill_normal_blocks(state: _Array, out: _Array, mean: float, std: float) -> None: ...
def fill_normal_serial(
    state: _Array, cache: _Array, out: _Array, mean: float, std: float
) -> None: ...
def fill_permutation(state: _Array, out: _Array, *, wide: bool) -> None: ...
def fill_uniform(state: _Array, out: _Array, low: float, high: float) -> None: ...
def force_cpu_capability(name: str) -> None: ...
def gelu(out: _Array, input: _Array) -> None: ...
def gelu_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def gelu_tanh(out: _Array, input: _Array) -> None: ...
def gelu_tanh_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def gather_rows(out: _Array, table: _Array, indices: _Array) -> int: ...
def get_cpu_capability() -> str: ...
def get_num_threads() -> int: ...
def group_norm(
    out: _Array,
    mean: _Array,
    rstd: _Array,
    input: _Array,
    weight: _Array | None,
    bias: _Array | None,
    eps: float,
    groups: int,
) -> None: ...
def group_norm_backward(
    grad_input: _Array | None,
    grad_weight: _Array | None,
    grad_bias: _Array | None,
    grad: _Array,
    input: _Array,
    mean: _Array,
    rstd: _Array,
    weight: _Array | None,
    groups: int,
) -> None: ...
def gru_backward(
    grad_gates: _Array,
    grad_h0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    saved: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def gru_forward(
    output: _Array,
    h_n: _Array,
    saved: _Array | None,
    input: _Array,
    h0: _Array,
    w_ih: _Array,
    w_hh: _Array,
    b_ih: _Array | None,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def hardsigmoid(out: _Array, input: _Array) -> None: ...
def hardsigmoid_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def hardswish(out: _Array, input: _Array) -> None: ...
def hardswish_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def hardtanh(out: _Array, input: _Array, min_val: float, max_val: float) -> None: ...
def hardtanh_backward(grad_input: _Array, grad: _Array, saved: _Array, min_val: float, max_val: float) -> None: ...
def leaky_relu(out: _Array, input: _Array, negative_slope: float) -> None: ...
def leaky_relu_backward(grad_input: _Array, grad: _Array, saved: _Array, negative_slope: float) -> None: ...
def log(out: _Array, input: _Array) -> None: ...
def log1p(out: _Array, input: _Array) -> None: ...
def log_sigmoid(out: _Array, input: _Array) -> None: ...
def log_sigmoid_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def layer_norm(
    out: _Array,
    mean: _Array | None,
    rstd: _Array,
    input: _Array,
    weight: _Array | None,
    bias: _Array | None,
    eps: float,
) -> None: ...
def layer_norm_backward(
    grad_input: _Array | None,
    grad_weight: _Array | None,
    grad_bias: _Array | None,
    grad: _Array,
    input: _Array,
    mean: _Array | None,
    rstd: _Array,
    weight: _Array | None,
) -> None: ...
def log_softmax(out: _Array, input: _Array, dim: int) -> None: ...
def log_softmax_backward(grad_input: _Array, grad: _Array, out: _Array, dim: int) -> None: ...
def log_softmax_backward_picked(
    grad_input: _Array, places: _Array, values: _Array, out: _Array
) -> None: ...
def lstm_backward(
    grad_gates: _Array,
    grad_h0: _Array,
    grad_c0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    grad_c_n: _Array,
    saved: _Array,
    c0: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def lstm_forward(
    output: _Array,
    h_n: _Array,
    c_n: _Array,
    saved: _Array | None,
    input: _Array,
    h0: _Array,
    c0: _Array,
    w_ih: _Array,
    w_hh: _Array,
    b_ih: _Array | None,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def mish(out: _Array, input: _Array) -> None: ...
def mish_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def release_cached() -> None: ...
def relu(out: _Array, input: _Array) -> None: ...
def nll_loss(
    out: _Array,
    slopes: _Array,
    places: _Array,
    input: _Array,
    target: _Array,
    weight: _Array | None,
    ignore_index: int,
    reduction: str,
) -> None: ...
def rnn_backward(
    grad_gates: _Array,
    grad_h0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    saved: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
    relu: bool,
) -> None: ...
def rnn_forward(
    output: _Array,
    h_n: _Array,
    saved: _Array | None,
    input: _Array,
    h0: _Array,
    w_ih: _Array,
    w_hh: _Array,
    b_ih: _Array | None,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
    relu: bool,
) -> None: ...
def seed_words(state: _Array, seed: int) -> None: ...
def set_num_threads(count: int) -> None: ...
def sigmoid(out: _Array, input: _Array) -> None: ...
def sigmoid_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def silu(out: _Array, input: _Array) -> None: ...
def silu_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def softplus(out: _Array, input: _Array, beta: float, threshold: float) -> None: ...
def softplus_backward(grad_input: _Array, grad: _Array, saved: _Array, beta: float, threshold: float) -> None: ...
def sum_columns(out: _Array, input: _Array) -> None: ...
def sum_rows(out: _Array, input: _Array) -> None: ...
def tanh(out: _Array, input: _Array) -> None: ...
def tanh_backward(grad_input: _Array, grad: _Array, saved: _Array) -> None: ...
def threshold_backward(grad_input: _Array, grad: _Array, saved: _Array, threshold: float) -> None: ...
def use_block_cache() -> bool: ...
def soft_cross_entropy(
    out: _Array,
    grad_input: _Array | None,
    input: _Array,
    target: _Array,
    weight: _Array | None,
    smoothing: float,
    reduction: str,
) -> None: ...
def unfold_windows(
    columns: _Array,
    input: _Array,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> None: ...
def fold_windows(
    input: _Array,
    columns: _Array,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> None: ...
def max_pool(
    out: _Array,
    indices: _Array,
    input: _Array,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
) -> None: ...
def max_pool_backward(grad_input: _Array, grad: _Array, indices: _Array) -> None: ...
def softmax(out: _Array, input: _Array, dim: int) -> None: ...
def softmax_backward(grad_input: _Array, grad: _Array, out: _Array, dim: int) -> None: ...
def sgd_step(
    params: list[_Array],
    grads: list[_Array],
    buffers: list[_Array] | None,
    rows: list[_Array | None] | None,
    lr: float,
    momentum: float,
    dampening: float,
    weight_decay: float,
    nesterov: bool,
    maximize: bool,
    first: bool,
) -> bool: ...
def crc32(data: bytes | bytearray | memoryview, value: int = 0) -> int: ...
def encode_text(
    out: _Array, text: _Array, letters: _Array, ends: _Array, slots: _Array, longest: int
) -> tuple[int, int]: ...
def hash_words(slots: _Array, letters: _Array, ends: _Array) -> None: ...
def train_words(
    inputs: _Array,
    outputs: _Array | None,
    nodes: _Array | None,
    tokens: _Array,
    keep: _Array,
    *,
    noise_thresholds: _Array | None = None,
    noise_aliases: _Array | None = None,
    negative: int = 0,
    path_starts: _Array | None = None,
    path_nodes: _Array | None = None,
    path_turns: _Array | None = None,
    window: int,
    shrink: bool,
    cbow: bool,
    mean: bool,
    alpha: float,
    with_loss: bool,
    seed: int,
) -> tuple[float, int, int]: ...
