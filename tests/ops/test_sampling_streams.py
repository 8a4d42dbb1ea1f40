"""Samplers without torch: values recorded from torch 2.13, errors, gradients, memory layouts."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

import penlight as pl

# Each sampler after one float32 draw from seed 12345: size, start of the SHA-256 of the bytes, and
# what randint(0, 2**28 - 1) draws next, which says where the generator stands.
RECORDED = {
    "rand float32": (
        (1, "9b9510e8e463", 16645410),
        (15, "1ea1f482209d", 263739508),
        (16, "626dc6dfa6b2", 263801952),
        (17, "761d29961dff", 122706689),
        (100, "93549a953c1e", 105711275),
        (10007, "5cf884aed63b", 3797826),
    ),
    "rand float64": (
        (1, "1c3ea218aa68", 24512643),
        (15, "c90a05491bea", 8995057),
        (16, "2fa38b96fdca", 141411371),
        (17, "dad3cfd8c9a1", 242224575),
        (100, "ea6f3757bb63", 242495270),
        (10007, "4f136f9bc91b", 182057111),
    ),
    "rand float16": (
        (1, "0fdb28320395", 16645410),
        (15, "c252d2c7af08", 263739508),
        (16, "7154acd7d5dd", 263801952),
        (17, "de0638edd2fd", 122706689),
        (100, "a1475324521f", 105711275),
        (10007, "eeb52eb2b3b5", 3797826),
    ),
    "uniform_(-0.3, 0.71) float32": (
        (1, "a0c109be25f0", 16645410),
        (15, "b1843d290bc8", 263739508),
        (16, "7c3c333a4645", 263801952),
        (17, "94410bc95ce9", 122706689),
        (100, "172aa31e769c", 105711275),
        (10007, "e98e3360de7f", 3797826),
    ),
    "uniform_(-0.3, 0.71) float64": (
        (1, "6587ecce1bed", 24512643),
        (15, "b11485431e52", 8995057),
        (16, "413f75ca1047", 141411371),
        (17, "b8cfcde19c22", 242224575),
        (100, "558e42dd62be", 242495270),
        (10007, "9e5a1bf9e6d9", 182057111),
    ),
    "bernoulli_(0.37) float32": (
        (1, "e00e5eb94441", 24512643),
        (15, "aac9e8c344e4", 8995057),
        (16, "464363203aa3", 141411371),
        (17, "428c469fad8c", 242224575),
        (100, "c27a25a2d15a", 242495270),
        (10007, "61d3ae7340e9", 182057111),
    ),
    "bernoulli_(0.37) bool": (
        (1, "4bf5122f3445", 24512643),
        (15, "95e4464f0778", 8995057),
        (16, "232620b00de6", 141411371),
        (17, "0bc09f7bd214", 242224575),
        (100, "353df9a59e07", 242495270),
        (10007, "e05ffc9501a0", 182057111),
    ),
    "randint(-5, 100)": (
        (1, "d5cc13b299a3", 16645410),
        (15, "ec124b5c7eba", 263739508),
        (16, "44d320c21184", 263801952),
        (17, "8dbbe0e731f6", 122706689),
        (100, "e31e38102590", 105711275),
        (10007, "b1dd4eebcd1a", 3797826),
    ),
    "randint(0, 2**28 - 1)": (
        (1, "d8666f9c19e4", 16645410),
        (15, "9612bb40a0ff", 263739508),
        (16, "7a0e883ddc9e", 263801952),
        (17, "ba6c444e9fc1", 122706689),
        (100, "e84b764bfcb5", 105711275),
        (10007, "04d674a1b2db", 3797826),
    ),
    "randint(0, 2**28)": (
        (1, "8df8ce8ee8fd", 24512643),
        (15, "f8c12d2109fd", 8995057),
        (16, "8b94f2f2a3dc", 141411371),
        (17, "25690eefbf1d", 242224575),
        (100, "a58933a56e90", 242495270),
        (10007, "defa852801a4", 182057111),
    ),
    "randint(-2**63, 2**63 - 1)": (
        (1, "1a8b8eaf334b", 24512643),
        (15, "698cd0887dd0", 8995057),
        (16, "f77074e5cf53", 141411371),
        (17, "48b105f4f019", 242224575),
        (100, "990c69c77f66", 242495270),
        (10007, "cef693b8a34e", 182057111),
    ),
    "random_() uint8": (
        (1, "ab61ba11a38b", 16645410),
        (15, "15558501f535", 263739508),
        (16, "0b0fadc59906", 263801952),
        (17, "a28668bf5a27", 122706689),
        (100, "1f65bad81967", 105711275),
        (10007, "c7b3a71550c5", 3797826),
    ),
    "random_() float64": (
        (1, "687896e2ddaf", 24512643),
        (15, "23bf92c9fc37", 8995057),
        (16, "2b7681d7757c", 141411371),
        (17, "cf3f0014cabc", 242224575),
        (100, "c9194dbf8dbc", 242495270),
        (10007, "81399b42d37b", 182057111),
    ),
    "randperm": (
        (1, "af5570f5a181", 65089011),
        (15, "c361dbc7e939", 209328796),
        (16, "18572e734fb2", 263739508),
        (17, "6473855a5be0", 263801952),
        (100, "2d97b4dff363", 135076258),
        (10007, "5bd59cc140e1", 258453895),
    ),
    "geometric_(0.13) int64": (
        (1, "cbb032642036", 24512643),
        (15, "476ef0743cf0", 8995057),
        (16, "05f708e20346", 141411371),
        (17, "600a3a47bf23", 242224575),
        (100, "32d8e9408571", 242495270),
        (10007, "2a511eb85bfd", 182057111),
    ),
    "randn float32": (
        (1, "b1e5c9b96c0c", 170765737),
        (15, "dc631c7941cd", 141411371),
        (16, "605ab5232893", 263801952),
        (17, "6c76dba52db9", 256306117),
        (100, "10106151d0a2", 239442141),
        (10007, "caf21335503c", 58746807),
    ),
}

SAMPLERS = {
    "rand float32": lambda n, g: pl.rand(n, generator=g),
    "rand float64": lambda n, g: pl.rand(n, generator=g, dtype=pl.float64),
    "rand float16": lambda n, g: pl.rand(n, generator=g, dtype=pl.float16),
    "uniform_(-0.3, 0.71) float32": lambda n, g: pl.empty(n).uniform_(-0.3, 0.71, generator=g),
    "uniform_(-0.3, 0.71) float64": lambda n, g: pl.empty(n, dtype=pl.float64).uniform_(
        -0.3, 0.71, generator=g
    ),
    "bernoulli_(0.37) float32": lambda n, g: pl.empty(n).bernoulli_(0.37, generator=g),
    "bernoulli_(0.37) bool": lambda n, g: pl.empty(n, dtype=pl.bool).bernoulli_(0.37, generator=g),
    "randint(-5, 100)": lambda n, g: pl.randint(-5, 100, (n,), generator=g),
    "randint(0, 2**28 - 1)": lambda n, g: pl.randint(0, 2**28 - 1, (n,), generator=g),
    "randint(0, 2**28)": lambda n, g: pl.randint(0, 2**28, (n,), generator=g),
    "randint(-2**63, 2**63 - 1)": lambda n, g: pl.randint(-(2**63), 2**63 - 1, (n,), generator=g),
    "random_() uint8": lambda n, g: pl.empty(n, dtype=pl.uint8).random_(generator=g),
    "random_() float64": lambda n, g: pl.empty(n, dtype=pl.float64).random_(generator=g),
    "randperm": lambda n, g: pl.randperm(n, generator=g),
    "geometric_(0.13) int64": lambda n, g: pl.empty(n, dtype=pl.int64).geometric_(
        0.13, generator=g
    ),
    "randn float32": lambda n, g: pl.randn(n, generator=g),
}


def seeded(seed=0):
    return pl.Generator().manual_seed(seed)


@pytest.mark.parametrize("name", RECORDED)
def test_the_stream_is_the_recorded_one(name):
    for size, digest, following in RECORDED[name]:
        generator = seeded(12345)
        pl.rand(1, generator=generator)
        drawn = SAMPLERS[name](size, generator)
        assert hashlib.sha256(drawn.numpy().tobytes()).hexdigest()[:12] == digest, size
        assert pl.randint(0, 2**28 - 1, (1,), generator=generator).item() == following, size


@pytest.mark.parametrize(
    ("draw", "size", "last", "following"),
    [
        (
            lambda n, g: pl.randn(n, generator=g, dtype=pl.float64),
            3,
            [1.5409961082440433, -0.2934289057609464, -2.1787893820745574],
            0.6450241201227648,
        ),
        (
            lambda n, g: pl.randn(n, generator=g, dtype=pl.float64),
            17,
            [-0.4484158047114511, -0.8910030351707375, 0.6748575435940039],
            0.15272623787792838,
        ),
        (
            lambda n, g: pl.empty(n, dtype=pl.float64).exponential_(1.5, generator=g),
            17,
            [0.43832494463761323, 0.3874993203256468, 0.34869054869745464],
            0.2054385934615871,
        ),
        (
            lambda n, g: pl.empty(n, dtype=pl.float64).cauchy_(0.5, 1.5, generator=g),
            3,
            [16.396593990023444, 1.64715088940885, 0.3075509868752389],
            0.9207476841219603,
        ),
        (
            lambda n, g: pl.empty(n, dtype=pl.float64).log_normal_(0.5, 0.25, generator=g),
            17,
            [1.2613759629594685, 1.7000800017210929, 1.4310674455308705],
            0.6650381757501495,
        ),
        (
            lambda n, g: pl.empty(n, 2).t()[0].normal_(generator=g),
            17,
            [-1.0711873769760132, 0.1227012425661087, -0.5663174986839294],
            0.6650381757501495,
        ),
    ],
    ids=["randn 3", "randn 17", "exponential", "cauchy", "log_normal", "normal not contiguous"],
)
def test_real_samplers_give_the_recorded_numbers(draw, size, last, following):
    generator = seeded()
    drawn = draw(size, generator).numpy()[-3:]
    np.testing.assert_allclose(drawn, last, rtol=1e-13 if drawn.dtype == np.float64 else 1e-7)
    assert pl.rand(1, generator=generator, dtype=pl.float64).item() == following


def test_choices_give_the_recorded_ones():
    weights = pl.tensor([[0.1, 0.2, 0.7, 0.0], [3.0, 1.0, 1.0, 5.0]])
    generator = seeded()
    assert pl.multinomial(weights, 3, generator=generator).tolist() == [[2, 1, 0], [3, 2, 0]]
    repeated = pl.multinomial(weights, 6, replacement=True, generator=generator)
    assert repeated.tolist() == [[2, 1, 2, 1, 2, 2], [2, 2, 2, 0, 3, 3]]
    ones = pl.bernoulli(
        pl.tensor([[0.02, 0.04, 0.14, 0.0], [0.6, 0.2, 0.2, 1.0]]), generator=generator
    )
    assert ones.tolist() == [[0, 0, 0, 0], [1, 0, 0, 1]]


def test_an_odd_normal_is_kept_for_the_next_call():
    apart, together = seeded(), seeded()
    pieces = [pl.randn(3, generator=apart), pl.randn(2, generator=apart)]
    assert np.concatenate([p.numpy() for p in pieces]).tolist() == (
        pl.randn(5, generator=together).tolist()
    )


def test_seeding_forgets_the_kept_normal():
    generator = seeded()
    first = pl.randn(1, generator=generator).item()
    assert pl.randn(1, generator=generator.manual_seed(0)).item() == first


def test_elements_are_drawn_in_memory_order():
    flat = pl.rand(6, generator=seeded()).tolist()
    columns = pl.empty(3, 2).t().uniform_(generator=seeded())
    assert columns.t().reshape(-1).tolist() == flat


def test_sixteen_and_more_normals_differ_when_not_contiguous():
    row_major = pl.randn(4, 5, generator=seeded())
    column_major = pl.empty(5, 4).t().normal_(generator=seeded())
    assert row_major.tolist() != column_major.tolist()


def test_out_is_filled():
    out = pl.empty(3)
    assert pl.rand(3, generator=seeded(), out=out) is out
    assert out.tolist() == pl.rand(3, generator=seeded()).tolist()


def test_like_takes_shape_dtype_and_layout():
    model = pl.zeros(2, 3, dtype=pl.float64).t()
    like = pl.rand_like(model)
    assert (like.shape, like.dtype, like.stride()) == (model.shape, model.dtype, model.stride())
    assert pl.randint_like(model, 5, 6).tolist() == [[5.0, 5.0]] * 3


def test_sizes_come_as_numbers_or_as_one_sequence():
    assert pl.rand(2, 1).shape == pl.rand((2, 1)).shape == pl.rand(size=(2, 1)).shape == (2, 1)
    assert pl.randint(3, (2,)).shape == pl.randint(low=1, high=3, size=(2,)).shape == (2,)


# ---- gradients -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "node"),
    [
        (lambda x: x.uniform_(), "UniformBackward0"),
        (lambda x: x.normal_(), "NormalBackward0"),
        (lambda x: x.exponential_(), "ExponentialBackward0"),
        (lambda x: x.geometric_(0.5), "GeometricBackward0"),
        (lambda x: x.log_normal_(), "LogNormalBackward0"),
        (lambda x: x.cauchy_(), "CauchyBackward0"),
        (lambda x: x.random_(2, 5), "RandomBackward0"),
        (lambda x: x.random_(5), "RandomBackward1"),
        (lambda x: x.random_(), "RandomBackward2"),
        (lambda x: x.bernoulli_(pl.tensor([0.5, 0.5])), "BernoulliBackward1"),
        (lambda x: x.bernoulli_(0.5), "BernoulliBackward2"),
        (pl.bernoulli, "BernoulliBackward0"),
        (lambda x: pl.normal(x, 1.0), "NormalBackward1"),
        (lambda x: pl.normal(0.0, x), "NormalBackward2"),
        (lambda x: pl.normal(x, x), "NormalBackward3"),
    ],
)
def test_random_numbers_give_no_gradient(draw, node):
    leaf = pl.tensor([0.25, 0.5], requires_grad=True)
    drawn = draw(leaf * 1)
    assert type(drawn.grad_fn).__name__ == node
    drawn.sum().backward()
    assert leaf.grad.tolist() == [0.0, 0.0]


def test_a_leaf_that_requires_grad_is_not_written_while_recording():
    leaf = pl.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad is being used"):
        leaf.normal_()
    with pl.no_grad():
        assert leaf.normal_() is leaf


def test_in_place_samplers_count_as_writes():
    x = pl.zeros(2)
    before = x._version
    x.uniform_()
    x.bernoulli_()
    assert x._version == before + 2


# ---- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("draw", "error", "phrase"),
    [
        (
            lambda: pl.empty(2).normal_(0, -1),
            RuntimeError,
            "normal expects std >= 0.0, but found std -1",
        ),
        (
            lambda: pl.empty(2).uniform_(1, 0.5),
            RuntimeError,
            r"uniform_ expects to return a \[from, to\) range, but found from=1 > to=0.5",
        ),
        (lambda: pl.empty(2).uniform_(0, 1e39), RuntimeError, "to is out of bounds for float"),
        (lambda: pl.empty(2).uniform_(-3e38, 3e38), RuntimeError, "to exceed the limit"),
        (
            lambda: pl.empty(2).bernoulli_(1.5),
            RuntimeError,
            r"bernoulli_ expects p to be in \[0, 1\], but got p=1.5",
        ),
        (
            lambda: pl.bernoulli(pl.tensor([0.5, 1.5])),
            RuntimeError,
            r"Expected p_in >= 0 && p_in <= 1 to be true, but got false.*position \(1,\) is 1.5",
        ),
        (
            lambda: pl.bernoulli(pl.tensor([1, 0])),
            NotImplementedError,
            "not implemented for 'Long'",
        ),
        (lambda: pl.empty(2).random_(5, 5), RuntimeError, "from=5 >= to=5"),
        (lambda: pl.randint(5, 3, (2,)), RuntimeError, "from=5 >= to=3"),
        (
            lambda: pl.empty(2, dtype=pl.uint8).random_(0, 300),
            RuntimeError,
            "to - 1 is out of bounds for unsigned char.*299",
        ),
        (lambda: pl.randint(0, 2**63, (2,)), ValueError, "Overflow when unpacking long long"),
        (lambda: pl.empty(2).exponential_(0), RuntimeError, "exponential_ expects lambda > 0.0"),
        (
            lambda: pl.empty(2).geometric_(1),
            RuntimeError,
            r"geometric_ expects p to be in \(0, 1\)",
        ),
        (lambda: pl.empty(2).log_normal_(0, 0), RuntimeError, "log_normal_ expects std > 0.0"),
        (lambda: pl.empty(2).cauchy_(0, 0), RuntimeError, "cauchy_ expects sigma > 0.0"),
        (lambda: pl.randn(2, dtype=pl.int64), NotImplementedError, "not implemented for 'Long'"),
        (lambda: pl.rand(-1), RuntimeError, "negative dimension -1"),
        (lambda: pl.rand(2, generator=5), TypeError, "must be torch.Generator, not int"),
        (lambda: pl.randperm(-1), RuntimeError, "negative dimension -1"),
        (lambda: pl.randperm(300, dtype=pl.int8), RuntimeError, "without overflow"),
        (
            lambda: pl.normal(pl.zeros(2), pl.tensor([1.0, -1.0])),
            RuntimeError,
            "all elements of std",
        ),
        (lambda: pl.normal(0.0, 1.0), TypeError, "need a size"),
        (
            lambda: pl.multinomial(pl.tensor([1.0, -1.0]), 1),
            RuntimeError,
            r"position \(1,\) it is -1",
        ),
        (
            lambda: pl.multinomial(pl.zeros(2), 1),
            RuntimeError,
            r"invalid multinomial distribution \(sum of probabilities <= 0\)",
        ),
        (
            lambda: pl.multinomial(pl.tensor([1.0, float("inf")]), 2, replacement=True),
            RuntimeError,
            "encountering probability entry = infinity or NaN",
        ),
        (lambda: pl.multinomial(pl.ones(2), 3), RuntimeError, "without replacement: 3 from 2"),
        (lambda: pl.multinomial(pl.ones(2), 0), RuntimeError, "cannot sample n_sample <= 0"),
        (lambda: pl.multinomial(pl.ones(2, 2, 2), 1), RuntimeError, "must be 1 or 2 dim"),
        (
            lambda: pl.empty(2).expand(3, 2).normal_(),
            RuntimeError,
            "more than one element of the written-to tensor refers to a single memory location",
        ),
    ],
)
def test_wrong_arguments_are_refused_in_torchs_words(draw, error, phrase):
    with pytest.raises(error, match=phrase):
        draw()
