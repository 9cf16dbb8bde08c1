"""A sound to try things with, from the command line."""

import numpy as np
import pytest

from circuitnn import audio


def test_it_is_the_librarys_guitar_at_half_of_full_scale(call):
    call("guitar", "g.wav", "--seconds", "0.5", "--fs", "16000", "--seed", "3")
    x, fs = audio.read("g.wav")
    assert fs == 16_000
    np.testing.assert_allclose(x, 0.5 * audio.guitar(0.5, 16_000, seed=3), atol=1e-6)


@pytest.mark.parametrize(("words", "said"), [(["g.mp3"], "g.mp3"), (["g.wav", "--seconds", "0"], "0.1")])
def test_bad_input(words, said, call):
    assert said in call("guitar", *words, fails=2).stderr
