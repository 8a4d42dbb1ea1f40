from typing import Any, TypeAlias

import numpy as np

_Array: TypeAlias = np.ndarray[Any, Any]

class CallPath:
    def __new__(cls, *record: Any) -> CallPath: ...
    def __call__(self, *args: Any) -> Any: ...

def run_nodes(*walk: Any) -> None: ...
def prepare_call_path(*shared: Any) -> None: ...
def add_rows(out: _Array, indices: _Array, values: _Array) -> None: ...
def batch_matmul(out: _Array, a: _Array, b: _Array) -> None: ...
def cpu_capabilities() -> list[str]: ...
def draw_words(state: _Array, out: _Array) -> None: ...
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
def get_cpu_capability() -> str: ...
def get_num_threads() -> int: ...
def gru_backward(
    grad_input_gates: _Array,
    grad_hidden_gates: _Array,
    grad_h0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    saved: _Array,
    previous: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def gru_forward(
    output: _Array,
    h_n: _Array,
    saved: _Array | None,
    input_gates: _Array,
    h0: _Array,
    w_hh: _Array,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def log_softmax(out: _Array, input: _Array) -> None: ...
def log_softmax_backward(grad_input: _Array, grad: _Array, out: _Array) -> None: ...
def lstm_backward(
    grad_gates: _Array,
    grad_h0: _Array,
    grad_c0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    grad_c_n: _Array,
    saved: _Array,
    cells: _Array,
    previous_cells: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def lstm_forward(
    output: _Array,
    h_n: _Array,
    c_n: _Array,
    saved: _Array | None,
    cells: _Array | None,
    input_gates: _Array,
    h0: _Array,
    c0: _Array,
    w_hh: _Array,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
) -> None: ...
def rnn_backward(
    grad_gates: _Array,
    grad_h0: _Array,
    grad_output: _Array,
    grad_h_n: _Array,
    output: _Array,
    w_hh: _Array,
    batch_sizes: _Array | None,
    reverse: bool,
    relu: bool,
) -> None: ...
def rnn_forward(
    output: _Array,
    h_n: _Array,
    input_gates: _Array,
    h0: _Array,
    w_hh: _Array,
    b_hh: _Array | None,
    batch_sizes: _Array | None,
    reverse: bool,
    relu: bool,
) -> None: ...
def seed_words(state: _Array, seed: int) -> None: ...
def set_num_threads(count: int) -> None: ...
def softmax(out: _Array, input: _Array) -> None: ...
def softmax_backward(grad_input: _Array, grad: _Array, out: _Array) -> None: ...
