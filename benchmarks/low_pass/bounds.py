"""`python -m benchmarks.low_pass.bounds`: what no network of a shape can do better at, in closed form.

The low pass is all but linear, so that the best linear model of a shape has a closed form: least squares over the
spectrum of the sound. Each suspected cause of failure is taken by itself, with everything else ideal: each knob
position is known, and all numbers behind the restriction are the best for it.
"""

import argparse
from collections.abc import Sequence
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh, solve_toeplitz
from scipy.signal import welch

from benchmarks.low_pass.material import RANGE, Size, grid
from circuitnn.files import replacing
from circuitnn.study.command import add_sound_options, sound
from circuitnn.study.signals import FS
from circuitnn.study.tables import markdown

LENGTH = 1 << 14  # samples of a spectrum
RIDGE = 1e-9  # share of the diagonal, for systems that rounding has made singular
WINDOWS, FEATURES, STATES = (16, 64, 256, 1024, 4096), (1, 2, 4, 8), (4, 12, 24)
TIMES = (5e-5, 2e-2)  # seconds, of poles that do not know the knobs


@final
class Spectra(NamedTuple):
    """What there is to explain.

    Attributes:
        power: (f,) of the input; each line but the first and the last stands for two.
        response: (positions, f) complex, of the low pass for small signals.
    """

    power: NDArray[np.float64]
    response: NDArray[np.complex128]

    @property
    def energy(self) -> NDArray[np.float64]:
        """(positions,) of the output."""
        return np.sum(self.power * np.abs(self.response) ** 2, axis=-1)


def spectra(x: NDArray, positions: dict[str, NDArray]) -> Spectra:
    """Of a sound (time,) at 48 kHz and of the low pass at positions of its knobs, (positions,) each."""
    freqs, power = welch(x, FS, window="hann", nperseg=LENGTH, detrend=False)
    return Spectra(
        power, small_signal(freqs, **{name: np.asarray(value)[:, None] for name, value in positions.items()})
    )


def small_signal(freqs: NDArray, cutoff: NDArray, resonance: NDArray) -> NDArray[np.complex128]:
    """The response of `ota_lowpass` at freqs in Hz as its netlist has it in closed form; within a few percent."""
    bias, share = 1e-6 * 1000.0**cutoff, 220 / (100e3 + 220)
    st = 2j * np.pi * freqs * 0.05173 * 330e-12 / (share * bias)
    return 1 / (1 + st * (2 * (1 - resonance) + 0.02) + st**2)


def window(found: Spectra, taps: int) -> NDArray[np.float64]:
    """ESR of the best response of so many samples at each position, (positions,)."""
    power = found.power.copy()
    power[1:-1] /= 2
    length = 2 * (len(power) - 1)
    auto = np.fft.irfft(power, length)[:taps]
    auto[0] *= 1 + RIDGE
    cross = np.fft.irfft(power * found.response, length)[..., :taps]
    energy = np.fft.irfft(power * np.abs(found.response) ** 2, length)[..., 0]
    explained = np.sum(cross * solve_toeplitz(auto, cross.T).T, axis=-1)
    return 1 - explained / energy


def features(found: Spectra, count: int, *, weighted: bool = True) -> NDArray[np.float64]:
    """ESR at each position of the best so many signals, of any memory, that the knobs mix, (positions,).

    Args:
        found: spectra.
        count: of signals.
        weighted: whether each position counts as much (ESR of each), or by its energy (mean squared error).
    """
    gram = np.real((found.power * found.response) @ found.response.conj().T)
    size = np.sqrt(np.diag(gram)) if weighted else np.ones(len(gram))
    values, vectors = eigh(gram / np.outer(size, size))
    kept = vectors[:, -count:]
    left = gram / np.outer(size, size) - (kept * values[-count:]) @ kept.T
    return np.diag(left) * size**2 / np.diag(gram)


def fixed_poles(found: Spectra, states: int, *, ringing: bool) -> NDArray[np.float64]:
    """ESR at each position of the best read-out of recurrences whose poles do not know the knobs, (positions,).

    Args:
        found: spectra.
        states: poles, their time constants spread evenly in logarithms; the present sample is heard too.
        ringing: whether each is a pair that turns by its decay in that time, or a real one.
    """
    decay = 1 / (FS * np.geomspace(*TIMES, states))
    z = np.exp(1j * np.pi * np.arange(found.power.size) / (found.power.size - 1))
    poles = np.exp(-decay * (1 - 1j)) if ringing else np.exp(-decay).astype(complex)
    each = z / (z - poles[:, None])
    pair = z / (z - poles.conj()[:, None])
    signals = [each + pair, (each - pair) / 1j] if ringing else [each]
    basis = np.concatenate([np.ones((1, z.size), complex), *signals])
    basis /= np.sqrt(np.sum(found.power * np.abs(basis) ** 2, axis=-1, keepdims=True))
    gram = np.real((found.power * basis) @ basis.conj().T) + RIDGE * np.eye(len(basis))
    cross = np.real((found.power * basis) @ found.response.conj().T)
    return 1 - np.sum(cross * np.linalg.solve(gram, cross), axis=0) / found.energy


def rows(found: Spectra) -> list[tuple[str, float, float]]:
    """What is restricted, the mean over the positions, and the worst."""
    cases = {f"window of {taps} samples, no other memory": window(found, taps) for taps in WINDOWS}
    for count in FEATURES:
        cases[f"{count} feature(s) that knobs mix, any memory, ESR"] = features(found, count)
    cases["4 feature(s) that knobs mix, any memory, MSE"] = features(found, 4, weighted=False)
    for states in STATES:
        cases[f"{states} real poles that knobs do not move"] = fixed_poles(found, states, ringing=False)
        cases[f"{states} pairs of poles that knobs do not move"] = fixed_poles(found, states, ringing=True)
    return [(name, float(np.mean(each)), float(np.max(each))) for name, each in cases.items()]


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.low_pass.bounds", description=__doc__)
    parser.add_argument("--output", default="results/low-pass-bounds.md", metavar="FILE", help="default: %(default)s")
    add_sound_options(parser)
    options = parser.parse_args(argv)
    signals = sound(options, 24.0)
    found = spectra(signals.parts["train"], grid(Size()))
    shown = markdown(("restricted to", "mean ESR", "worst position"), rows(found))
    ends = ", ".join(f"{name} {lowest:g} to {highest:g}" for name, (lowest, highest) in RANGE.items())
    text = f"Best linear model, in closed form; {ends}; {signals.source}.\n\n{shown}\n"
    with replacing(options.output) as file:
        file.write(text.encode())
    print(text)


if __name__ == "__main__":
    main()
