"""Whole modules: written as torch writes them, made again of classes that the caller gives."""

from __future__ import annotations

import argparse
import collections
import functools
import io
import warnings
from pathlib import PurePosixPath

import numpy as np
import pytest

import penlight
from penlight import nn
from penlight.nn import functional as F
from penlight.serialization import (
    CheckpointError,
    UnknownObject,
    add_safe_globals,
    clear_safe_globals,
    get_safe_globals,
    load,
    safe_globals,
    save,
)
from penlight.serialization.archive import ArchiveReader, ArchiveWriter
from penlight.serialization.classes import file_name
from penlight.serialization.source import Source

try:
    import torch
except ImportError:
    torch = None

needs_oracle = pytest.mark.skipif(torch is None, reason="the oracle: pip install torch==2.13.0")

# Each with an input for it; what is random is in evaluation mode.
MODULES = [
    ("nn.Linear(3, 2)", "(2, 3)"),
    ("nn.Bilinear(3, 3, 2)", "(2, 3) (2, 3)"),
    ("nn.Embedding(5, 3, padding_idx=0)", "index"),
    ("nn.EmbeddingBag(5, 3, mode='sum')", "index"),
    ("nn.Conv1d(2, 3, 3, padding='same')", "(1, 2, 4)"),
    ("nn.Conv2d(2, 4, 3, stride=2, padding=1, groups=2, padding_mode='reflect')", "(1, 2, 5, 5)"),
    ("nn.ConvTranspose1d(2, 3, 2, output_padding=1, stride=2)", "(1, 2, 4)"),
    ("nn.BatchNorm1d(3)", "(2, 3)"),
    ("nn.BatchNorm2d(3, affine=False, track_running_stats=False)", "(2, 3, 2, 2)"),
    ("nn.LayerNorm(3)", "(2, 3)"),
    ("nn.RMSNorm(3)", "(2, 3)"),
    ("nn.GroupNorm(1, 3)", "(2, 3)"),
    ("nn.RNN(3, 4, 2, nonlinearity='relu')", "(2, 1, 3)"),
    ("nn.GRU(3, 4, 2, bidirectional=True, batch_first=True)", "(2, 1, 3)"),
    ("nn.LSTM(3, 4, proj_size=2, bias=False)", "(2, 1, 3)"),
    ("nn.GRUCell(3, 4)", "(2, 3)"),
    ("nn.LSTMCell(3, 4, bias=False)", "(2, 3)"),
    ("nn.RNNCell(3, 4)", "(2, 3)"),
    ("nn.MaxPool2d(2)", "(1, 2, 4, 4)"),
    ("nn.AvgPool1d(2)", "(1, 2, 4)"),
    ("nn.AdaptiveAvgPool2d((1, None))", "(1, 2, 4, 4)"),
    ("nn.Dropout(0.2)", "(2, 3)"),
    ("nn.PReLU()", "(2, 3)"),
    ("nn.Softmax(dim=1)", "(2, 3)"),
    ("nn.GELU(approximate='tanh')", "(2, 3)"),
    ("nn.Flatten()", "(2, 3, 4)"),
    ("nn.Unflatten(1, (3, 1))", "(2, 3)"),
    ("nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Sequential(nn.Linear(4, 1)))", "(2, 3)"),
    ("nn.TransformerEncoderLayer(4, 2, 8, activation='gelu', batch_first=True)", "(1, 3, 4)"),
    ("nn.TransformerDecoderLayer(4, 2, 8)", "(3, 1, 4) (2, 1, 4)"),
    ("nn.MultiheadAttention(4, 2)", "(3, 1, 4) (3, 1, 4) (3, 1, 4)"),
    ("nn.MSELoss(reduction='sum')", "(2, 3) (2, 3)"),
    ("nn.SoftMarginLoss()", "(2, 3) (2, 3)"),
    ("nn.CrossEntropyLoss(weight=torch.tensor([1., 2., 3.]))", "(2, 3) (2, 3)"),
]
CONTAINERS = [
    "nn.ModuleList([nn.Linear(1, 2), nn.Tanh()])",
    "nn.ModuleDict({'a': nn.Linear(1, 2), 'b': nn.Identity()})",
    "nn.ParameterList([torch.ones(2), torch.zeros(1)])",
    "nn.ParameterDict({'a': torch.ones(2)})",
]


def made(library, text):
    return eval(text, {"torch": library, "nn": library.nn}).eval()


def inputs(library, text):
    if text == "index":
        return [library.tensor([[0, 2], [4, 1]])]
    shapes = [eval(f"({part}") for part in text.split("(")[1:]]
    return [
        library.from_numpy(np.linspace(-1, 2, int(np.prod(shape)), dtype=np.float32).reshape(shape))
        for shape in shapes
    ]


def numbers(result):
    """Return the arrays of an output, whatever its structure."""
    if isinstance(result, (tuple, list)):
        return [array for part in result for array in numbers(part)]
    return [result.detach().numpy()]


def saved(module, **kwargs):
    file = io.BytesIO()
    save(module, file, **kwargs)
    file.seek(0)
    return file


def archive_of(stream):
    """Return an archive with a pickle stream made by hand."""
    file = io.BytesIO()
    archive = ArchiveWriter(file.write, "archive")
    archive.add("data.pkl", stream)
    archive.close()
    file.seek(0)
    return file


def copied(module, **kwargs):
    """Save and load; nothing may be left over."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load(saved(module), safe_classes=[type(module)], **kwargs)


@needs_oracle
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("text, shapes", MODULES)
def test_torch_loads_and_runs_our_module(text, shapes, new):
    ours = made(penlight, text)
    file = saved(ours, _use_new_zipfile_serialization=new)
    theirs = torch.load(file, weights_only=False)
    assert type(theirs) is type(made(torch, text))
    assert repr(theirs) == repr(ours)
    assert vars(theirs).keys() >= vars(made(torch, text)).keys() - {"_flat_weight_refs"}
    expected = numbers(theirs(*inputs(torch, shapes)))
    for got, want in zip(numbers(ours(*inputs(penlight, shapes))), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6)


@needs_oracle
@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("text, shapes", MODULES)
def test_our_module_is_made_from_torchs_file(text, shapes):
    theirs = made(torch, text)
    file = io.BytesIO()
    torch.save(theirs, file)
    file.seek(0)
    ours = load(file, safe_classes=[type(made(penlight, text))])
    assert repr(ours) == repr(theirs)
    expected = numbers(theirs(*inputs(torch, shapes)))
    for got, want in zip(numbers(ours(*inputs(penlight, shapes))), expected, strict=True):
        np.testing.assert_allclose(got, want, rtol=2e-6, atol=2e-6)


@needs_oracle
@pytest.mark.parametrize("text", CONTAINERS)
def test_containers_go_both_ways(text):
    ours, theirs = made(penlight, text), made(torch, text)
    again = torch.load(saved(ours), weights_only=False)
    assert repr(again) == repr(theirs)
    file = io.BytesIO()
    torch.save(theirs, file)
    file.seek(0)
    loaded = load(file, safe_classes=[type(ours)])
    assert [name for name, _ in loaded.named_parameters()] == [
        name for name, _ in theirs.named_parameters()
    ]


@needs_oracle
def test_torch_trains_our_recurrent_module():
    theirs = torch.load(saved(nn.GRU(3, 4)), weights_only=False)
    theirs(torch.ones(2, 1, 3))[0].sum().backward()
    assert theirs.weight_ih_l0.grad is not None
    assert theirs.flatten_parameters() is None
    assert theirs.double()(torch.ones(2, 1, 3).double())[0].dtype is torch.float64


@needs_oracle
def test_classes_have_the_names_that_torch_gives_them():
    for name in nn.__all__:
        ours = getattr(nn, name)
        theirs = getattr(torch.nn, name, None)
        if isinstance(ours, type) and issubclass(ours, nn.Module) and theirs is not None:
            assert ".".join(file_name(ours)) == f"{theirs.__module__}.{theirs.__qualname__}"


class Net(nn.Module):
    """As users write them."""

    def __init__(self, config=None, activation=F.relu) -> None:
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.layers = nn.ModuleList([nn.Linear(4, 4) for _ in range(2)])
        self.tied = nn.Linear(4, 4)
        self.tied.weight = self.layers[0].weight
        self.register_buffer("steps", penlight.zeros(1, dtype=penlight.int64))
        self.register_buffer("transient", penlight.ones(1), persistent=False)
        self.scale = penlight.tensor(2.0)
        self.activation = activation
        self.config = config
        self.register_parameter("nothing", None)

    def forward(self, x):
        for layer in (self.encoder, *self.layers, self.tied):
            x = self.activation(layer(x)) * self.scale
        return x


def test_a_module_of_ones_own_comes_back_with_everything():
    net = Net({"width": [4, 4]}).eval()
    again = copied(net)
    assert type(again) is Net
    assert repr(again) == repr(net)
    assert not again.training
    assert again.config == net.config
    assert again.tied.weight is again.layers[0].weight
    assert again.activation is F.relu
    x = penlight.ones(2, 3)
    assert penlight.equal(again(x), net(x))
    assert list(again.state_dict()) == list(net.state_dict())
    assert list(dict(again.named_buffers())) == ["steps", "transient"]
    again.load_state_dict(net.state_dict())
    again(x).sum().backward()
    assert again.encoder.weight.grad is not None


def test_without_its_class_a_module_is_inert_and_its_weights_are_there():
    with pytest.warns(UserWarning, match=r"obj \(.*Net\).*safe_classes"):
        loaded = load(saved(Net()))
    assert isinstance(loaded, UnknownObject)
    assert type(loaded.state["_modules"]["encoder"].state["_parameters"]["weight"]) is nn.Parameter


def test_weights_only_false_says_that_it_changes_nothing():
    with pytest.warns(UserWarning, match="weights_only=False changes nothing"):
        load(saved(Net()), weights_only=False)


def test_a_class_that_is_missing_deep_inside_is_named():
    class Inner(nn.Module):
        pass

    Inner.__qualname__ = "Inner"
    globals()["Inner"] = Inner
    try:
        file = saved(nn.Sequential(Inner()))
    finally:
        del globals()["Inner"]
    with pytest.warns(UserWarning, match=r"_modules'\]\['0'\] \(.*Inner\)"):
        load(file, safe_classes=[nn.Sequential])


def test_strict_accepts_given_classes_and_refuses_others():
    assert type(load(saved(nn.Linear(1, 1)), strict=True, safe_classes=[nn.Linear])) is nn.Linear
    with pytest.raises(CheckpointError, match=r"torch\.nn\.modules\.linear\.Linear, which is not"):
        load(saved(nn.Linear(1, 1)), strict=True)


def test_classes_can_be_allowed_for_all_files_or_a_block():
    assert get_safe_globals() == []
    with safe_globals([Net]):
        assert type(load(saved(Net()))) is Net
    assert get_safe_globals() == []
    add_safe_globals([Net])
    try:
        assert type(load(saved(Net()))) is Net
    finally:
        clear_safe_globals()
    assert get_safe_globals() == []


@pytest.mark.parametrize("thing", [len, eval, "os.system", type, lambda: None])
def test_only_classes_can_be_allowed(thing):
    with pytest.raises(TypeError, match="are classes, got"):
        load(saved(1), safe_classes=[thing])
    with pytest.raises(TypeError, match="are classes, got"):
        add_safe_globals([thing])


def test_what_the_reader_knows_is_accepted_and_stays_the_readers():
    # As programs for torch allow NumPy's scalars.
    scalar = np.float64(1.5).__reduce__()[0]
    with safe_globals(
        [scalar, np.dtype, np.ndarray, type(np.dtype("f8")), collections.OrderedDict]
    ):
        assert load(saved(np.float64(1.5))) == 1.5
        stream = b"\x80\x02cnumpy\ndtype\nX\x04\0\0\0(2)O\x85R."
        with pytest.raises(CheckpointError, match="is not one of numbers"):
            load(archive_of(stream))


def test_a_class_can_be_allowed_under_the_name_that_it_had():
    data = ArchiveReader(Source(saved(Colour()))).read("data.pkl")
    file = archive_of(data.replace(b"Colour", b"Farbig"))
    again = load(file, safe_classes=[(Colour, f"{__name__}.Farbig")])
    assert type(again) is Colour


class Colour(nn.Module):
    """With a state of its own making."""

    def __init__(self) -> None:
        super().__init__()
        self.name = "red"

    def __getstate__(self):
        return {**vars(self), "name": "blue"}

    def __setstate__(self, state):
        super().__setstate__(state)
        self.was_set = True


class Slotted:
    __slots__ = ("x",)

    def __init__(self, x=None):
        self.x = x


class Config:
    def __init__(self, width):
        self.width = width


class Row(collections.namedtuple("Row", "a b")):  # noqa: PYI024, SLOT002 - as users write them
    pass


class Registry(dict):
    pass


class Names(list):
    pass


def test_getstate_and_setstate_are_heeded():
    again = copied(Colour())
    assert again.name == "blue"
    assert again.was_set


def shown(value):
    """Return what an object is made of."""
    if isinstance(value, Slotted):
        return value.x
    if type(value).__repr__ is object.__repr__:
        return vars(value)
    return repr(value)


@pytest.mark.parametrize(
    "config, classes",
    [
        (Config(3), [Config]),
        (argparse.Namespace(lr=0.1), [argparse.Namespace]),
        (Slotted(2), [Slotted]),
        (Row(1, 2), [Row]),
        (Registry(a=1), [Registry]),
        (Names(["a", "b"]), [Names]),
        (PurePosixPath("a/b"), [PurePosixPath]),
        (collections.defaultdict(int, a=1), [collections.defaultdict, int]),
        (functools.partial(F.softmax, dim=1), [functools.partial]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_a_module_holds_is_kept_where_its_class_is_given(config, classes):
    net = Net(config)
    again = load(saved(net), safe_classes=[Net, *classes])
    assert type(again.config) is type(config)
    assert shown(again.config) == shown(config)


def test_a_hook_that_can_be_found_is_kept_and_another_is_refused():
    net = Net()
    net.register_forward_pre_hook(lambda module, args: None)
    with pytest.raises(TypeError, match=r"_forward_pre_hooks.*<lambda> is not found there"):
        saved(net)


def test_hooks_on_the_state_dict_are_refused():
    net = Net()
    net.register_state_dict_post_hook(print)
    with pytest.raises(TypeError, match="_state_dict_hooks is not empty"):
        saved(net)


def test_a_local_class_is_refused_with_its_name():
    class Local(nn.Module):
        pass

    with pytest.raises(TypeError, match=r"Local is not found there: define it in a module"):
        saved(nn.Sequential(Local()))


@pytest.mark.parametrize(
    "state, reason",
    [
        (b"}", "_parameters of a module are None, not a dict"),
        (b"K\x01", "the state of an object is 1, not dict"),
        (b"}X\x0b\0\0\0_parametersK\x01s", "_parameters of a module are 1"),
        (b"}(X\x0b\0\0\0_parameters}X\x01\0\0\0wK\x01su", r"_parameters\['w'\] of a module is 1"),
        (b"}(X\x0b\0\0\0_parameters}K\x01Nsu", "a name in _parameters is 1, not str"),
    ],
)
def test_a_module_with_a_wrong_state_is_refused(state, reason):
    stream = b"\x80\x02ctorch.nn.modules.linear\nIdentity\n)\x81" + state + b"b."
    with pytest.raises(CheckpointError, match=reason):
        load(archive_of(stream), safe_classes=[nn.Identity])


@pytest.mark.parametrize(
    "stream, reason",
    [
        (
            b"ctorch.nn.modules.linear\nLinear\nJ\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86R",
            "Linear is called",
        ),
        (b"ctorch.nn.functional\nrelu\nK\x01\x85R", "is called, which is not a name"),
        (b"ctorch\nTensor\n)R", "is called, which is not a name"),
        (
            f"c{__name__}\nSlotted\n)\x81N}}X\x09\0\0\0__class__c{__name__}\nNet\ns\x86b".encode(
                "latin1"
            ),
            "sets '__class__', which is not a plain attribute",
        ),
    ],
)
def test_allowed_classes_do_not_open_more_than_themselves(stream, reason):
    with pytest.raises(CheckpointError, match=reason):
        load(archive_of(b"\x80\x02" + stream + b"."), safe_classes=[Net, Slotted])


def test_an_allowed_class_does_not_allow_others():
    file = archive_of(b"\x80\x02cos\nsystem\nX\x04\0\0\0true\x85R.")
    with pytest.warns(UserWarning, match="system"):
        assert isinstance(load(file, safe_classes=[Net]), UnknownObject)


def test_the_legacy_form_with_source_code_is_read_and_the_code_is_not():
    # torch before 1.6 put ('module', class, file, source) where the class is named.
    source = saved(nn.Linear(2, 1), _use_new_zipfile_serialization=False).getvalue()
    name = b"ctorch.nn.modules.linear\nLinear\n"
    begin = source.index(name)
    end = begin + len(name) + 2  # and its memo entry
    text = [b"X" + len(t).to_bytes(4, "little") + t for t in (b"module", b"linear.py", b"exit()")]
    old = b"(" + text[0] + source[begin:end] + text[1] + text[2] + b"tQ"
    data = source[:begin] + old + source[end:]
    loaded = load(io.BytesIO(data), safe_classes=[nn.Linear])
    assert type(loaded) is nn.Linear
    with pytest.warns(UserWarning, match="Linear"):
        assert isinstance(load(io.BytesIO(data)), UnknownObject)
