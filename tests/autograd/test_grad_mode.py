"""no_grad and the others: nested, as decorators, per thread."""

from __future__ import annotations

import asyncio
import threading

import pytest


def test_modes_nest_and_put_the_old_mode_back(pt):
    seen = []
    with pt.no_grad():
        seen.append(pt.is_grad_enabled())
        with pt.enable_grad():
            seen.append(pt.is_grad_enabled())
            with pt.set_grad_enabled(False):
                seen.append(pt.is_grad_enabled())
        seen.append(pt.is_grad_enabled())
        with pt.inference_mode(False):
            seen.append(pt.is_grad_enabled())
    seen.append(pt.is_grad_enabled())
    assert seen == [False, True, False, False, True, True]


def test_an_error_puts_the_old_mode_back(pt):
    with pytest.raises(KeyError), pt.no_grad():
        raise KeyError
    assert pt.is_grad_enabled()


def test_inference_mode_says_so(pt):
    x = pt.ones(2, requires_grad=True)
    with pt.inference_mode():
        assert (pt.is_grad_enabled(), pt.is_inference_mode_enabled()) == (False, True)
        assert not (x * 2).requires_grad
    assert (pt.is_grad_enabled(), pt.is_inference_mode_enabled()) == (True, False)


def test_set_grad_enabled_is_a_statement_too(pt):
    try:
        pt.set_grad_enabled(False)
        assert not pt.is_grad_enabled()
    finally:
        pt.set_grad_enabled(True)
    assert pt.is_grad_enabled()
    with pytest.raises(TypeError, match="must be bool, not int"):
        pt.set_grad_enabled(3)
    assert pt.is_grad_enabled()


@pytest.mark.parametrize(
    "decorator",
    [
        lambda pt: pt.no_grad(),
        lambda pt: pt.no_grad,
        lambda pt: pt.inference_mode(),
        lambda pt: pt.inference_mode,
        lambda pt: pt.set_grad_enabled(False),
    ],
)
def test_modes_decorate_functions(pt, decorator):
    def mode(a, *, b=2):
        """Say it."""
        return a, b, pt.is_grad_enabled()

    decorated = decorator(pt)(mode)
    assert pt.is_grad_enabled()
    assert decorated(1) == (1, 2, False)
    assert decorated.__name__ == "mode"
    assert decorated.__doc__ == "Say it."
    assert pt.is_grad_enabled()


def test_a_decorated_generator_runs_in_the_mode_and_its_caller_does_not(pt):
    log = []

    @pt.no_grad()
    def generator():
        try:
            got = yield pt.is_grad_enabled()
            log.append((got, pt.is_grad_enabled()))
            yield pt.is_grad_enabled()
        except KeyError:
            log.append(("thrown", pt.is_grad_enabled()))
            yield "caught"
        finally:
            log.append(("closed", pt.is_grad_enabled()))
        return "done"

    running = generator()
    assert next(running) is False
    assert pt.is_grad_enabled()
    assert running.send("sent") is False
    assert running.throw(KeyError()) == "caught"
    with pytest.raises(StopIteration) as stop:
        next(running)
    assert stop.value.value == "done"
    running = generator()
    next(running)
    running.close()
    assert log == [("sent", False), ("thrown", False), ("closed", False), ("closed", False)]


def test_a_decorated_class_is_constructed_in_the_mode(pt):
    with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

        @pt.no_grad()
        class Model:
            def __init__(self):
                self.mode = pt.is_grad_enabled()

    assert Model().mode is False


def test_a_decorated_coroutine_function_is_entered_at_its_call_only(pt):
    @pt.no_grad()
    async def mode():
        return pt.is_grad_enabled()

    assert asyncio.run(mode()) is True


def test_threads_have_modes_of_their_own(pt):
    seen = []
    with pt.no_grad():
        thread = threading.Thread(target=lambda: seen.append(pt.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_backward_works_in_any_mode(pt):
    x = pt.ones(2, requires_grad=True)
    y = (x * x).sum()
    with pt.no_grad():
        y.backward()
        assert not pt.is_grad_enabled()
    assert x.grad.tolist() == [2, 2]
