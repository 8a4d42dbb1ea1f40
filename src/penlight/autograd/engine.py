"""The backward walk: nodes in the reverse order of their making, gradients added as they arrive."""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from .. import kernels
from ._watch import anomaly
from .grad_mode import mode
from .graph import AccumulateGrad, Node, Output, accumulate_into, index_of, target_of

Buffers = dict[Node, Any]

# The loop over nodes in C++ (cpp/call_path/walk.cpp), where it is: not without the compiled
# kernels, nor in builds without the GIL.
run_nodes: Any = None
if kernels.is_native:
    from .. import _kernels

    run_nodes = getattr(_kernels, "run_nodes", None)


def prepare_walk(tensor_class: type[Any]) -> None:
    """Name the classes that walks meet, before the first of them."""
    if run_nodes is not None:
        _kernels.prepare_walk(Node, Output, AccumulateGrad, tensor_class)


class _Walk:
    """One backward pass: what has arrived where, and what is still to run."""

    def __init__(self, roots: Sequence[Any], *, keep_graph: bool, create_graph: bool) -> None:
        self.roots = roots
        self.keep_graph = keep_graph
        self.create_graph = create_graph
        self.arrived: Buffers = {}
        self.queue: list[tuple[int, Node]] = []
        self.wanted: set[Node] | None = None
        self.captured: dict[Node, list[int]] = {}
        self.results: dict[tuple[Node, int], Any] = {}

    def deliver(self, edge: Any, grad: Any) -> None:
        """Add ``grad`` to what has arrived at the node and output that ``edge`` leads to."""
        if edge.__class__ is Output:
            node, index = edge.node, edge.index
        elif edge.outputs is None:
            self._deliver_single(edge, grad)
            return
        else:
            node, index = edge, 0
        grads = self.arrived.get(node)
        if grads is None:
            grads = self.arrived[node] = [None] * len(node.outputs)
            heappush(self.queue, (-node.sequence, node))
        grads[index] = grad if grads[index] is None else grads[index] + grad

    def _deliver_single(self, node: Node, grad: Any) -> None:
        arrived = self.arrived
        if node in arrived:
            arrived[node] = arrived[node] + grad
            return
        arrived[node] = grad
        if node.sequence >= 0:
            heappush(self.queue, (-node.sequence, node))

    def reached(self) -> set[Node]:
        """Return the nodes that this walk runs, leaves among them."""
        return below(self.roots) if self.wanted is None else self.wanted

    def run(self) -> None:
        """Run nodes until none is left, then add up the leaves."""
        if run_nodes is not None and self.wanted is None and not anomaly.enabled:
            walk = (self.arrived, self.queue, self.keep_graph, self.create_graph)
            run_nodes(*walk, self.deliver, self._run_with_care, self._finish_leaf)
            return
        self._run_nodes()
        for leaf, grad in self.arrived.items():
            self._finish_leaf(leaf, grad)

    def _run_nodes(self) -> None:
        arrived, queue, keep_graph = self.arrived, self.queue, self.keep_graph
        careful = self.wanted is not None or anomaly.enabled
        while queue:
            node = heappop(queue)[1]
            grads = arrived.pop(node)
            if careful or node.hooks is not None or node.outputs is not None:
                self._run_with_care(node, grads)
                continue
            edges = node.edges
            for edge, result in zip(edges, node.backward(grads, edges), strict=True):
                if edge is None or result is None:
                    continue
                # `deliver`, written out for the first gradient of a node with one output.
                if edge.__class__ is Output or edge.outputs is not None or edge in arrived:
                    self.deliver(edge, result)
                    continue
                arrived[edge] = result
                if edge.sequence >= 0:
                    heappush(queue, (-edge.sequence, edge))
            if not keep_graph:
                node.release()

    def _run_with_care(self, node: Node, grads: Any) -> None:
        """Run a node that has hooks, several outputs, or only some wanted edges."""
        grads = grads if node.outputs is not None else [grads]
        _write_out(grads)
        if node.hooks is not None:
            grads = node.hooks.run_before(grads)
        for index in self.captured.get(node, ()):
            self.results[node, index] = grads[index]
        edges = self._wanted_edges(node)
        if not any(edge is not None for edge in edges):
            return
        given = grads[0] if node.outputs is None else tuple(grads)
        if anomaly.enabled:
            results = anomaly.run(node, given, edges)
        else:
            results = node.backward(given, edges)
        if node.hooks is not None:
            results = node.hooks.run_after(results, grads)
        for edge, result in zip(edges, results, strict=True):
            if edge is not None and result is not None:
                self.deliver(edge, result)
        if not self.keep_graph:
            node.release()

    def _wanted_edges(self, node: Node) -> tuple[Any, ...]:
        wanted = self.wanted
        if wanted is None:
            return node.edges
        return tuple(edge if target_of(edge) in wanted else None for edge in node.edges)

    def _finish_leaf(self, leaf: Any, grad: Any) -> None:
        if leaf in self.captured:
            _write_out([grad])
            if leaf.hooks is not None:
                grad = leaf.hooks.run_before([grad])[0]
            self.results[leaf, 0] = grad
        elif self.wanted is None:
            leaf.accumulate(grad, create_graph=self.create_graph)


def _write_out(grads: Sequence[Any]) -> None:
    """Make ordinary tensors of gradients before anybody but the next node sees them.

    A gradient may hold less than its array until that is asked for (decision 0013).
    """
    for grad in grads:
        if grad is not None:
            grad._array  # noqa: B018


def below(roots: Sequence[Any]) -> set[Node]:
    """Return the nodes that edges lead to, and all below them."""
    seen: set[Node] = set()
    stack = [node for node in map(target_of, roots) if node is not None]
    while stack:
        node = stack.pop()
        if node not in seen:
            seen.add(node)
            stack.extend(other for other in map(target_of, node.edges) if other is not None)
    return seen


def _leading_to(roots: Sequence[Any], targets: set[Node]) -> set[Node]:
    """Return the nodes below ``roots`` that lead to one of ``targets``, targets included."""
    reached: set[Node] = set()
    # Edges lead to smaller numbers, so in rising order every node comes after what it leads to.
    for node in sorted(below(roots), key=lambda node: node.sequence):
        if node in targets or any(target_of(edge) in reached for edge in node.edges):
            reached.add(node)
    return reached


def run_backward(
    edges: Sequence[Any],
    grads: Sequence[Any],
    *,
    keep_graph: bool,
    create_graph: bool,
    inputs: Sequence[Any] | None = None,
) -> list[Any]:
    """Walk the graph from ``edges`` with ``grads`` down to the leaves.

    Args:
        edges: where to start.
        grads: one gradient tensor per edge.
        keep_graph: keep what nodes saved, for another walk.
        create_graph: record the walk itself, so that gradients can be differentiated.
        inputs: edges whose gradients to return; leaves then accumulate nothing.

    Returns:
        One gradient (or ``None`` where the graph does not lead there) per edge of ``inputs``.
    """
    walk = _Walk(edges, keep_graph=keep_graph, create_graph=create_graph)
    if inputs is not None:
        for edge in inputs:
            walk.captured.setdefault(target_of(edge), []).append(index_of(edge))
        walk.wanted = _leading_to(edges, set(walk.captured))
    before, outer = mode.grad, mode.walk
    mode.grad, mode.walk = create_graph, walk
    try:
        for edge, grad in zip(edges, grads, strict=True):
            if walk.wanted is None or target_of(edge) in walk.wanted:
                walk.deliver(edge, grad)
        walk.run()
    finally:
        mode.grad, mode.walk = before, outer
        walk.roots = ()
    return [walk.results.get((target_of(edge), index_of(edge))) for edge in inputs or ()]


def accumulate_results(inputs: Sequence[Any], grads: Sequence[Any], *, create_graph: bool) -> None:
    """Add each gradient to its tensor's ``grad``: ``backward(inputs=…)``."""
    before = mode.grad
    mode.grad = create_graph
    try:
        for tensor, grad in zip(inputs, grads, strict=True):
            if grad is None:
                continue
            edge = tensor._edge
            if edge.__class__ is AccumulateGrad and edge.post_hooks:
                accumulate_into(tensor, grad, create_graph=create_graph)
                for hook in list(edge.post_hooks.values()):
                    hook(tensor)
            else:
                accumulate_into(tensor, grad, create_graph=create_graph)
    finally:
        mode.grad = before
