"""``torch.device``: names of devices; only the CPU can be used."""

from __future__ import annotations

import copy
import pickle

import pytest

from penlight._device import check_device, device

_ALL_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, "
    "mps, meta, hpu, mtia, privateuseone"
)

_MALFORMED = [
    ("foo", f"Expected one of {_ALL_TYPES} device type at start of device string: foo"),
    ("foo:0", f"Expected one of {_ALL_TYPES} device type at start of device string: foo"),
    ("CPU", f"Expected one of {_ALL_TYPES} device type at start of device string: CPU"),
    ("", "Device string must not be empty"),
    (":0", "Invalid device string: ':0'"),
    ("cpu:", "Invalid device string: 'cpu:'"),
    ("cpu:-1", "Invalid device string: 'cpu:-1'"),
    ("cpu:01", "Invalid device string: 'cpu:01'"),
    ("cpu:1:2", "Invalid device string: 'cpu:1:2'"),
    (
        "cpu:\N{ARABIC-INDIC DIGIT THREE}",
        "Invalid device string: 'cpu:\N{ARABIC-INDIC DIGIT THREE}'",
    ),
    ("cuda:abc", "Invalid device string: 'cuda:abc'"),
    (" cpu", "Invalid device string: ' cpu'"),
    ("1cpu", "Invalid device string: '1cpu'"),
]


@pytest.mark.parametrize(
    ("arguments", "type_", "index", "printed"),
    [
        (("cpu",), "cpu", None, "device(type='cpu')"),
        (("cpu", 0), "cpu", 0, "device(type='cpu', index=0)"),
        (("cpu:0",), "cpu", 0, "device(type='cpu', index=0)"),
        (("cpu", None), "cpu", None, "device(type='cpu')"),
        (("cuda",), "cuda", None, "device(type='cuda')"),
        (("cuda:3",), "cuda", 3, "device(type='cuda', index=3)"),
        (("meta",), "meta", None, "device(type='meta')"),
        ((device("cuda:1"),), "cuda", 1, "device(type='cuda', index=1)"),
    ],
)
def test_parses_type_and_index(
    arguments: tuple[object, ...], type_: str, index: int | None, printed: str
) -> None:
    made = device(*arguments)
    assert (made.type, made.index) == (type_, index)
    assert repr(made) == printed
    assert device(str(made)) == made


def test_accepts_keywords() -> None:
    assert device(type="cuda", index=1) == device("cuda:1")


@pytest.mark.parametrize(("text", "message"), _MALFORMED)
def test_refuses_malformed_strings_with_the_sentence_of_torch(text: str, message: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        device(text)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("arguments", "error", "phrase"),
    [
        (("cpu", -1), RuntimeError, "Device index must not be negative"),
        (("cpu", 300), RuntimeError, "at most 127, got 300"),
        (
            ("cpu:0", 0),
            RuntimeError,
            r"must not include an index because index was passed .*: cpu:0",
        ),
        (("cpu", "0"), TypeError, r"argument 'index' \(position 2\) must be int, not str"),
        (("cpu", True), TypeError, r"argument 'index' \(position 2\) must be int, not bool"),
        ((device("cpu"), 1), TypeError, r"argument 'type' \(position 1\) must be str, not torch"),
        ((0,), RuntimeError, "Cannot access accelerator device when none is available"),
        ((-1,), RuntimeError, "Device index must not be negative"),
        ((None,), TypeError, r"invalid combination of arguments - got \(NoneType\)"),
        ((1.5,), TypeError, r"invalid combination of arguments - got \(float\)"),
    ],
)
def test_refuses_bad_arguments(
    arguments: tuple[object, ...], error: type[Exception], phrase: str
) -> None:
    with pytest.raises(error, match=phrase):
        device(*arguments)


def test_equality_tells_the_bare_type_from_an_index() -> None:
    assert device("cpu") == device("cpu")
    assert device("cpu") != device("cpu:0")
    assert device("cpu") != "cpu"
    assert len({device("cpu"), device("cpu"), device("cpu:0")}) == 2


def test_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match=r"attribute 'type' of .* is not writable"):
        device("cpu").type = "cuda"


def test_survives_pickling_and_copying() -> None:
    for made in (device("cpu"), device("cuda:1")):
        assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made


@pytest.mark.parametrize("wanted", [None, "cpu", "cpu:0", "cpu:1", device("cpu"), device("cpu", 0)])
def test_every_name_of_the_cpu_may_be_used(wanted: object) -> None:
    assert check_device(wanted) == device("cpu")


@pytest.mark.parametrize(
    ("wanted", "error", "phrase"),
    [
        ("cuda", AssertionError, "^Torch not compiled with CUDA enabled$"),
        (device("cuda:1"), AssertionError, "^Torch not compiled with CUDA enabled$"),
        ("xpu", AssertionError, "^Torch not compiled with XPU enabled$"),
        ("mps", RuntimeError, "^PyTorch is not linked with support for mps devices"),
        ("meta", NotImplementedError, "no meta device"),
        ("foo", RuntimeError, "Expected one of cpu, cuda"),
        (0, RuntimeError, "Cannot access accelerator device when none is available"),
        (1.5, TypeError, r"zeros\(\): argument 'device' must be torch.device, not float"),
        (True, TypeError, r"zeros\(\): argument 'device' must be torch.device, not bool"),
    ],
)
def test_other_devices_are_refused_in_use(
    wanted: object, error: type[Exception], phrase: str
) -> None:
    with pytest.raises(error, match=phrase):
        check_device(wanted, "zeros")


def test_a_block_on_the_cpu_runs_and_on_another_device_is_refused() -> None:
    with device("cpu") as entered:
        assert entered == device("cpu")
    with pytest.raises(AssertionError, match="CUDA"), device("cuda"):
        pass


@pytest.mark.parametrize(("text", "_message"), [*_MALFORMED, ("cpu", ""), ("cuda:3", "")])
def test_strings_fare_as_with_torch(text: str, _message: str) -> None:
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    outcomes = []
    for make in (torch.device, device):
        try:
            outcomes.append(repr(make(text)))
        except RuntimeError as error:
            outcomes.append(f"RuntimeError: {error}")
    assert outcomes[0] == outcomes[1]
