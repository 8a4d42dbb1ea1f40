"""Functions of functions: gradients, Jacobians, maps over a dimension, modules as functions.

The transforms nest in each other and in ordinary autograd. ``grad`` and its like record the
function on fresh inputs and go backward; products from the right (``jvp``, ``jacfwd``,
``linearize``) go backward twice; ``vmap`` calls the function once for each slice and stacks what it
returns, so it saves code, not time.
"""

from __future__ import annotations

from ._derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from ._modules import functional_call, replace_all_batch_norm_modules_, stack_module_state
from ._vmap import vmap

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]
