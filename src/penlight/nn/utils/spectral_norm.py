"""Spectral norm by a hook: the older form, with ``weight_orig`` and the vectors in checkpoints."""

from __future__ import annotations

from typing import Any

from ...autograd.grad_mode import no_grad
from ...ops.products import dot, mv
from ..functional.distance import normalize
from ..parameter import Parameter

__all__ = [
    "SpectralNorm",
    "SpectralNormLoadStateDictPreHook",
    "SpectralNormStateDictHook",
    "remove_spectral_norm",
    "spectral_norm",
]


class SpectralNorm:
    """The hook that divides a weight by its largest singular value before every forward.

    Args:
        name: the parameter.
        n_power_iterations: steps of the power method at each forward in training mode.
        dim: the dimension of the outputs.
        eps: the least norm that is divided by.

    Raises:
        ValueError: ``n_power_iterations`` is not positive.
    """

    # Written into checkpoints; those without it are older than `v` among the buffers.
    _version: int = 1

    def __init__(
        self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12
    ) -> None:
        if n_power_iterations <= 0:
            msg = (
                "Expected n_power_iterations to be positive, but "
                f"got n_power_iterations={n_power_iterations}"
            )
            raise ValueError(msg)
        self.name = name
        self.dim = dim
        self.n_power_iterations = n_power_iterations
        self.eps = eps

    def reshape_weight_to_matrix(self, weight: Any) -> Any:
        """Return the weight as a matrix, outputs first."""
        if self.dim != 0:
            weight = weight.movedim(self.dim, 0)
        return weight.reshape(weight.shape[0], -1)

    def compute_weight(self, module: Any, do_power_iteration: bool) -> Any:
        """Return the normed weight of a module, after moving its vectors on when told to."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.reshape_weight_to_matrix(weight)
        if do_power_iteration:
            with no_grad():
                # In place, so that buffers stay the same memory.
                for _ in range(self.n_power_iterations):
                    normalize(mv(matrix.t(), u), dim=0, eps=self.eps, out=v)
                    normalize(mv(matrix, v), dim=0, eps=self.eps, out=u)
                # The next forward writes them, and this one's backward may come after.
                u, v = u.clone(), v.clone()
        return weight / dot(u, mv(matrix, v))

    def remove(self, module: Any) -> None:
        """Make the weight a parameter again, with the value it has."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for suffix in ("", "_u", "_v", "_orig"):
            delattr(module, self.name + suffix)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the weight; a forward pre-hook."""
        del inputs
        weight = self.compute_weight(module, do_power_iteration=module.training)
        setattr(module, self.name, weight)

    @staticmethod
    def apply(
        module: Any, name: str, n_power_iterations: int, dim: int, eps: float
    ) -> SpectralNorm:
        """Put the original and the vectors in a parameter's place, and the hooks on the module.

        Raises:
            RuntimeError: the parameter has such a hook.
            ValueError: it is ``None``.
        """
        for other in module._forward_pre_hooks.values():
            if isinstance(other, SpectralNorm) and other.name == name:
                msg = f"Cannot register two spectral_norm hooks on the same parameter {name}"
                raise RuntimeError(msg)
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            msg = f"`SpectralNorm` cannot be applied as parameter `{name}` is None"
            raise ValueError(msg)
        with no_grad():
            sizes = hook.reshape_weight_to_matrix(weight).shape
            u, v = (
                normalize(weight.new_empty(size).normal_(0, 1), dim=0, eps=eps) for size in sizes
            )
        delattr(module, name)
        module.register_parameter(name + "_orig", weight)
        # A plain attribute: something is there under the name before the first forward.
        setattr(module, name, weight.data)
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(SpectralNormStateDictHook(hook))
        module._register_load_state_dict_pre_hook(SpectralNormLoadStateDictPreHook(hook))
        return hook


class SpectralNormLoadStateDictPreHook:
    """Looks at a checkpoint before it is loaded: those of torch before 1.0 have another layout.

    Args:
        fn: the hook that computes the weight.
    """

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Say what is missing of the older layout, or bring it to the present one."""
        del unexpected_keys, error_msgs
        name = self.fn.name
        version = local_metadata.get("spectral_norm", {}).get(name + ".version")
        key = prefix + name
        current = all(key + suffix in state_dict for suffix in ("_orig", "_u", "_v"))
        if version is not None or (current and key not in state_dict):
            return
        lacking = [key + suffix for suffix in ("_orig", "", "_u") if key + suffix not in state_dict]
        if lacking:
            missing_keys.extend(lacking if strict else [])
            return
        with no_grad():
            original, weight = state_dict[key + "_orig"], state_dict.pop(key)
            matrix = self.fn.reshape_weight_to_matrix(original)
            sigma = (original / weight).mean()
            state_dict[key + "_v"] = _vector_of(matrix, state_dict[key + "_u"], sigma)


def _vector_of(matrix: Any, u: Any, sigma: Any) -> Any:
    """Return the ``v`` for which ``W v`` points along ``u`` and ``u W v`` is sigma."""
    from ...ops.least_squares import pinv  # noqa: PLC0415 - for old checkpoints only

    v = mv(pinv(matrix.t().mm(matrix)) @ matrix.t(), u)
    return v.mul_(sigma / dot(u, mv(matrix, v)))


class SpectralNormStateDictHook:
    """Notes the layout's version in a checkpoint's metadata.

    Args:
        fn: the hook that computes the weight.
    """

    def __init__(self, fn: SpectralNorm) -> None:
        self.fn = fn

    def __call__(
        self, module: Any, state_dict: Any, prefix: str, local_metadata: dict[str, Any]
    ) -> None:
        """Note the version."""
        del module, state_dict, prefix
        versions = local_metadata.setdefault("spectral_norm", {})
        key = self.fn.name + ".version"
        if key in versions:
            msg = f"Unexpected key in metadata['spectral_norm']: {key}"
            raise RuntimeError(msg)
        versions[key] = self.fn._version


def dim_of_outputs(module: Any) -> int:
    """Return the dimension of a module's weight that counts its outputs."""
    from ..modules import conv  # noqa: PLC0415 - recurrent modules, in that package, import utils

    transposed = (conv.ConvTranspose1d, conv.ConvTranspose2d, conv.ConvTranspose3d)
    return 1 if isinstance(module, transposed) else 0


def spectral_norm(
    module: Any,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Any:
    r"""Divide a weight by its largest singular value before every forward, by a hook.

    The newer form is :func:`penlight.nn.utils.parametrizations.spectral_norm`.

    Args:
        module: the module; it gets the parameter ``<name>_orig`` and the buffers ``<name>_u`` and
            ``<name>_v``.
        name: its parameter.
        n_power_iterations: steps of the power method at each forward in training mode.
        eps: the least norm that is divided by.
        dim: the dimension of the outputs; 0, and 1 for transposed convolutions, when left out.

    Returns:
        The module.

    Raises:
        RuntimeError: the parameter has spectral norm.
        ValueError: ``n_power_iterations`` is not positive.

    Example:
        >>> import penlight as torch
        >>> layer = torch.nn.utils.spectral_norm(torch.nn.Linear(20, 40))
        >>> layer.weight_u.shape
        torch.Size([40])

    References:
        Miyato et al., 2018, arXiv:1802.05957.
    """
    SpectralNorm.apply(
        module, name, n_power_iterations, dim_of_outputs(module) if dim is None else dim, eps
    )
    return module


def remove_spectral_norm(module: Any, name: str = "weight") -> Any:
    """Make the weight that :func:`spectral_norm` took over a parameter again; returns the module.

    Raises:
        ValueError: it has no spectral norm.
    """
    for number, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            hook.remove(module)
            del module._forward_pre_hooks[number]
            break
    else:
        msg = f"spectral_norm of '{name}' not found in {module}"
        raise ValueError(msg)
    _drop(module._state_dict_hooks, SpectralNormStateDictHook, name)
    _drop(module._load_state_dict_pre_hooks, SpectralNormLoadStateDictPreHook, name)
    return module


def _drop(hooks: dict[int, tuple[Any, bool]], kind: type, name: str) -> None:
    for number, (hook, _) in list(hooks.items()):
        if isinstance(hook, kind) and hook.fn.name == name:  # type: ignore[attr-defined] # both have it
            del hooks[number]
