# ruff: noqa: E501 - one expression a line is what makes the tables readable
"""Module: what one table of expressions gives, compared with torch; and what only we promise."""

from __future__ import annotations

import pickle

import pytest
from expressions import compare

import penlight
from penlight import nn

SETUP = """
class Child(nn.Module):
    def __init__(self):
        super().__init__()
        self.lin = nn.Linear(2, 3)
        self.register_buffer("mean", torch.zeros(2))
        self.register_buffer("scratch", torch.ones(1), persistent=False)
        self.register_buffer("empty", None)
        self.register_parameter("absent", None)
    def forward(self, x, scale=1.0):
        return self.lin(x) * scale
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Child()
        self.b = nn.Sequential(Child(), nn.Identity())
        self.tied = self.a.lin
    def forward(self, x, scale=1.0):
        return self.a(x, scale=scale) + self.b(x)
class Extra(nn.Module):
    def __init__(self):
        super().__init__()
        self.note = "old"
    def get_extra_state(self):
        return self.note
    def set_extra_state(self, state):
        self.note = state
class Early(nn.Module):
    def __init__(self, what):
        self.x = what
class Named(nn.Module):
    def extra_repr(self):
        return "one\\ntwo"
def drop(name):
    state = net.state_dict()
    del state[name]
    return state
def plus(**entries):
    state = net.state_dict()
    state.update(entries)
    return state
def run(*steps):
    result = None
    for step in steps:
        result = step() if callable(step) else step
    return result
torch.manual_seed(0)
net = Net()
p = nn.Parameter(torch.ones(2))
"""


ALIKE = [
    # registering: names, kinds, order of checks
    "net.register_buffer('a.b', torch.ones(1))",
    "net.register_buffer('', torch.ones(1))",
    "net.register_buffer(3, torch.ones(1))",
    "net.register_buffer('a', torch.ones(1))",
    "net.register_buffer('forward', torch.ones(1))",
    "net.register_buffer('q', 3)",
    "net.register_buffer('q', [1.0])",
    "net.a.register_buffer('mean', torch.ones(1))",
    "net.register_parameter('a.b', None)",
    "net.register_parameter('', None)",
    "net.register_parameter(None, p)",
    "net.register_parameter('a', p)",
    "net.register_parameter('q', torch.ones(1))",
    "net.register_parameter('q', 'text')",
    "net.register_parameter('q', (p * 2))",
    "net.add_module('a.b', None)",
    "net.add_module('', None)",
    "net.add_module(5, nn.Identity())",
    "net.add_module('q', torch.ones(1))",
    "net.add_module('q', int)",
    "net.add_module('forward', None)",
    "net.register_module('q', nn.Identity())",
    "nn.Module(3)",
    "nn.Module(a=3)",
    "Early(p)",
    "Early(nn.Identity())",
    "Early(nn.Buffer(torch.ones(1)))",
    "Early(torch.ones(1)).x",
    # assigning
    "setattr(net.a.lin, 'weight', torch.ones(3, 2))",
    "setattr(net.a.lin, 'weight', 3)",
    "run(lambda: setattr(net.a.lin, 'bias', None), net.a.lin)",
    "run(lambda: setattr(net, 'a', p), [n for n, _ in net.named_parameters()])",
    "run(lambda: setattr(net, 'a', None), lambda: [n for n, _ in net.named_parameters()])",
    "setattr(net, 'a', 3)",
    "setattr(net, 'a', torch.ones(1))",
    "setattr(net.a, 'mean', 3)",
    "run(lambda: setattr(net.a, 'mean', None), lambda: [n for n, _ in net.named_buffers()])",
    "run(lambda: setattr(net.a, 'mean', p), lambda: [n for n, _ in net.a.named_parameters()])",
    "run(lambda: setattr(net.a, 'scratch', torch.zeros(1)), lambda: list(net.a.state_dict()))",
    "run(lambda: setattr(net.a, 'k', nn.Buffer(torch.ones(1))), lambda: list(net.a.state_dict()))",
    "run(lambda: setattr(net.a, 'k', nn.Buffer(torch.ones(1), persistent=False)), lambda: list(net.a.state_dict()))",
    "run(lambda: setattr(net.a, 'lin', nn.Buffer(torch.ones(1))), lambda: list(net.a.state_dict()))",
    "run(lambda: setattr(net, 'plain', torch.ones(1)), lambda: 'plain' in net.__dict__)",
    "run(lambda: setattr(net, 'training', 5), lambda: net.training)",
    "net.nothing",
    "delattr(net, 'nothing')",
    "run(lambda: delattr(net.a, 'lin'), lambda: list(net.a.state_dict()))",
    "run(lambda: delattr(net.a, 'mean'), lambda: list(net.a.state_dict()))",
    "run(lambda: delattr(net.a.lin, 'bias'), lambda: [n for n, _ in net.a.lin.named_parameters()])",
    "list(net.__dict__)",
    "[n in dir(net.a) for n in ('lin', 'mean', 'absent', 'training', 'forward')]",
    "[n for n in dir(nn.Sequential(nn.Identity())) if n[0].isdigit()]",
    # by path
    "net.get_submodule('')",
    "net.get_submodule('b.0.lin')",
    "net.get_submodule('b.7')",
    "net.get_submodule('a.mean')",
    "net.get_submodule('a..lin')",
    "net.get_parameter('a.lin.bias').shape",
    "net.get_parameter('a.mean')",
    "net.get_parameter('a.q')",
    "net.get_buffer('b.0.mean')",
    "net.get_buffer('a.lin.weight')",
    "net.get_buffer('q.w')",
    "run(lambda: net.set_submodule('b.1', nn.Flatten()), net.b[1])",
    "run(lambda: net.set_submodule('fresh', nn.Flatten()), net)",
    "net.set_submodule('fresh', nn.Flatten(), strict=True)",
    "net.set_submodule('', nn.Flatten())",
    "net.set_submodule('a', 3)",
    "net.set_submodule('q.w', nn.Flatten())",
    "net.set_submodule('a.mean', nn.Flatten())",
    # walking
    "[n for n, _ in net.named_parameters()]",
    "[n for n, _ in net.named_parameters(remove_duplicate=False)]",
    "[n for n, _ in net.named_parameters(prefix='x', recurse=False)]",
    "[n for n, _ in net.a.named_parameters('p', False)]",
    "[n for n, _ in net.named_buffers('x')]",
    "[n for n, _ in net.named_modules()]",
    "[n for n, _ in net.named_modules(prefix='x', remove_duplicate=False)]",
    "[n for n, _ in net.named_modules({net.b})]",
    "[n for n, _ in net.named_children()]",
    "[type(m).__name__ for m in net.children()]",
    "[type(m).__name__ for m in net.modules()]",
    "(len(list(net.parameters())), len(list(net.buffers())), len(list(net.parameters(False))))",
    # printing
    "net",
    "Named()",
    "nn.Sequential(Named())",
    "nn.Module()",
    "nn.Linear(2, 3, bias=False)",
    "p",
    "nn.Parameter()",
    "nn.Parameter(torch.ones(2), requires_grad=False)",
    "nn.Parameter([1.0])",
    "nn.Parameter(torch.ones(1, dtype=torch.int64))",
    "nn.Buffer(torch.ones(1))",
    "(isinstance(p, nn.Parameter), isinstance(torch.ones(1), nn.Parameter), isinstance(p, torch.Tensor))",
    "(isinstance(nn.Buffer(torch.ones(1)), nn.Buffer), isinstance(p, nn.Buffer), nn.Buffer().persistent)",
    # mode and gradients
    "net.train(1)",
    "[m.training for m in net.eval().modules()]",
    "[m.training for m in net.eval().train().modules()]",
    "[x.requires_grad for x in net.requires_grad_(False).parameters()]",
    "run(lambda: net(torch.ones(1, 2)).sum().backward(), net.zero_grad, [x.grad for x in net.parameters()])",
    "run(lambda: net(torch.ones(1, 2)).sum().backward(), lambda: net.zero_grad(set_to_none=False), lambda: net.a.lin.bias.grad)",
    "run(lambda: net(torch.ones(1, 2), scale=2.0).sum().backward(), lambda: net.a.lin.bias.grad)",
    # conversion
    "net.to(torch.float64).a.lin.weight.dtype",
    "(net.double().a.mean.dtype, net.float().a.mean.dtype, net.half().a.lin.weight.dtype)",
    "net.to('cpu', torch.float64).a.scratch.dtype",
    "net.to(torch.ones(1, dtype=torch.float64)).a.mean.dtype",
    "net.to(dtype=torch.float16, device=None).a.mean.dtype",
    "net.to() is net",
    "net.to(None) is net",
    "net.to(torch.int32)",
    "net.to(torch.ones(1, dtype=torch.int64))",
    "net.to('cuda')",
    "net.to(device='cuda:1')",
    "net.cuda()",
    "net.cuda(1)",
    "net.xpu()",
    "net.ipu()",
    "net.to('nonsense')",
    "net.to_empty(device='cuda')",
    "net.to_empty(device='cpu').a.lin.weight.shape",
    "net.cpu() is net",
    "run(lambda: id(net.a.lin.weight) == id(net.double().a.lin.weight))",
    "run(lambda: net(torch.ones(1, 2)).sum().backward(), net.double, lambda: net.a.lin.weight.grad.dtype)",
    "[type(m).__name__ for m in run(lambda: net.apply(lambda m: setattr(m, 'seen', 1))).modules() if m.seen]",
    # state dict
    "list(net.state_dict())",
    "list(net.state_dict(prefix='x.'))",
    "dict(net.state_dict()._metadata)",
    "net.state_dict(keep_vars=True)['a.lin.weight'] is net.a.lin.weight",
    "net.state_dict()['a.lin.weight'].requires_grad",
    "list(net.state_dict(destination={'k': 1}))",
    "net.state_dict({})",
    "Extra().state_dict()",
    "run(lambda: setattr(net, 'x', Extra()), lambda: net.load_state_dict(plus(**{'x._extra_state': 'new'})), lambda: net.x.note)",
    "Extra().load_state_dict({})",
    "nn.Module().load_state_dict({'_extra_state': 1})",
    "nn.Module().get_extra_state()",
    "net.load_state_dict(Net().state_dict())",
    "net.load_state_dict(drop('a.mean'), strict=False)",
    "net.load_state_dict(drop('a.mean'))",
    "net.load_state_dict(plus(q=1, z=2))",
    "net.load_state_dict(plus(**{'q.w': 1}), strict=False)",
    "net.load_state_dict(plus(**{'a.mean': 3}))",
    "net.load_state_dict(plus(**{'a.mean': torch.ones(3), 'q': 1}))",
    "net.load_state_dict(plus(**{'a.mean': torch.ones(3, 2)}), strict=False)",
    "net.load_state_dict({})",
    "net.load_state_dict(3)",
    "run(lambda: net.load_state_dict(plus(**{'a.mean': torch.full((2,), 7.0)})), net.a.mean)",
    "run(lambda: net.load_state_dict(plus(**{'a.mean': torch.full((2,), 7.0, dtype=torch.float64)})), lambda: net.a.mean)",
    "run(lambda: net.load_state_dict(plus(**{'a.mean': torch.full((2,), 7.0, dtype=torch.float64)}), assign=True), lambda: net.a.mean)",
    "run(lambda: net.load_state_dict(Net().state_dict(), assign=True), lambda: type(net.a.lin.weight).__name__)",
    # copies
    "copy.deepcopy(net).tied.weight is net.tied.weight",
    "run(lambda: setattr(net, 'c', copy.deepcopy(net)), lambda: net.c.tied is net.c.a.lin)",
    "copy.deepcopy(p)",
    "copy.copy(net).a is net.a",
    # calling
    "nn.Module()(1)",
    "net(torch.ones(1, 2)).shape",
    "net.compile is not None",
]


@pytest.mark.parametrize("expression", ALIKE)
def test_an_expression_gives_what_torch_gives(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP)


HOOKS = """
import warnings
log = []
def note(*parts):
    log.append(parts)
class Two(nn.Module):
    def forward(self, x, y=1.0):
        if isinstance(y, str):
            raise ValueError(y)
        return x * y
m = Two()
x = torch.ones(2, requires_grad=True)
def backward(*inputs, **named):
    m(*inputs, **named).sum().backward()
    return log
def attempt(f):
    try:
        f()
    except Exception as error:
        log.append(type(error).__name__)
    return log
"""

HOOKED = [
    "run(lambda: m.register_forward_pre_hook(lambda m, a: (a[0] + 1,)), lambda: m(x))",
    "run(lambda: m.register_forward_pre_hook(lambda m, a: a[0] + 1), lambda: m(x))",
    "run(lambda: m.register_forward_pre_hook(lambda m, a, k: (a, {'y': 5.0}), with_kwargs=True), lambda: m(x))",
    "run(lambda: m.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True), lambda: m(x))",
    "run(lambda: m.register_forward_pre_hook(lambda m, a: note('a')), lambda: m.register_forward_pre_hook(lambda m, a: note('b'), prepend=True), lambda: m(x), lambda: log)",
    "run(lambda: m.register_forward_hook(lambda m, a, o: o + 10), lambda: m(x))",
    "run(lambda: m.register_forward_hook(lambda m, a, k, o: note(k, o), with_kwargs=True), lambda: m(x, y=3.0), lambda: log)",
    "run(lambda: m.register_forward_hook(lambda m, a, o: note('a')), lambda: m.register_forward_hook(lambda m, a, o: note('b'), prepend=True), lambda: m(x), lambda: log)",
    "run(lambda: m.register_forward_hook(lambda m, a, o: note(o), always_call=True), lambda: attempt(lambda: m(x, 'bad')))",
    "run(lambda: m.register_forward_hook(lambda m, a, o: note(o)), lambda: attempt(lambda: m(x, 'bad')))",
    "run(lambda: m.register_forward_hook(lambda m, a, o: o + 10).remove(), lambda: m(x))",
    "run(lambda: m.register_forward_hook(lambda m, a, o: o + 10, with_kwargs=True, always_call=True).remove(), lambda: [len(t) for t in (m._forward_hooks, m._forward_hooks_with_kwargs, m._forward_hooks_always_called)])",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: note(i, o)), lambda: backward(x, 2.0))",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: (i[0] * 5, None)), lambda: backward(x, 2.0), lambda: x.grad)",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: (i[0], i[0], i[0])), lambda: backward(x, 2.0))",
    "run(lambda: m.register_full_backward_pre_hook(lambda m, o: note(o)), lambda: backward(x, 2.0))",
    "run(lambda: m.register_full_backward_pre_hook(lambda m, o: (o[0] * 3,)), lambda: backward(x, 2.0), lambda: x.grad)",
    "run(lambda: m.register_full_backward_pre_hook(lambda m, o: note(1)), lambda: m.register_full_backward_pre_hook(lambda m, o: note(2), prepend=True), lambda: backward(x))",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: note(i, o)), lambda: backward(x.detach(), x))",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: note(i, o)), lambda: backward(x.detach(), y=x))",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: note(i, o)), lambda: m(x))",
    "run(lambda: m.register_full_backward_hook(lambda m, i, o: note(1)), lambda: m.register_full_backward_hook(lambda m, i, o: note(2), prepend=True), lambda: backward(x))",
    "run(lambda: m.register_backward_hook(lambda m, i, o: note(o)), lambda: backward(x, 2.0))",
    "run(lambda: m.register_backward_hook(print), lambda: m.register_full_backward_hook(print))",
    "run(lambda: m.register_full_backward_hook(print), lambda: m.register_backward_hook(print))",
    "run(lambda: m.register_state_dict_pre_hook(lambda m, p, k: note(p, k)), lambda: m.state_dict(prefix='q.'), lambda: log)",
    "run(lambda: m.register_state_dict_post_hook(lambda m, d, p, l: d.update(z=1)), lambda: dict(m.state_dict()))",
    "run(lambda: m.register_state_dict_post_hook(lambda m, d, p, l: d), lambda: m.state_dict())",
    "run(lambda: m._register_state_dict_hook(lambda m, d, p, l: {'new': l}), lambda: m.state_dict())",
    "run(lambda: m.register_load_state_dict_pre_hook(lambda m, d, *r: note(type(m).__name__, *r)), lambda: m.load_state_dict({}), lambda: log)",
    "run(lambda: m._register_load_state_dict_pre_hook(lambda d, *r: d.pop('q')), lambda: m.load_state_dict({'q': 1}))",
    "run(lambda: m.register_load_state_dict_post_hook(lambda m, k: k.unexpected_keys.clear()), lambda: m.load_state_dict({'q': 1}))",
    "run(lambda: m.register_load_state_dict_post_hook(lambda m, k: k), lambda: m.load_state_dict({}))",
    "run(lambda: m.register_forward_hook(print), lambda: copy.deepcopy(m)._forward_hooks == m._forward_hooks)",
]

GLOBAL = [
    "every(nn.modules.module.register_module_forward_pre_hook(lambda m, a: (a[0] + 1,)), lambda: m(x))",
    "every(nn.modules.module.register_module_forward_hook(lambda m, a, o: o + 1), lambda: m(x))",
    "every(nn.modules.module.register_module_forward_hook(lambda m, a, o: note(o), always_call=True), lambda: attempt(lambda: m(x, y='bad')))",
    "every(nn.modules.module.register_module_forward_hook(lambda m, a, k, o: note(k), with_kwargs=True), lambda: m(x, y=2.0), lambda: log)",
    "every(nn.modules.module.register_module_full_backward_hook(lambda m, i, o: note(i, o)), lambda: backward(x, 2.0))",
    "every(nn.modules.module.register_module_full_backward_pre_hook(lambda m, o: note(o)), lambda: backward(x, 2.0))",
    "every(nn.modules.module.register_module_full_backward_hook(print), lambda: nn.modules.module.register_module_backward_hook(print))",
    "every(nn.modules.module.register_module_backward_hook(print), lambda: nn.modules.module.register_module_full_backward_hook(print))",
    "every(nn.modules.module.register_module_parameter_registration_hook(lambda m, n, p: note(n)), lambda: nn.Linear(1, 1), lambda: log)",
    "every(nn.modules.module.register_module_buffer_registration_hook(lambda m, n, b: b + 1), lambda: m.register_buffer('q', torch.ones(1)), lambda: m.q)",
    "every(nn.modules.module.register_module_module_registration_hook(lambda m, n, c: note(n)), lambda: nn.Sequential(nn.Identity()), lambda: log)",
]

ADDITIONS = """
def every(handle, *steps):
    with handle:
        return run(*steps)
"""


@pytest.mark.parametrize("expression", HOOKED + GLOBAL)
def test_a_hook_sees_and_changes_what_it_does_in_torch(expression: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    compare(expression, torch, SETUP + HOOKS + ADDITIONS)


def small() -> nn.Module:
    """Return a model with one named submodule."""
    net = nn.Module()
    net.encoder = nn.Linear(2, 3)
    return net


def message_of(load: object) -> str:
    """Return what the RuntimeError of a call says."""
    with pytest.raises(RuntimeError) as caught:
        load()
    return str(caught.value)


def test_load_explains_a_prefix_that_the_keys_have_too_much() -> None:
    net = small()
    wrapped = {"module." + key: value for key, value in net.state_dict().items()}
    text = message_of(lambda: net.load_state_dict(wrapped))
    assert 'Missing key(s) in state_dict: "encoder.weight", "encoder.bias"' in text
    assert 'has the prefix "module."' in text
    fix = '{key.removeprefix("module."): value for key, value in state_dict.items()}'
    assert f"model.load_state_dict({fix})" in text
    net.load_state_dict(eval(fix, {"state_dict": wrapped}))


def test_load_explains_a_prefix_that_the_keys_lack() -> None:
    net = small()
    text = message_of(lambda: net.load_state_dict(net.encoder.state_dict()))
    assert "model.encoder.load_state_dict(state_dict)" in text


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_load_explains_a_state_dict_one_level_down(key: str) -> None:
    net = small()
    text = message_of(lambda: net.load_state_dict({"epoch": 3, key: net.state_dict()}))
    assert f'model.load_state_dict(checkpoint["{key}"])' in text


def test_load_gives_no_rule_where_a_shape_differs_too() -> None:
    net = small()
    wrapped = {"module." + key: value for key, value in net.state_dict().items()}
    wrapped["module.encoder.bias"] = penlight.zeros(9)
    assert "prefix" not in message_of(lambda: net.load_state_dict(wrapped))


def test_an_error_names_the_path_of_the_module_that_raised_it() -> None:
    net = nn.Sequential(nn.Sequential(nn.Linear(2, 3)))
    with pytest.raises(RuntimeError, match=r"mat1 and mat2.*\(module: 0\.0\)$"):
        net(penlight.ones(1, 5))


def test_an_error_of_a_lone_module_names_no_path() -> None:
    with pytest.raises(RuntimeError) as caught:
        nn.Linear(2, 3)(penlight.ones(1, 5))
    assert "module:" not in str(caught.value)


def test_an_error_of_the_users_own_keeps_its_text() -> None:
    class Own(nn.Module):
        def forward(self, x: object) -> object:
            msg = "mine"
            raise ValueError(msg)

    with pytest.raises(ValueError, match=r"^mine$"):
        nn.Sequential(Own())(1)


def test_compile_says_that_there_is_no_compiler() -> None:
    with pytest.raises(NotImplementedError, match="no compiler"):
        nn.Linear(1, 1).compile()


def test_a_module_comes_through_pickle_with_values_and_sharing() -> None:
    net = nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 3))
    net[1].weight = net[0].weight
    loaded = pickle.loads(pickle.dumps(net))
    assert loaded[0].weight.tolist() == net[0].weight.tolist()
    assert loaded[1].weight is loaded[0].weight
    assert isinstance(loaded[0].weight, nn.Parameter)
    assert repr(loaded) == repr(net)


def test_a_parameter_stays_the_same_object_through_to() -> None:
    layer = nn.Linear(2, 3)
    weight = layer.weight
    layer.to(penlight.float64)
    assert layer.weight is weight
    assert weight.dtype is penlight.float64
    layer(penlight.ones(1, 2, dtype=penlight.float64)).sum().backward()
    assert weight.grad.dtype is penlight.float64
