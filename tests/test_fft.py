"""`torch.fft` of real numbers: frequencies, and the shifts."""

from __future__ import annotations

import numpy as np
import pytest

import penlight

torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")


def assert_same(ours, theirs):
    assert str(ours.dtype) == str(theirs.dtype)
    np.testing.assert_array_equal(ours.detach().numpy(), theirs.detach().numpy())


@pytest.mark.parametrize("name", ["fftfreq", "rfftfreq"])
@pytest.mark.parametrize("dtype", [None, "float16", "float32", "float64"])
@pytest.mark.parametrize("d", [1.0, 0.3, -2, 0])
def test_frequencies_are_torchs(name, dtype, d):
    for n in (0, 1, 2, 5, 8, 21):
        ours, theirs = (
            getattr(library.fft, name)(n, d, dtype=dtype and getattr(library, dtype))
            for library in (penlight, torch)
        )
        assert_same(ours, theirs)


@pytest.mark.parametrize("name", ["fftshift", "ifftshift"])
@pytest.mark.parametrize("dim", [None, 0, -1, (0, 1), (1, 1), [2]])
def test_shifts_are_torchs(name, dim):
    for shape in ((2, 3, 5), (4, 1, 6), (2, 0, 3)):
        array = np.arange(np.prod(shape)).reshape(shape)
        ours, theirs = (
            getattr(library.fft, name)(library.tensor(array), dim) for library in (penlight, torch)
        )
        assert_same(ours, theirs)


def test_shifts_have_gradients_and_frequencies_options():
    x = penlight.arange(5.0, requires_grad=True)
    out = penlight.fft.fftshift(x)
    assert type(out.grad_fn).__name__ == "RollBackward0"
    out[0].backward()
    assert x.grad.tolist() == [0, 0, 0, 1, 0]
    frequencies = penlight.fft.fftfreq(3, requires_grad=True)
    assert frequencies.is_leaf
    assert frequencies.requires_grad
    target = penlight.zeros(4)
    assert penlight.fft.fftfreq(4, out=target) is target
    assert target.tolist() == [0, 0.25, -0.5, -0.25]


REFUSALS = [
    (RuntimeError, "negative dimension -1", lambda t: t.fft.fftfreq(-1)),
    (RuntimeError, "rfftfreq requires a floating", lambda t: t.fft.rfftfreq(4, dtype=t.int32)),
    (TypeError, "argument 'n' .* must be int, not float", lambda t: t.fft.fftfreq(2.5)),
    (RuntimeError, "`shifts` required", lambda t: t.fft.fftshift(t.tensor(1))),
    (IndexError, "Dimension out of range", lambda t: t.fft.ifftshift(t.zeros(2), 3)),
    (TypeError, "argument 'input' .*must be Tensor, not int", lambda t: t.fft.fftshift(3)),
]


@pytest.mark.parametrize(("kind", "phrase", "call"), REFUSALS)
@pytest.mark.parametrize("library", [penlight, torch], ids=["penlight", "torch"])
def test_arguments_are_refused_as_in_torch(kind, phrase, call, library):
    with pytest.raises(kind, match=phrase):
        call(library)


def test_the_transforms_say_that_they_are_complex():
    for name in set(dir(torch.fft)) - set(penlight.fft.__all__):
        if "fft" in name and not name.startswith("_"):
            with pytest.raises(AttributeError, match="no complex arithmetic"):
                getattr(penlight.fft, name)
    with pytest.raises(RuntimeError, match="no complex arithmetic"):
        penlight.fft.fftfreq(3, dtype=penlight.complex64)
