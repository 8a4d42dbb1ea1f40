# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Containers and the modules without arithmetic, expression by expression beside torch."""

from __future__ import annotations

import pytest
from expressions import compare

import penlight
from penlight import nn

SETUP = """
from collections import OrderedDict
def lin():
    return nn.Linear(1, 1)
def run(*steps):
    result = None
    for step in steps:
        result = step() if callable(step) and not isinstance(step, nn.Module) else step
    return result
class Chain(nn.Sequential):
    pass
s = nn.Sequential(lin(), nn.Flatten(), lin())
named = nn.Sequential(OrderedDict([("first", lin()), ("second", nn.Identity())]))
ml = nn.ModuleList([lin(), lin(), nn.Flatten()])
md = nn.ModuleDict({"z": lin(), "y": nn.Flatten()})
pl = nn.ParameterList([torch.ones(2, 3), 5, nn.Parameter(torch.ones(1), requires_grad=False), torch.tensor(1.0)])
pd = nn.ParameterDict({"b": torch.ones(2), "a": 3})
"""

SEQUENTIAL = [
    "s",
    "named",
    "s[0]",
    "s[-1]",
    "s[5]",
    "s[-4]",
    "s['0']",
    "s[1:]",
    "s[::-2]",
    "type(Chain(lin())[0:1]).__name__",
    "named[1:]",
    "len(s)",
    "[type(m).__name__ for m in s]",
    "run(lambda: s.__setitem__(0, nn.Identity()), s)",
    "run(lambda: named.__setitem__(-1, nn.Flatten()), named)",
    "s.__setitem__(7, lin())",
    "s.__setitem__(0, 3)",
    "run(lambda: s.__delitem__(0), s)",
    "run(lambda: s.__delitem__(slice(0, 2)), s)",
    "s + nn.Sequential(nn.Identity())",
    "s + 3",
    "run(lambda: s.__iadd__(nn.Sequential(nn.Identity())), s)",
    "s * 2",
    "2 * s",
    "s * 0",
    "s * 'a'",
    "run(lambda: s.__imul__(2), s)",
    "s.__imul__(-1)",
    "(s * 2)[0] is s[0]",
    "s.insert(1, nn.Identity())",
    "s.insert(-1, nn.Identity())",
    "s.insert(3, nn.Identity())",
    "s.insert(9, lin())",
    "s.insert(0, 3)",
    "s.append(nn.Identity())",
    "s.append(3)",
    "s.extend([nn.Identity(), nn.Flatten()])",
    "s.extend(3)",
    "run(lambda: s.pop(0), s)",
    "s.pop(9)",
    "nn.Sequential(3)",
    "nn.Sequential([lin()])",
    "nn.Sequential()",
    "nn.Sequential()(4)",
    "list(s.state_dict())",
]
MODULE_LIST = [
    "ml",
    "ml[5]",
    "ml[1:]",
    "ml['a']",
    "ml[1.0]",
    "ml[torch.tensor(2)]",
    "ml + [nn.Identity()]",
    "run(lambda: ml.__iadd__([nn.Identity()]), ml)",
    "run(lambda: ml.insert(1, nn.Identity()), ml)",
    "run(lambda: ml.insert(3, nn.Identity()), ml)",
    "ml.extend(nn.Sequential(nn.Identity()))",
    "ml.extend(3)",
    "ml.extend(nn.Flatten())",
    "ml.append(3)",
    "ml.append(nn.Identity())",
    "run(lambda: ml.pop(0), ml)",
    "run(lambda: ml.__delitem__(slice(1, 3)), ml)",
    "run(lambda: ml.__delitem__(-1), ml)",
    "ml.__setitem__(9, lin())",
    "run(lambda: ml.__setitem__(-1, nn.Identity()), ml)",
    "ml(1)",
    "nn.ModuleList()",
    "nn.ModuleList(3)",
    "nn.ModuleList([nn.Flatten()] * 4)",
    "nn.ModuleList([nn.Sequential(lin()), nn.Sequential(lin()), lin()])",
    "nn.Sequential(nn.ModuleList([lin(), lin()]))",
    "(len(ml), [type(m).__name__ for m in ml])",
]
MODULE_DICT = [
    "md",
    "md['q']",
    "md['y']",
    "md.update(3)",
    "md.update([3])",
    "md.update([(1, 2, 3)])",
    "md.update([('n', nn.Identity())])",
    "run(lambda: md.update({'b': nn.Identity(), 'a': nn.Identity()}), md)",
    "run(lambda: md.update(nn.ModuleDict({'k': nn.Identity()})), md)",
    "md.update({'x.y': lin()})",
    "md.update({'keys': lin()})",
    "run(lambda: md.pop('z'), md)",
    "md.pop('q')",
    "run(lambda: md.__delitem__('z'), md)",
    "run(lambda: md.__setitem__('n', 3), md)",
    "list(md)",
    "list(md.keys())",
    "list(md.items())",
    "list(md.values())",
    "('z' in md, 'q' in md, len(md))",
    "run(md.clear, md)",
    "nn.ModuleDict()",
    "list(md.state_dict())",
]
PARAMETERS = [
    "pl",
    "pl[9]",
    "pl[-1]",
    "pl[1:3]",
    "pl['a']",
    "pl.extend(3)",
    "pl.extend(torch.ones(1))",
    "pl.extend(pl)",
    "pl(1)",
    "pl.append('a')",
    "pl.append(torch.ones(2))",
    "run(lambda: pl.__setitem__(0, torch.zeros(1)), pl)",
    "pl.__setitem__(9, 1)",
    "run(lambda: pl.__iadd__([4]), pl)",
    "list(pl)",
    "len(pl)",
    "nn.ParameterList(torch.ones(2))",
    "nn.ParameterList()",
    "list(pl.state_dict())",
    "pd",
    "pd['q']",
    "pd[3]",
    "pd['b']",
    "list(pd)",
    "list(pd.items())",
    "list(reversed(pd))",
    "run(lambda: pd.popitem(), pd)",
    "pd.pop('b')",
    "pd.pop('q')",
    "pd.update(3)",
    "pd.update([3])",
    "pd.update([(1, 2, 3)])",
    "run(lambda: pd.update(OrderedDict(z=1, c=torch.ones(1))), pd)",
    "pd(1)",
    "pd.get('q', 5)",
    "pd.get('a')",
    "pd.setdefault('k', torch.ones(1))",
    "pd.setdefault('k')",
    "pd.copy()",
    "pd.copy()['b'] is pd['b']",
    "pd.fromkeys(['u', 'v'], torch.ones(1))",
    "pd | nn.ParameterDict({'c': 4})",
    "pd.__ior__(nn.ParameterDict({'c': 4}))",
    "nn.ParameterDict([('b', 1), ('a', 2)])",
    "pd.update({'a.b': torch.ones(1)})",
    "nn.ParameterDict()",
    "nn.ParameterDict({'keys': torch.ones(1)})",
    "run(lambda: pd.__delitem__('b'), pd)",
    "run(pd.clear, len(pd))",
    "list(pd.keys())",
    "list(pd.values())",
    "list(pd.state_dict())",
    "nn.Container(a=lin())",
]
LAYERS = [
    "nn.Flatten()",
    "nn.Flatten(0, 1)(torch.zeros(2, 3, 4)).shape",
    "nn.Flatten()(torch.zeros(2, 3, 4)).shape",
    "nn.Unflatten(1, (2, 3))",
    "nn.Unflatten(1, [2, 3])",
    "nn.Unflatten(1, (2, 'a'))",
    "nn.Unflatten(1, 5)",
    "nn.Unflatten(1, (2, -1))(torch.ones(2, 6)).shape",
    "nn.Unflatten(1, (2, 3))(torch.ones(2, 5))",
    "nn.Linear(2, 0)",
    "nn.Linear(-1, 2)",
    "nn.Linear(0, 2, bias=False).weight.shape",
    "nn.Linear(2, 3, dtype=torch.float64).weight.dtype",
    "nn.Linear(2, 3, device='cuda')",
    "nn.Linear(2, 3)(torch.ones(2, 5))",
    "nn.Linear(2, 3)(torch.ones(4, 5, 2)).shape",
    "type(nn.Linear(2, 3)(torch.ones(2, 2)).grad_fn).__name__",
    "type(nn.Linear(2, 3)(torch.ones(2, 2, 2)).grad_fn).__name__",
    "nn.Linear(2, 3)(torch.ones(2)).shape",
    "nn.Bilinear(0, 1, 1)",
    "nn.Bilinear(2, 3, 4)",
    "nn.Bilinear(2, 3, 4, bias=False)(torch.ones(5, 7, 2), torch.ones(5, 7, 3)).shape",
    "nn.Bilinear(2, 3, 4)(torch.ones(5, 2), torch.ones(6, 3))",
    "nn.Identity(3, a=4)",
    "nn.Identity()(3)",
]


@pytest.mark.parametrize("expression", SEQUENTIAL + MODULE_LIST + MODULE_DICT + PARAMETERS + LAYERS)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


@pytest.mark.parametrize("sizes", [(1, 1), (3, 5), (16, 16), (40, 7)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_seed_gives_torchs_weights_and_results(sizes: tuple[int, int], dtype: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    both = []
    for library in (torch, penlight):
        library.manual_seed(3)
        kind = getattr(library, dtype)
        linear = library.nn.Linear(*sizes, dtype=kind)
        bilinear = library.nn.Bilinear(*sizes, 4, dtype=kind)
        left = library.linspace(-1, 1, 2 * sizes[0], dtype=kind).reshape(2, sizes[0])
        right = library.linspace(-1, 1, 2 * sizes[1], dtype=kind).reshape(2, sizes[1])
        out = linear(left).sum() + bilinear(left, right).sum()
        out.backward()
        both.append([*linear.parameters(), *bilinear.parameters(), out])
        both[-1] += [tensor.grad for tensor in both[-1][:-1]]
    for expected, got in zip(*both, strict=True):
        assert got.detach().numpy() == pytest.approx(
            expected.detach().numpy(), rel=tolerance, abs=tolerance
        )


def test_sequential_calls_its_modules_in_order() -> None:
    net = nn.Sequential(nn.Flatten(), nn.Unflatten(1, (3, 2)))
    assert net(penlight.zeros(4, 2, 3)).shape == (4, 3, 2)


def test_unflatten_says_that_named_dimensions_are_not_there() -> None:
    with pytest.raises(TypeError, match="named dimensions are not in penlight"):
        nn.Unflatten("features", (("a", 2), ("b", 3)))
