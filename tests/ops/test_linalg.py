"""Linear algebra beyond the samples: symmetric inputs, singular ones, and what is printed."""

from __future__ import annotations

import warnings

import numpy as np
import oracle
import pytest

import penlight
from penlight.autograd import gradcheck, gradgradcheck

SYMMETRIC = {
    "eigh": lambda torch, a: torch.linalg.eigh(a + a.mT),
    "eigh of the upper triangle": lambda torch, a: torch.linalg.eigh(a + a.mT, "U"),
    "svd": lambda torch, a: torch.linalg.svd(a),
    "svd of a tall matrix": lambda torch, a: torch.linalg.svd(a[:, :2], full_matrices=False),
    "svd of a wide matrix": lambda torch, a: torch.linalg.svd(a[:2], full_matrices=False),
    "older svd": lambda torch, a: torch.svd(a[:2]),
    "eigenvalues of a batch": lambda torch, a: torch.linalg.eigvalsh(
        torch.stack([a + a.mT, a * a.mT])
    ),
    "cholesky": lambda torch, a: torch.linalg.cholesky(a @ a.mT),
    "cholesky, upper": lambda torch, a: torch.linalg.cholesky(a @ a.mT, upper=True),
    "cholesky_ex": lambda torch, a: torch.linalg.cholesky_ex(a @ a.mT).L,
    "older cholesky": lambda torch, a: torch.cholesky(a @ a.mT, upper=True),
    "cholesky_solve": lambda torch, a: torch.cholesky_solve(a[:, :2], a.tril()),
    "cholesky_solve, upper": lambda torch, a: torch.cholesky_solve(a[:, :2], a.triu(), True),
    "cholesky_inverse": lambda torch, a: torch.cholesky_inverse(a.tril()),
    "cholesky_inverse, upper": lambda torch, a: torch.cholesky_inverse(a.triu(), upper=True),
    "pinv": lambda torch, a: torch.linalg.pinv(a + a.mT, hermitian=True),
    "logdet": lambda torch, a: torch.logdet(a @ a.mT),
    "corrcoef": lambda torch, a: torch.corrcoef(a)[0, 1],
    "norm of singular values": lambda torch, a: torch.norm(a, "nuc"),
}
MATRIX = np.array([[2.0, 0.3, -0.4], [0.1, 1.0, 0.5], [0.7, -0.2, 3.0]])


def floating(result):
    """Return the floating tensors of a result."""
    return tuple(part for part in oracle.flat(result) if part.is_floating_point())


@pytest.mark.parametrize("name", SYMMETRIC)
def test_gradients_of_symmetric_functions_are_slopes(name):
    leaf = penlight.tensor(MATRIX, requires_grad=True)

    def function(a):
        return floating(SYMMETRIC[name](penlight, a))

    assert gradcheck(function, (leaf,), atol=1e-6, rtol=1e-5)
    assert gradgradcheck(function, (leaf,), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", SYMMETRIC)
def test_values_and_gradients_of_symmetric_functions_are_those_of_torch(name):
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    sides = []
    for side in (penlight, torch):
        leaf = side.tensor(MATRIX, requires_grad=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore" if side is torch else "error")  # of older names
            found = floating(SYMMETRIC[name](side, leaf))
        # The signs of vectors are the library's choice.
        parts = [part * part for part in found]
        total = sum((part * part.exp()).sum() for part in parts)
        (first,) = side.autograd.grad(total, leaf, create_graph=True)
        (second,) = side.autograd.grad((first * first).sum(), leaf)
        sides.append([*parts, first, second])
    for mine, theirs in zip(*sides, strict=True):
        oracle.assert_close(mine, theirs, loose=100, terms=10.0)


SINGULAR = [[1.0, 2.0], [2.0, 4.0]]
FAILURES = {
    "inv": (lambda torch, a: torch.linalg.inv(a), "linalg.inv: The diagonal element 2 is zero"),
    "inverse": (lambda torch, a: torch.inverse(a), "linalg.inv: The diagonal element 2 is zero"),
    "inv of a batch": (
        lambda torch, a: torch.linalg.inv(torch.stack([torch.eye(2), a])),
        (
            "linalg.inv: (Batch element 1): The diagonal element 2 is zero, the inversion could "
            "not be completed because the input matrix is singular."
        ),
    ),
    "inv_ex": (
        lambda torch, a: torch.linalg.inv_ex(a, check_errors=True),
        "The diagonal element 2 is zero, the inversion could not be completed",
    ),
    "solve": (
        lambda torch, a: torch.linalg.solve(a, torch.ones(2)),
        "torch.linalg.solve: The solver failed because the input matrix is singular.",
    ),
    "solve of a batch": (
        lambda torch, a: torch.linalg.solve(torch.stack([torch.eye(2), a]), torch.ones(2, 1)),
        "torch.linalg.solve: (Batch element 1): The solver failed",
    ),
    "cholesky": (
        lambda torch, a: torch.linalg.cholesky(-torch.eye(2)),
        (
            "linalg.cholesky: The factorization could not be completed because the input is not "
            "positive-definite (the leading minor of order 1 is not positive-definite)."
        ),
    ),
    "older cholesky": (
        lambda torch, a: torch.cholesky(-torch.eye(2)),
        "cholesky: The factorization could not be completed because the input is not",
    ),
    "matrix_power": (
        lambda torch, a: torch.matrix_power(a, -1),
        "The diagonal element 2 is zero",
    ),
    "svd": (
        lambda torch, a: torch.linalg.svd(a * float("nan")),
        (
            "linalg.svd: The algorithm failed to converge because the input matrix contained "
            "non-finite values."
        ),
    ),
}


@pytest.mark.parametrize("side", ["penlight", "torch"])
@pytest.mark.parametrize("name", FAILURES)
def test_a_failure_is_a_linalg_error_in_the_words_of_torch(name, side):
    torch = (
        penlight
        if side == "penlight"
        else pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    )
    function, phrase = FAILURES[name]
    with pytest.raises(torch.linalg.LinAlgError) as caught:
        function(torch, torch.tensor(SINGULAR))
    assert phrase in str(caught.value)
    assert isinstance(caught.value, RuntimeError)


@pytest.mark.parametrize("side", ["penlight", "torch"])
def test_a_zero_pivot_of_lu_factor_is_a_plain_error(side):
    torch = pytest.importorskip(side, reason="the oracle: pip install torch==2.13.0")
    with pytest.raises(RuntimeError, match=r"torch.linalg.lu_factor: U\[2,2\] is zero") as caught:
        torch.linalg.lu_factor(torch.tensor(SINGULAR))
    assert type(caught.value) is RuntimeError


def test_what_does_not_raise_says_which_matrix_failed():
    stacked = penlight.stack([penlight.eye(2), penlight.tensor(SINGULAR)])
    found = penlight.linalg.inv_ex(stacked)
    assert found.info.tolist() == [0, 2]
    assert found.inverse[0].tolist() == [[1.0, 0.0], [0.0, 1.0]]
    assert found.inverse[1].isnan().all()
    assert penlight.linalg.solve_ex(stacked, penlight.ones(2)).info.tolist() == [0, 2]
    assert penlight.linalg.cholesky_ex(-penlight.eye(3)).info.item() == 1
    assert penlight.linalg.lu_factor_ex(stacked).info.tolist() == [0, 2]
    assert penlight.linalg.cond(stacked, 1).tolist() == [1.0, float("inf")]


@pytest.mark.parametrize(
    "name", ["eigh", "svd", "qr", "slogdet", "inv_ex", "cholesky_ex", "lu", "lu_factor", "lstsq"]
)
def test_named_results_are_printed_as_torch_prints_them(name):
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    printed = []
    for side in (penlight, torch):
        eye = side.eye(2)
        arguments = (eye, eye) if name == "lstsq" else (eye,)
        printed.append(repr(getattr(side.linalg, name)(*arguments)).replace("-0.", "0."))
    assert printed[0].replace(" ", "") == printed[1].replace(" ", "")


@pytest.mark.parametrize("name, instead", [("eig", "eigh"), ("eigvals", "eigvalsh")])
def test_complex_eigenvalues_are_refused_with_what_there_is_instead(name, instead):
    with pytest.raises(NotImplementedError, match=rf"complex numbers.*torch.linalg.{instead}"):
        getattr(penlight.linalg, name)(penlight.eye(2))


def test_values_that_repeat_have_a_gradient_where_vectors_are_not_used():
    for function in (penlight.linalg.eigvalsh, penlight.linalg.svdvals):
        leaf = penlight.eye(3, requires_grad=True)
        assert penlight.autograd.grad(function(leaf).sum(), leaf)[0].tolist() == [
            [1.0, 0.0, 0.0],
            [0.0, 1.0, 0.0],
            [0.0, 0.0, 1.0],
        ]
    leaf = penlight.zeros(3, 3, requires_grad=True)
    assert penlight.autograd.grad(leaf.norm("nuc"), leaf)[0].isfinite().all()


@pytest.mark.parametrize("side", ["penlight", "torch"])
@pytest.mark.parametrize("name", ["eig", "symeig", "lstsq", "solve"])
def test_methods_that_torch_took_away_say_so(name, side):
    torch = pytest.importorskip(side, reason="the oracle: pip install torch==2.13.0")
    others = [torch.eye(2)] if name in {"lstsq", "solve"} else []
    with pytest.raises(RuntimeError, match="and is now removed"):
        getattr(torch.eye(2), name)(*others)


def test_writing_to_factors_does_not_change_gradients():
    leaf = penlight.tensor(MATRIX, requires_grad=True)
    q, r = penlight.linalg.qr(leaf)
    wanted = penlight.autograd.grad(r.sum() + q.sum(), leaf, retain_graph=True)[0]
    with penlight.no_grad():
        q.zero_()
        r.zero_()
    assert penlight.equal(penlight.autograd.grad(r.sum() + q.sum(), leaf)[0], wanted)


def test_gradients_of_qr_are_refused_where_there_are_none():
    leaf = penlight.ones(3, 2, requires_grad=True)
    with pytest.raises(RuntimeError, match="depends on Q, which is not computed when mode='r'"):
        penlight.linalg.qr(leaf, "r").R.sum().backward()
    with pytest.raises(RuntimeError, match="not differentiable when mode='complete'"):
        penlight.linalg.qr(leaf, "complete").Q.sum().backward()
    with pytest.raises(RuntimeError, match="derivative for aten::geqrf is not implemented"):
        penlight.geqrf(leaf).a.sum().backward()


def test_reflections_of_geqrf_give_the_factors_of_qr():
    matrix = penlight.tensor(MATRIX)[:, :2]
    found = penlight.geqrf(matrix)
    q, r = penlight.linalg.qr(matrix)
    assert penlight.allclose(penlight.orgqr(found.a, found.tau), q)
    assert penlight.allclose(found.a.triu()[:2], r)
    full = penlight.ormqr(found.a, found.tau, penlight.eye(3, dtype=matrix.dtype))
    assert penlight.allclose(full[:, :2], q)


def test_low_rank_decompositions_draw_as_torch_draws():
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    sides = []
    for side in (penlight, torch):
        side.manual_seed(3)
        data = side.arange(24, dtype=side.float64).reshape(6, 4).sin()
        u, s, v = side.svd_lowrank(data, q=2)
        side.manual_seed(4)
        main = side.pca_lowrank(data, q=2)
        sides.append([s, (u * s) @ v.mT, main[1], (main[0] * main[1]) @ main[2].mT])
    for mine, theirs in zip(*sides, strict=True):
        oracle.assert_close(mine, theirs, loose=100, terms=10.0)


def test_lstsq_names_empty_what_its_driver_does_not_find():
    torch = pytest.importorskip("torch", reason="the oracle: pip install torch==2.13.0")
    shapes = []
    for side in (penlight, torch):
        tall, b = side.arange(8.0).reshape(4, 2).cos(), side.ones(4, 1)
        shapes.append(
            [
                [tuple(part.shape) for part in side.linalg.lstsq(tall, b, driver=driver)]
                for driver in ("gels", "gelsy", "gelsd", "gelss")
            ]
        )
    assert shapes[0] == shapes[1]
