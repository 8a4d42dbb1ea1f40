"""L-BFGS: quasi-Newton steps from the last gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import cat
from .._tensor import Tensor
from ..autograd.grad_mode import enable_grad, no_grad
from ._line_search import LineSearch, Point
from ._options import check_lr, number
from .optimizer import Optimizer, ParamsT

__all__ = ["LBFGS"]


class LBFGS(Optimizer):
    r"""L-BFGS: steps along :math:`-H g`, with an inverse Hessian :math:`H` from the last steps.

    One call of :meth:`step` makes up to ``max_iter`` steps and evaluates the closure as often as it
    needs. There is one parameter group, and the whole state stands at the first parameter.

    Args:
        params: parameters.
        lr: length of a step, or where the line search begins; a number or a one-element tensor.
        max_iter: most steps in a call.
        max_eval: most evaluations in a call; ``max_iter * 5 // 4`` when left out.
        tolerance_grad: stop when no element of the gradient is larger.
        tolerance_change: stop when neither loss nor a parameter changes by more.
        history_size: how many steps are remembered.
        line_search_fn: ``"strong_wolfe"``, or ``None`` for steps of length ``lr``.

    Raises:
        ValueError: ``lr`` is negative or of several elements, or there is more than one group.

    Example:
        >>> import penlight as torch
        >>> weight = torch.tensor([3.0, -2.0], requires_grad=True)
        >>> optimizer = torch.optim.LBFGS([weight], line_search_fn="strong_wolfe")
        >>> def closure():
        ...     optimizer.zero_grad()
        ...     loss = ((weight - 1) ** 2).sum()
        ...     loss.backward()
        ...     return loss
        >>> optimizer.step(closure)
        tensor(13., grad_fn=<SumBackward0>)
        >>> weight
        tensor([1.0000, 1.0000], requires_grad=True)

    References:
        Liu and Nocedal, 1989, On the limited memory BFGS method for large scale optimization.
    """

    def __init__(
        self,
        params: ParamsT,
        lr: float | Tensor = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        check_lr(lr)
        defaults = {
            "lr": lr,
            "max_iter": max_iter,
            "max_eval": max_iter * 5 // 4 if max_eval is None else max_eval,
            "tolerance_grad": tolerance_grad,
            "tolerance_change": tolerance_change,
            "history_size": history_size,
            "line_search_fn": line_search_fn,
        }
        super().__init__(params, defaults)
        if len(self.param_groups) != 1:
            msg = (
                "LBFGS doesn't support per-parameter options (parameter groups); "
                f"got {len(self.param_groups)} groups"
            )
            raise ValueError(msg)

    @property
    def _params(self) -> list[Any]:
        params: list[Any] = self.param_groups[0]["params"]
        return params

    def step(self, closure: Callable[[], Any]) -> Any:  # type: ignore[override] # it is needed here
        """Make up to ``max_iter`` steps.

        Args:
            closure: evaluates the model again, calls ``backward`` and returns the loss.

        Returns:
            What the first call of ``closure`` returned.

        Raises:
            AssertionError: a group was added.
            RuntimeError: ``line_search_fn`` is neither ``None`` nor ``"strong_wolfe"``.
        """
        if len(self.param_groups) != 1:
            msg = f"Expected exactly one param_group, but got {len(self.param_groups)}"
            raise AssertionError(msg)
        with no_grad():
            return _Descent(self, enable_grad()(closure)).run()

    # -- the parameters as one vector --------------------------------------------------------------

    def _gather_flat_grad(self) -> Any:
        """Return all gradients as one vector; zeros for parameters without."""
        return cat(
            [
                param.new_zeros(param.numel()) if param.grad is None else param.grad.reshape(-1)
                for param in self._params
            ]
        )

    def _add_grad(self, step_size: Any, update: Any) -> None:
        """Move the parameters by ``step_size`` times a vector."""
        pieces = update.split([param.numel() for param in self._params])
        for param, piece in zip(self._params, pieces, strict=True):
            param.add_(piece.view_as(param), alpha=number(step_size))

    def _clone_param(self) -> list[Any]:
        """Return copies of the parameters."""
        return [param.clone() for param in self._params]

    def _set_param(self, params_data: list[Any]) -> None:
        """Set the parameters to copies of them."""
        for param, data in zip(self._params, params_data, strict=True):
            param.copy_(data)


class _Descent:
    """One call of :meth:`LBFGS.step`; what it knows between steps goes into the state at the end.

    Args:
        optimizer: whose parameters are moved.
        closure: evaluates the model.
    """

    def __init__(self, optimizer: LBFGS, closure: Callable[[], Any]) -> None:
        self.optimizer = optimizer
        self.closure = closure
        self.group = optimizer.param_groups[0]
        # torch: it stands at one parameter, so that loading casts it to the dtype of that.
        self.state = state = optimizer.state[optimizer._params[0]]
        state.setdefault("func_evals", 0)
        state.setdefault("n_iter", 0)
        self.evaluations = 0
        self.direction = state.get("d")
        self.t = state.get("t")
        self.old_dirs: Any = state.get("old_dirs")
        self.old_stps: Any = state.get("old_stps")
        self.ro: Any = state.get("ro")
        self.diagonal = state.get("H_diag")
        self.before = state.get("prev_flat_grad")
        self.loss_before = state.get("prev_loss")

    def run(self) -> Any:
        """Make the steps; return the loss before the first."""
        first_loss = self.closure()
        self.loss = float(first_loss)
        self._count(1)
        self.grad = self.optimizer._gather_flat_grad()
        if self._is_level():
            return first_loss
        for turn in range(1, self.group["max_iter"] + 1):
            if self._step(last=turn == self.group["max_iter"]):
                break
        self.state.update(
            d=self.direction,
            t=self.t,
            old_dirs=self.old_dirs,
            old_stps=self.old_stps,
            ro=self.ro,
            H_diag=self.diagonal,
            prev_flat_grad=self.before,
            prev_loss=self.loss_before,
        )
        return first_loss

    def _count(self, evaluations: int) -> None:
        self.evaluations += evaluations
        self.state["func_evals"] += evaluations

    def _is_level(self) -> bool:
        return bool(self.grad.abs().max() <= self.group["tolerance_grad"])

    def _step(self, *, last: bool) -> bool:
        """Make one step; return whether it was the last."""
        self.state["n_iter"] += 1
        first = self.state["n_iter"] == 1
        if first:
            self.direction = self.grad.neg()
            self.old_dirs, self.old_stps, self.ro, self.diagonal = [], [], [], 1
        else:
            self._remember()
            self.direction = self._quasi_newton()
        if self.before is None:
            self.before = self.grad.clone()
        else:
            self.before.copy_(self.grad)
        self.loss_before = self.loss
        self.t = number(self.group["lr"])
        if first:
            self.t = min(1.0, 1.0 / self.grad.abs().sum()) * self.t
        slope = self.grad.dot(self.direction)
        change: float = self.group["tolerance_change"]
        if slope > -change:
            return True
        self._move(slope, last=last)
        return bool(
            last
            or self.evaluations >= self.group["max_eval"]
            or self._is_level()
            or (self.direction * self.t).abs().max() <= change
            or abs(self.loss - self.loss_before) < change
        )

    def _remember(self) -> None:
        """Add the last step and what it changed in the gradient to the history."""
        y = self.grad.sub(self.before)
        s = self.direction.mul(self.t)
        ys = y.dot(s)
        if not ys > 1e-10:
            return
        if len(self.old_dirs) == self.group["history_size"]:
            for history in (self.old_dirs, self.old_stps, self.ro):
                history.pop(0)
        self.old_dirs.append(y)
        self.old_stps.append(s)
        self.ro.append(1.0 / ys)
        self.diagonal = ys / y.dot(y)

    def _quasi_newton(self) -> Any:
        """Return minus the gradient, times the inverse Hessian of the history."""
        # torch: part of its checkpoints.
        factors = self.state.setdefault("al", [None] * self.group["history_size"])
        history = list(zip(self.old_dirs, self.old_stps, self.ro, strict=True))
        vector = self.grad.neg()
        for index in reversed(range(len(history))):
            y, s, ro = history[index]
            factors[index] = s.dot(vector) * ro
            vector.add_(y, alpha=-number(factors[index]))
        vector = vector * self.diagonal
        for (y, s, ro), factor in zip(history, factors, strict=False):
            vector.add_(s, alpha=number(factor - y.dot(vector) * ro))
        return vector

    def _move(self, slope: Any, *, last: bool) -> None:
        """Move along the direction; find loss and gradient there, unless nobody will look."""
        optimizer, search = self.optimizer, self.group["line_search_fn"]
        if search is None:
            optimizer._add_grad(self.t, self.direction)
            if not last:
                self.loss = float(self.closure())
                self.grad = optimizer._gather_flat_grad()
                self._count(1)
            return
        if search != "strong_wolfe":
            msg = f"only 'strong_wolfe' is supported, got line_search_fn={search!r}"
            raise RuntimeError(msg)
        found = LineSearch(
            self._evaluator(),
            Point(0, self.loss, self.grad, slope),
            self.direction.abs().max(),
            self.group["max_eval"] - self.evaluations,
            self.group["tolerance_change"],
        )
        point = found.run(self.t)
        self.t, self.loss, self.grad = point.t, point.loss, point.grad
        optimizer._add_grad(self.t, self.direction)
        self._count(found.evaluations)

    def _evaluator(self) -> Callable[[Any], Point]:
        """Return what tries a step length and goes back."""
        optimizer = self.optimizer
        start = optimizer._clone_param()

        def evaluate(t: Any) -> Point:
            optimizer._add_grad(t, self.direction)
            loss = float(self.closure())
            grad = optimizer._gather_flat_grad()
            optimizer._set_param(start)
            return Point(t, loss, grad, grad.dot(self.direction))

        return evaluate
