"""From transfer functions of circuits to forms of the same order."""

import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.filters import Coupled, biquads, coupled, state_space
from tests.cases import cases
from tests.filters.forms import FREQS, FS, random_form

LINEAR = (
    *(
        "big_muff_tone",
        "jcm800",
        "jtm45",
        "mesa_mark",
        "twin",
        "princeton",
        "soldano",
        "vox_ac30",
        "james",
        "baxandall",
        "sallen_key",
    ),
    *("pultec_eqp1a", "klon_buffer", "klon_feed_forward_1", "klon_pre_amp", "klon_feed_forward_2", "klon_tone"),
    *("klon_output", "tube_screamer_tone", "sd1_tone"),
)
TO = {
    "coupled": coupled,
    "direct": biquads,
    "state variable": lambda tf: biquads(tf, structure="state variable"),
    "state space": lambda tf: state_space(coupled(tf)),
}


class Rational:
    """Poles, zeros and a gain in z, as `circuitnn.nodal.TransferFunction` has them."""

    def __init__(self, poles, zeros, gain=1.0, fs=FS):
        self.known, self.gain, self.fs = (np.asarray(poles, complex), np.asarray(zeros, complex)), gain, fs

    def poles(self):
        return self.known[0]

    def zeros(self):
        return self.known[1]

    def frequency_response(self, freqs):
        z = np.exp(2j * np.pi * np.asarray(freqs) / self.fs)[:, None]
        return self.gain * np.prod(z - self.known[1], axis=1) / np.prod(z - self.known[0], axis=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["bassman", *LINEAR])
def test_circuits_of_the_catalogue(name):
    circuit = getattr(cn.circuits, name)()
    for position in (0.0, 0.5, 1.0) if circuit.controls else (None,):
        knobs = dict.fromkeys(circuit.controls, position)
        tf = cn.nodal.transfer_function(circuit, FS, controls=knobs)
        expected = np.asarray(tf.frequency_response(FREQS))
        for kind, convert in TO.items():
            form = convert(tf)
            found = form.response(FREQS, FS)
            np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9 * np.abs(expected).max(), err_msg=kind)
            assert form.order <= tf.order + (kind == "state space")


@pytest.mark.slow
def test_circuits_that_agree_to_the_last_decibel():
    """Relative to the response itself at each frequency, where it is small too."""
    tf = cn.nodal.transfer_function(cn.circuits.bassman(), FS)
    for convert in TO.values():
        np.testing.assert_allclose(convert(tf).response(FREQS, FS), tf.frequency_response(FREQS), rtol=1e-9)


PAIR = np.array([0.5 + 0.6j, 0.5 - 0.6j])
NEGATIVE = [-0.3, -0.7]


@pytest.mark.parametrize(
    ("poles", "zeros"),
    [
        ([*PAIR], [0.9, -0.2]),
        ([*PAIR, 0.9], [0.95, *PAIR * 0.9]),
        ([0.999, 0.5, 0.2], [0.99, -0.5, -1]),
        ([0.9, *NEGATIVE], [0.5, 0.3, 0.1]),
        ([0.9, 0.8, -0.5, *PAIR], [0.7, *PAIR * 1.5, *PAIR * 0.3]),
        ([0.9], [-1]),
    ],
)
@pytest.mark.parametrize("gain", [2.0, -0.01])
def test_poles_and_zeros(poles, zeros, gain):
    rational = Rational(poles, zeros, gain)
    for kind, convert in TO.items():
        np.testing.assert_allclose(
            convert(rational).response(FREQS, FS), rational.frequency_response(FREQS), rtol=1e-9, err_msg=kind
        )


def test_fewer_zeros_than_poles():
    rational = Rational([*PAIR, 0.9], [0.3])
    np.testing.assert_allclose(coupled(rational).response(FREQS, FS), rational.frequency_response(FREQS), rtol=1e-10)
    with pytest.raises(ValueError, match="1 zeros and 3 poles: a cascade of sections has as many of both"):
        biquads(rational)


@pytest.mark.parametrize("order", cases([1, 4, 5], quick=(5,)))
def test_coupled_form_as_a_state_space(order):
    form = random_form(Coupled, order, np.random.default_rng(order), (3,))
    np.testing.assert_allclose(state_space(form).response(FREQS, FS), form.response(FREQS, FS), rtol=1e-9)
    x = jnp.asarray(np.random.default_rng(0).standard_normal(3))
    moving = state_space(form)
    np.testing.assert_allclose(
        moving.filtered(moving.at_rest(), x)[1], form.filtered(form.at_rest(), x)[1], rtol=0, atol=1e-12
    )


def test_a_pole_that_is_there_twice():
    rational = Rational([0.9, 0.9, 0.2], [0.1, 0.3, 0.5])
    with pytest.raises(ValueError, match="is there twice: a coupled form has simple poles, use biquads"):
        coupled(rational)
    np.testing.assert_allclose(biquads(rational).response(FREQS, FS), rational.frequency_response(FREQS), rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("convert", [coupled, biquads])
def test_refused(convert):
    circuit = cn.circuits.bassman()
    with pytest.raises(ValueError, match="the transfer function is in s: make it with a sample rate"):
        convert(cn.nodal.transfer_function(circuit))
    batch = cn.nodal.transfer_function(circuit, FS, controls={"bass": jnp.array([[0.2], [0.7]])})
    with pytest.raises(ValueError, match="one transfer function at a time"):
        convert(batch)
    for pole in (1.0, -1.2):
        with pytest.raises(ValueError, match="is not stable"):
            convert(Rational([pole], [0.5]))


def test_conjugate_zeros_over_single_poles():
    with pytest.raises(ValueError, match="conjugate zeros over single real poles"):
        biquads(Rational([0.5, -0.5], PAIR))
