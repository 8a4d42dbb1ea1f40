"""The line search of L-BFGS: a step that satisfies the strong Wolfe conditions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

# Sufficient decrease, and how much of the slope may be left.
_DECREASE, _CURVATURE = 1e-4, 0.9


class Point(NamedTuple):
    """A step length, with the loss, the gradient and the slope along the direction found there."""

    t: Any
    loss: float
    grad: Any
    slope: Any


Evaluate = Callable[[Any], Point]


class LineSearch:
    """One search along a direction: first for a bracket, then for a point in it.

    Args:
        evaluate: returns the point of a step length.
        start: the point of step length 0.
        reach: the largest element of the direction.
        most: how many evaluations there may be after the first.
        least_change: stop when the bracket moves no parameter by more.
    """

    def __init__(
        self, evaluate: Evaluate, start: Point, reach: Any, most: int, least_change: float
    ) -> None:
        self.evaluate = evaluate
        self.start = start
        self.reach = reach
        self.most = most
        self.least_change = least_change
        self.evaluations = 0

    def run(self, t: Any) -> Point:
        """Return the best point found, beginning with step length ``t``."""
        bracket, done = self._bracket(t)
        return bracket[0] if done else self._zoom(bracket)

    def _at(self, t: Any) -> Point:
        self.evaluations += 1
        return self.evaluate(t)

    def _too_high(self, point: Point) -> bool:
        start = self.start
        return bool(point.loss > start.loss + _DECREASE * point.t * start.slope)

    def _is_flat(self, point: Point) -> bool:
        return bool(abs(point.slope) <= -_CURVATURE * self.start.slope)

    def _bracket(self, t: Any) -> tuple[list[Point], bool]:
        """Go on until a good point is between two; return them, or one that is good enough."""
        before, point = self.start, self._at(t)
        for turn in range(self.most):
            if self._too_high(point) or (turn > 1 and point.loss >= before.loss):
                return [before, point], False
            if self._is_flat(point):
                return [point], True
            if point.slope >= 0:
                return [before, point], False
            bounds = (point.t + 0.01 * (point.t - before.t), point.t * 10)
            before, point = point, self._at(_interpolated(before, point, bounds))
        return [self.start, point], False

    def _zoom(self, bracket: list[Point]) -> Point:
        """Narrow a bracket until its lower end is good enough, and return that."""
        low = _low(bracket)
        stuck = False
        while self.evaluations <= self.most:
            first, second = bracket
            if abs(second.t - first.t) * self.reach < self.least_change:
                break
            t, stuck = _inside(bracket, stuck=stuck)
            point = self._at(t)
            if self._too_high(point) or point.loss >= bracket[low].loss:
                bracket[1 - low] = point
                low = _low(bracket)
                continue
            if self._is_flat(point):
                return point
            if point.slope * (bracket[1 - low].t - bracket[low].t) >= 0:
                bracket[1 - low] = bracket[low]
            bracket[low] = point
        return bracket[low]


def _low(bracket: list[Point]) -> int:
    """Return which end has the lower loss."""
    return 0 if bracket[0].loss <= bracket[-1].loss else 1


def _inside(bracket: list[Point], *, stuck: bool) -> tuple[Any, bool]:
    """Return a step length between the ends, and whether the next may not be as near to one."""
    t = _interpolated(bracket[0], bracket[1])
    ends = [point.t for point in bracket]
    least, most = min(ends), max(ends)
    margin = 0.1 * (most - least)
    if not min(most - t, t - least) < margin:
        return t, False
    if not (stuck or t >= most or t <= least):
        return t, True
    return (most - margin if abs(t - most) < abs(t - least) else least + margin), False


def _interpolated(first: Point, second: Point, bounds: tuple[Any, Any] | None = None) -> Any:
    """Return where the cubic through two points with their slopes is lowest, within bounds."""
    if bounds is None:
        bounds = (first.t, second.t) if first.t <= second.t else (second.t, first.t)
    least, most = bounds
    near, far = (first, second) if first.t <= second.t else (second, first)
    mixed = first.slope + second.slope - 3 * (first.loss - second.loss) / (first.t - second.t)
    square = mixed**2 - first.slope * second.slope
    if not square >= 0:
        return (least + most) / 2.0
    root = square.sqrt()
    lowest = far.t - (far.t - near.t) * (
        (far.slope + root - mixed) / (far.slope - near.slope + 2 * root)
    )
    return min(max(lowest, least), most)
