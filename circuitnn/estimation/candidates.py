"""What a recording may hold that a fit does not: effects of recorders and of parts, as columns beside the Jacobian."""

from functools import partial
from typing import NamedTuple, final

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from circuitnn.estimation.audio_problem import AudioProblem
from circuitnn.estimation.learnt import sources_of
from circuitnn.estimation.playback import PPM, SIDE, along_runs
from circuitnn.filters.high_pass import coupled

STEP = 1e-4  # of what drives the circuit, for its derivatives along it
HELD_STEP = 1e-3  # of a value that is held, likewise
CORNERS = (0.7, 4.0, 20.0)  # Hz, of couplings that may be missing
POLES = (0.05, 0.2, 0.6)  # of half the sample rate, of low passes that may be
MAINS, HARMONICS = (50.0, 60.0), 6
OPPOSITES = {
    "input": ("lows that x has lost: a coupling where x was recorded, and not before the circuit", 'input="lost"'),
    "output": ("more lows than the circuit passes", ""),
}
LAGS = (-6, -3, -1, 0, 1, 3, 6, 12, 24, 48)  # samples by which what is left may follow


@final
class Candidate(NamedTuple):
    """One thing that may be missing.

    Attributes:
        name: in words.
        argument: of `identify` that allows for it; "" where the netlist would have to.
        columns: (q, pieces, time), as the residual sees them.
        opposite: name and argument, where the recording has less of it than nothing; the same when None.
    """

    name: str
    argument: str
    columns: NDArray
    opposite: tuple[str, str] | None = None

    def told(self, size: float) -> tuple[str, str]:
        """Name and argument of what there is, by how much of it."""
        return self.opposite if self.opposite and size < 0 else (self.name, self.argument)


def candidates(problem: AudioProblem, unknowns: NDArray, out: NDArray) -> list[Candidate]:
    """Those that were not fitted, each with what it would add to the prediction.

    Args:
        problem: circuit, recorder and excerpts.
        unknowns: where the fit has ended, (p,).
        out: what the circuit puts out there, as `AudioProblem.solved` gives it.
    """
    free = problem.free
    heard, recorder = problem.heard(unknowns), problem.recorder_at(unknowns)
    level = np.sqrt(np.mean(heard**2))
    loud = np.sqrt(np.mean(out**2))
    fs, excerpts = problem.fs, problem.excerpts
    found = []

    def driven(*along: NDArray) -> NDArray:
        return problem.seen(np.stack([problem.along(unknowns, each, STEP * level) for each in along]), unknowns)

    def behind(*along: NDArray) -> NDArray:
        return problem.seen(np.stack(along), unknowns)

    if "x_offset" not in free:
        found.append(Candidate("an offset at the input", 'x_offset="fit"', driven(np.ones_like(heard))))
    if "x_gain" not in free:
        found.append(Candidate("another scale of x", 'x_gain="fit"', driven(heard - recorder.x_offset)))
    if recorder.input is None:
        slow = [excerpts.windows(_less(excerpts.source, corner=each, fs=fs)) for each in CORNERS]
        found.append(Candidate("a coupling before the circuit", 'input="ac"', driven(*slow), OPPOSITES["input"]))
    if "y_gain" not in free:
        found.append(Candidate("another scale of y", 'y_gain="fit"', behind(out)))
    if recorder.output is None:
        slow = [along_runs(out, excerpts.runs, partial(_less, corner=each, fs=fs)) for each in CORNERS]
        found.append(Candidate("a coupling behind the circuit", 'output="ac"', behind(*slow), OPPOSITES["output"]))
    if "drift" not in free:
        late = problem.seen(out, unknowns, order=1)
        found.append(Candidate("clocks that differ", 'drift="fit"', (PPM * problem.time * late)[None]))
    poles = [_low_passed(out, 0.5 * each * fs, fs) - out for each in POLES]
    found.append(Candidate("a low pass behind the circuit", "", behind(*poles)))
    found.append(Candidate("a nonlinearity before it", "", driven(heard**2 / level, heard**3 / level**2)))
    found.append(Candidate("a nonlinearity behind it", "", behind(out**2 / loud, out**3 / loud**2)))
    time = problem.time / fs
    for mains in MAINS:
        waves = [f(2 * np.pi * mains * k * time) for k in range(1, HARMONICS + 1) for f in (np.sin, np.cos)]
        found.append(Candidate(f"hum of {mains:g} Hz", f"hum={mains:g}", problem.observed(np.stack(waves))))
    return found


def generic(problem: AudioProblem, unknowns: NDArray, out: NDArray, chosen: NDArray) -> NDArray:
    """What anything that hears the input may leave: powers of what goes in and out, early and late.

    Of the `chosen` pieces: (q, chosen, time).
    """
    before = problem.excerpts.before
    u = problem.heard(unknowns)[:, before : before + out.shape[-1]]
    u, p = (each[chosen] / np.sqrt(np.mean(each**2)) for each in (u, out))
    sources = (u, p, np.abs(u), np.abs(p), u * np.abs(u), p**3, u * p, np.tanh(3 * u))
    length = problem.y.shape[1]
    columns = [each[:, SIDE - lag : SIDE - lag + length] for each in sources for lag in LAGS]
    return problem.observed(np.stack(columns), chosen)


def held(problem: AudioProblem, unknowns: NDArray) -> list[Candidate]:
    """Values that were not fitted, by central differences."""
    circuit, found = problem.circuit, []
    sources = sources_of(circuit)
    for name, value in circuit.values.items():
        if name in problem.names or np.ndim(value) or not float(value) or name in sources:
            continue
        sides = []
        for sign in (1, -1):
            try:
                changed = circuit.replace(**{name: float(value) * (1 + sign * HELD_STEP)})
            except ValueError:
                break  # a knob at its end, say
            sides.append(problem.with_circuit(changed).solved(unknowns)[0])
        if len(sides) == 2 and np.any(sides[0] != sides[1]):
            slope = problem.seen((sides[0] - sides[1]) / (2 * HELD_STEP), unknowns)
            found.append(Candidate(f"another value of {name}", f'fit "{name}" too', slope[None]))
    return found


def _less(signal: NDArray, *, corner: float, fs: float) -> NDArray:
    """What a coupling takes away."""
    return coupled(signal, corner, fs) - signal


def _low_passed(signal: NDArray, corner: float, fs: float) -> NDArray:
    """By one pole, from the signal's first sample on."""
    share = 1 - np.exp(-2 * np.pi * corner / fs)
    first = signal[..., :1]
    return first + lfilter([share], [1, share - 1], signal - first, axis=-1)
