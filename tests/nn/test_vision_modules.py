"""Resampling, padding, shuffling, folding, unpooling: what a module prints, computes and saves."""

from __future__ import annotations

import copy
import warnings

import numpy as np
import pytest

import penlight as pl
import penlight.nn.functional as F
from penlight import nn

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")

MODULES = [
    ("Upsample(scale_factor=2)", (1, 2, 3, 4)),
    ("Upsample(scale_factor=(2.0, 1.5), mode='bilinear')", (1, 2, 3, 4)),
    ("Upsample(size=7, mode='linear', align_corners=True)", (1, 2, 5)),
    ("Upsample((5, 7), mode='bicubic')", (1, 2, 3, 4)),
    ("Upsample(None, 1.5, 'trilinear', None, True)", (1, 2, 3, 4, 2)),
    ("UpsamplingNearest2d(scale_factor=2)", (1, 2, 3, 4)),
    ("UpsamplingBilinear2d((6, 5))", (1, 2, 3, 4)),
    ("ConstantPad1d(2, 3.5)", (1, 2, 4)),
    ("ConstantPad2d((1, 0, 2, -1), 1)", (1, 2, 4, 4)),
    ("ConstantPad3d(1, -1.0)", (1, 2, 2, 3, 2)),
    ("ZeroPad1d((0, 2))", (2, 4)),
    ("ZeroPad2d(1)", (1, 2, 3, 3)),
    ("ZeroPad3d((1, 0, 0, 2, 1, 1))", (1, 2, 2, 3, 2)),
    ("ReflectionPad1d(2)", (1, 2, 4)),
    ("ReflectionPad2d((1, 2, 0, 1))", (2, 3, 4)),
    ("ReflectionPad3d(1)", (1, 2, 2, 3, 2)),
    ("ReplicationPad1d((3, 0))", (1, 2, 2)),
    ("ReplicationPad2d(2)", (1, 2, 3, 2)),
    ("ReplicationPad3d((1, 2, 0, 1, 0, 0))", (2, 2, 3, 2)),
    ("CircularPad1d(2)", (1, 2, 4)),
    ("CircularPad2d((1, 2, 0, 1))", (1, 2, 3, 4)),
    ("CircularPad3d(1)", (2, 2, 3, 2)),
    ("PixelShuffle(2)", (1, 8, 2, 3)),
    ("PixelUnshuffle(2)", (1, 2, 4, 6)),
    ("ChannelShuffle(3)", (1, 6, 2)),
    ("Fold((3, 4), 2)", (1, 8, 6)),
    ("Fold(output_size=5, kernel_size=(2, 1), padding=(1, 0), stride=2)", (1, 4, 9)),
    ("Unfold((2, 3), dilation=1, padding=1, stride=(1, 2))", (1, 2, 4, 5)),
    ("LocalResponseNorm(3)", (2, 5, 4)),
    ("LocalResponseNorm(2, alpha=0.5, beta=0.9, k=2.0)", (2, 5, 3, 4)),
    ("LocalResponseNorm(4)", (1, 5, 2, 3, 2)),
    ("LPPool1d(2, 3)", (1, 2, 7)),
    ("LPPool2d(3.0, (2, 3), stride=1, ceil_mode=True)", (1, 2, 5, 5)),
    ("LPPool3d(2, 2)", (1, 2, 4, 4, 2)),
    ("FractionalMaxPool2d(2, output_size=3)", (2, 3, 7, 6)),
    ("FractionalMaxPool2d((2, 3), output_ratio=0.5)", (3, 8, 9)),
    ("FractionalMaxPool3d(2, output_ratio=(0.5, 0.4, 0.6))", (1, 2, 6, 7, 8)),
    ("RReLU()", (4, 9)),
    ("RReLU(0.25, 0.75)", (4, 9)),
    ("InstanceNorm1d(3)", (2, 3, 5)),
    ("InstanceNorm1d(3, affine=True)", (3, 5)),
    ("InstanceNorm2d(3, eps=0.1, affine=True, track_running_stats=True)", (2, 3, 4, 5)),
    ("InstanceNorm2d(3, affine=True, bias=False)", (2, 3, 4, 5)),
    ("InstanceNorm3d(3, momentum=0.5, track_running_stats=True)", (2, 3, 2, 3, 4)),
    ("SyncBatchNorm(3)", (4, 3, 5)),
    ("DataParallel(nn.Linear(4, 2))", (3, 4)),
]


def ran(library, constructor, shape, *, training):
    """Return what a module prints, its tensors after a step, and what it saves."""
    library.manual_seed(3)
    module = eval(f"nn.{constructor}", {"nn": library.nn}).train(training)
    results = []
    for _ in range(2):
        x = library.randn(shape, requires_grad=True)
        out = module(x)
        (out * library.arange(out.numel()).reshape(out.shape).sin()).sum().backward()
        results += [out.detach().numpy(), x.grad.numpy()]
    results += [p.grad.numpy() for p in module.parameters()]
    saved = {name: each.numpy() for name, each in module.state_dict().items()}
    return repr(module), str(out.grad_fn).partition(" ")[0], results, saved


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("constructor, shape", MODULES)
def test_module_prints_computes_and_saves_what_torch_s_does(constructor, shape, training):
    text, node, results, saved = ran(pl, constructor, shape, training=training)
    their_text, their_node, their_results, their_saved = ran(
        torch, constructor, shape, training=training
    )
    assert text == their_text
    assert node == their_node
    assert list(saved) == list(their_saved)
    arrays, their_arrays = [*results, *saved.values()], [*their_results, *their_saved.values()]
    for ours, theirs in zip(arrays, their_arrays, strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_allclose(ours, theirs, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_unpooling_undoes_pooling(dims):
    results = []
    for library in (pl, torch):
        library.manual_seed(0)
        x = library.randn((2, 3, *(6, 5, 4)[:dims]), requires_grad=True)
        pool = getattr(library.nn, f"MaxPool{dims}d")(3, 2, padding=1, return_indices=True)
        unpool = getattr(library.nn, f"MaxUnpool{dims}d")(3, 2, padding=1)
        pooled, indices = pool(x)
        out = unpool(pooled, indices, output_size=x.shape)
        (out**2).sum().backward()
        results.append(
            [repr(unpool), type(out.grad_fn).__name__, out.detach().numpy(), x.grad.numpy()]
        )
    (text, node, *ours), (their_text, their_node, *theirs) = results
    assert text == their_text
    assert node == their_node
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def test_fractional_pooling_keeps_given_numbers_as_a_buffer():
    numbers = np.random.RandomState(0).rand(2, 3, 2).astype(np.float32)
    sides = []
    for library in (pl, torch):
        given = library.tensor(numbers)
        module = library.nn.FractionalMaxPool2d(
            2, (3, 4), return_indices=True, _random_samples=given
        )
        library.manual_seed(1)
        out, indices = module(library.randn(2, 3, 7, 9))
        assert list(module.state_dict()) == ["_random_samples"]
        sides.append((out.numpy(), indices.numpy()))
    for a, b in zip(*sides, strict=True):
        np.testing.assert_array_equal(a, b)


def test_cross_map_normalisation_has_torch_s_values():
    values = np.random.RandomState(0).randn(2, 7, 3, 2).astype(np.float32)
    ours, theirs = nn.CrossMapLRN2d(3, alpha=0.5), torch.nn.CrossMapLRN2d(3, alpha=0.5)
    assert repr(ours) == repr(theirs)
    out = ours(pl.tensor(values)).numpy()
    np.testing.assert_allclose(out, theirs(torch.tensor(values)).numpy(), rtol=1e-5)
    x = pl.tensor(values[:1, :4], dtype=pl.float64, requires_grad=True)
    assert pl.autograd.gradcheck(ours, (x,))
    with pytest.raises(ValueError, match="Expected input to be 4D, got 2D"):
        ours(pl.zeros(2, 3))


REFUSED = [
    ("FractionalMaxPool2d(2)", ValueError, "requires specifying either an output size"),
    ("FractionalMaxPool2d(2, 3, 0.5)", ValueError, "only one of output_size and output_ratio"),
    (
        "FractionalMaxPool3d(2, output_ratio=1.5)",
        ValueError,
        "output_ratio must be between 0 and 1",
    ),
    ("FractionalMaxPool3d(0, 2)", ValueError, "kernel_size must be greater than 0"),
    ("InstanceNorm1d(3)(zeros(2, 2, 3, 4))", ValueError, "expected 2D or 3D input"),
    ("InstanceNorm2d(3, affine=True)(zeros(1, 2, 3, 4))", ValueError, "to match num_features (3)"),
    ("InstanceNorm1d(3)(zeros(2, 3, 1))", ValueError, "Expected more than 1 spatial element"),
    ("CircularPad1d(1)(zeros(1, 1, 1, 1))", ValueError, "expected 2D or 3D input (got 4D input)"),
    ("ReflectionPad1d(3)(zeros(1, 1, 3))", RuntimeError, "Padding size should be less than"),
    ("LocalResponseNorm(2)(zeros(2, 3))", ValueError, "Expected 3D or higher dimensionality"),
    ("SyncBatchNorm(2)(zeros(2))", ValueError, "expected at least 2D input (got 1D input)"),
]


@pytest.mark.parametrize("expression, error, phrase", REFUSED)
def test_module_refuses_what_torch_s_refuses(expression, error, phrase):
    for library in (pl, torch):
        scope = {"zeros": library.zeros, **vars(library.nn)}
        with pytest.raises(error) as caught:
            eval(expression, scope)
        text = " ".join(str(caught.value).split())
        assert phrase in text, library.__name__


def test_instance_norm_warns_of_channels_it_does_not_use():
    for library in (pl, torch):
        with pytest.warns(UserWarning, match="does not match num_features"):
            library.nn.InstanceNorm1d(3)(library.zeros(2, 2, 3))


def test_old_names_of_interpolate_warn():
    for library in (pl, torch):
        functional = library.nn.functional
        x = library.arange(4.0).view(1, 1, 2, 2)
        for function in (
            functional.upsample,
            functional.upsample_nearest,
            functional.upsample_bilinear,
        ):
            with pytest.warns(
                UserWarning, match=f"`nn.functional.{function.__name__}` is deprecated"
            ):
                function(x, scale_factor=2)


def test_grid_functions_warn_of_corners_left_open():
    for library in (pl, torch):
        functional = library.nn.functional
        with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior"):
            grid = functional.affine_grid(library.ones(1, 2, 3), (1, 1, 2, 2))
        with pytest.warns(UserWarning, match="Default grid_sample and affine_grid behavior"):
            functional.grid_sample(library.ones(1, 1, 2, 2), grid)
        with pytest.warns(UserWarning, match="for unit-size grids when align_corners=True"):
            functional.affine_grid(library.ones(1, 2, 3), (1, 1, 1, 2), align_corners=True)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
def test_rrelu_draws_torch_s_slopes(dtype):
    values = np.random.RandomState(0).randn(5, 7)
    values[0, 0] = 0
    sides = []
    for library in (pl, torch):
        library.manual_seed(7)
        x = library.tensor(values, dtype=getattr(library, dtype), requires_grad=True)
        out = library.nn.functional.rrelu(x, 0.1, 0.6, training=True)
        out.sum().backward()
        inplace = library.nn.RReLU(inplace=True)(library.tensor(values))
        parts = (out.detach().double(), x.grad.double(), inplace, library.rand(3))
        sides.append([part.numpy() for part in parts])
    for a, b in zip(*sides, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6 if dtype != "float64" else 1e-14)


def test_batch_norms_become_synchronised_ones():
    for library in (pl, torch):
        net = library.nn.Sequential(library.nn.Linear(2, 3), library.nn.BatchNorm1d(3, eps=0.1))
        weight = net[1].weight
        made = library.nn.SyncBatchNorm.convert_sync_batchnorm(net)
        assert type(made[1]) is library.nn.SyncBatchNorm
        assert made[1].weight is weight
        assert made[1].eps == 0.1
    with pytest.raises(NotImplementedError, match="process_group='all'"):
        nn.SyncBatchNorm(3, process_group="all")


def test_what_needs_several_devices_refuses():
    linear = nn.Linear(2, 3)
    for call in (
        lambda: nn.parallel.data_parallel(linear, pl.zeros(1, 2)),
        lambda: nn.parallel.replicate(linear, [0, 1]),
        lambda: nn.parallel.scatter(pl.zeros(2), [0, 1]),
        lambda: nn.parallel.gather([pl.zeros(2)], 0),
        lambda: nn.parallel.parallel_apply([linear], [pl.zeros(1, 2)]),
    ):
        with pytest.raises(RuntimeError, match="penlight computes on one CPU"):
            call()
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        nn.parallel.DistributedDataParallel(linear)


def test_data_parallel_keeps_the_module():
    linear = nn.Linear(2, 3)
    parallel = nn.DataParallel(linear)
    assert parallel.module is linear
    assert parallel.device_ids == []
    assert list(parallel.state_dict()) == ["module.weight", "module.bias"]
    copied = copy.deepcopy(parallel)
    assert copied.load_state_dict(parallel.state_dict()).missing_keys == []


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_gradients_of_convolutions_are_functions(dims):
    size = (6, 5, 4)[:dims]
    options = {"stride": 2, "padding": 1, "dilation": 1, "groups": 2}
    results = []
    for library in (pl, torch):
        library.manual_seed(0)
        x, weight = library.randn(2, 4, *size), library.randn(6, 2, *(3,) * dims)
        grad = library.randn_like(
            getattr(library.nn.functional, f"conv{dims}d")(x, weight, **options)
        )
        of = library.nn.grad
        results.append(
            [
                getattr(of, f"conv{dims}d_input")(x.shape, weight, grad, **options).numpy(),
                getattr(of, f"conv{dims}d_weight")(x, weight.shape, grad, **options).numpy(),
            ]
        )
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


def test_gradients_of_convolutions_check_sizes():
    with pytest.raises(RuntimeError, match="not those of one convolution"):
        nn.grad.conv1d_input((1, 1, 4), pl.ones(1, 1, 3), pl.ones(1, 1, 5))


def test_resampling_leaves_infinities_where_they_are():
    values = np.array([[[1.0, np.inf, 2.0, 3.0]]], np.float32)
    for mode in ("nearest", "linear"):
        ours = F.interpolate(pl.tensor(values), 8, mode=mode).numpy()
        theirs = torch.nn.functional.interpolate(torch.tensor(values), 8, mode=mode).numpy()
        np.testing.assert_array_equal(ours, theirs)


def test_nearest_takes_the_elements_that_torch_takes():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for size in range(1, 12):
            for out in range(1, 25):
                for mode in ("nearest", "nearest-exact"):
                    ours = F.interpolate(pl.arange(float(size)).view(1, 1, size), out, mode=mode)
                    x = torch.arange(float(size)).view(1, 1, size)
                    theirs = torch.nn.functional.interpolate(x, out, mode=mode)
                    np.testing.assert_array_equal(ours.numpy(), theirs.numpy())
