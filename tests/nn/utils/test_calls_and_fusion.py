# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""functional_call, fused batch norms, skip_init and memory formats, beside torch."""

from __future__ import annotations

import pytest
from expressions import compare

import penlight as pl

SETUP = """
import importlib, warnings
S = importlib.import_module(torch.__name__ + ".nn.utils.stateless")
U = nn.utils
class Counter(nn.Module):
    def __init__(self):
        super().__init__()
        self.foo = nn.Parameter(torch.zeros(2))
        self.tied = self.foo
        self.register_buffer("count", torch.zeros(()))
        self.other = 3
        self.plain = torch.ones(1)
        self.below = nn.Linear(2, 2, bias=False)
        nn.init.eye_(self.below.weight)
    def forward(self, x, scale=1):
        self.count = self.count + 1
        return (self.below(x) + self.foo + self.tied + self.plain) * scale
def called(given, args=torch.ones(2), kwargs=None, **options):
    module = Counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)
        result = S.functional_call(module, given, args, kwargs, **options)
    return result, given, module.state_dict(), hasattr(module, "new")
ones = torch.ones(2)
def settled(kind, *sizes, **options):
    torch.manual_seed(0)
    module = kind(*sizes, **options)
    for tensor in module.state_dict().values():
        if tensor.is_floating_point():
            tensor.uniform_(0.5, 1.5)
    return module.eval()
def fused(conv, bn, x, **options):
    made = U.fuse_conv_bn_eval(conv, bn, **options)
    return made, made.state_dict(), made(x), (made(x) - bn(conv(x))).abs().max() < 1e-3
def fused_linear(linear, bn):
    made = U.fuse_linear_bn_eval(linear, bn)
    x = torch.arange(8.0).reshape(2, 4)
    return made, made.state_dict(), (made(x) - bn(linear(x))).abs().max() < 1e-4
def strides(module, form, dims=2):
    getattr(U, f"convert_conv{dims}d_weight_memory_format")(module, form)
    return [p.stride() for p in module.parameters()], [p.is_contiguous() for p in module.parameters()]
def run(*steps):
    return [step() for step in steps][-1]
"""

ALIKE = [
    "S.functional_call(Counter(), {}, ones)",
    "called({})",
    "called({'foo': ones})",
    "called({'foo': ones}, tie_weights=False)",
    "called({'foo': ones, 'tied': ones})",
    "called({'foo': ones, 'tied': 2 * ones})",
    "called({'foo': ones, 'tied': 2 * ones}, tie_weights=False)",
    "called({'count': torch.tensor(5.0)})",
    "called({'below.weight': torch.ones(2, 2)}, (ones,), {'scale': 2})",
    "called({'plain': torch.zeros(1)})",
    "called({'new': torch.zeros(1)})",
    "called({'other': torch.zeros(1)})",
    "called({'foo': 3})",
    "called({'': ones})",
    "called({'nowhere.weight': ones})",
    "called({'foo': ones}, strict=True)",
    "called({'foo': ones, 'new': ones, 'count': ones, 'below.weight': torch.ones(2, 2)}, strict=True)",
    "called({'foo': ones, 'count': ones[0], 'below.weight': torch.ones(2, 2)}, strict=True)",
    "called({'foo': ones}, None)",
    "(lambda w: (called({'foo': w})[0].sum().backward(), w.grad))(torch.ones(2, requires_grad=True))",
    # fusing
    *(
        f"fused(settled(nn.Conv{d}d, 2, 3, 2, bias={bias}), settled(nn.BatchNorm{d}d, 3, affine={affine}), torch.arange({2 * 3**d}.0).reshape(1, 2, {'3, ' * d}) / 10)"
        for d, bias, affine in ((1, True, True), (2, False, True), (3, True, False))
    ),
    "fused(settled(nn.ConvTranspose2d, 2, 3, 2), settled(nn.BatchNorm2d, 3), torch.arange(18.0).reshape(1, 2, 3, 3) / 10, transpose=True)",
    "[p.requires_grad for p in U.fuse_conv_bn_eval(settled(nn.Conv1d, 2, 3, 2, bias=False), settled(nn.BatchNorm1d, 3)).parameters()]",
    "U.fuse_conv_bn_eval(nn.Conv2d(2, 3, 2), settled(nn.BatchNorm2d, 3))",
    "U.fuse_conv_bn_eval(settled(nn.Conv2d, 2, 3, 2), settled(nn.BatchNorm2d, 3, track_running_stats=False))",
    "fused_linear(settled(nn.Linear, 4, 3), settled(nn.BatchNorm1d, 3))",
    "fused_linear(settled(nn.Linear, 4, 3, bias=False), settled(nn.BatchNorm1d, 3))",
    "fused_linear(settled(nn.Linear, 4, 3), settled(nn.BatchNorm1d, 2))",
    "fused_linear(settled(nn.Linear, 4, 3), settled(nn.BatchNorm1d, 3).train())",
    "fused_linear(settled(nn.Linear, 4, 3), settled(nn.BatchNorm1d, 3, track_running_stats=False))",
    # other first values, or none
    "U.skip_init(nn.Linear, 5, 1)",
    "U.skip_init(nn.Linear, in_features=5, out_features=1).weight.shape",
    "U.skip_init(nn.Conv2d, 2, 3, 2, device='cpu', dtype=torch.float64).weight.dtype",
    "run(lambda: torch.manual_seed(3), lambda: U.skip_init(nn.Linear, 5, 1), lambda: torch.rand(2))",
    "U.skip_init(nn.ReLU)",
    "U.skip_init(dict)",
    # memory formats
    *(
        f"strides(nn.Conv2d(2, 3, 2), torch.{form})"
        for form in ("channels_last", "contiguous_format", "preserve_format")
    ),
    "strides(nn.ConvTranspose2d(2, 3, (2, 4)), torch.channels_last)",
    "strides(nn.Sequential(nn.Conv2d(2, 3, 2), nn.Linear(2, 2)), torch.channels_last)",
    "strides(nn.Conv3d(2, 3, 2), torch.channels_last_3d, 3)",
    "strides(nn.Conv2d(2, 3, 2), torch.channels_last_3d)",
    "run(lambda: torch.manual_seed(3), lambda: U.convert_conv2d_weight_memory_format(nn.Conv2d(2, 1, 2), torch.channels_last)(torch.ones(1, 2, 2, 2)))",
]


@pytest.mark.parametrize("expression", ALIKE)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


def test_an_error_in_the_call_leaves_the_module_as_it_was() -> None:
    layer = pl.nn.Linear(2, 1)
    weight = layer.weight
    with (
        pytest.warns(FutureWarning, match="functional_call. is deprecated"),
        pytest.raises(RuntimeError, match=r"must match|shape"),
    ):
        pl.nn.utils.stateless.functional_call(layer, {"weight": pl.ones(5, 5)}, pl.ones(2))
    assert layer.weight is weight


def test_the_package_says_what_it_does_not_have() -> None:
    with pytest.raises(AttributeError, match=r"torch\.nn\.utils\.nothing"):
        pl.nn.utils.nothing  # noqa: B018 - asked for
    assert "parametrize" in dir(pl.nn.utils)
