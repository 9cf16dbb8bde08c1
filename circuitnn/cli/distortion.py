"""Harmonics of a trained model and of its device, measured alike, where the device is a circuit or sweeps tell them."""

import numpy as np

from circuitnn import capture, native, nodal
from circuitnn.capture.sines import fundamental
from circuitnn.cli.sources import SIMULATED, Given
from circuitnn.model import Model

Pair = tuple[capture.SineAnswers, capture.SineAnswers]


def harmonics(
    given: Given, model: Model, prediction: capture.Prediction, material: capture.Material | None = None
) -> Pair | None:
    """Of the model and of the device; None where neither a circuit nor sweeps tell what the device does.

    Args:
        given: what was learnt from.
        model: that has learnt.
        prediction: of what was held out, whose loudest sample levels are relative to.
        material: in place of that of `given`, where the recording was moved.
    """
    fs, amplitude = prediction.fs, float(np.abs(prediction.x).max())
    f0 = fundamental(fs)
    if given.circuit is None:
        return capture.swept_harmonics(material or given.material, model, f0=f0, amplitude=amplitude)
    if (len(given.circuit.inputs), len(given.circuit.outputs)) != (1, 1):
        return None
    # Where the circuit has them, whose others were not learnt.
    knobs = {name: given.circuit.controls[name] for name in model.controls}
    device = native.fastest(nodal.NodalModel(given.circuit, fs, oversampling=SIMULATED), round(fs), streams=9)
    of_model = capture.sine_answers(model, fs, f0=f0, amplitude=amplitude, controls=knobs or None)
    return of_model, capture.sine_answers(device, fs, f0=f0, amplitude=amplitude)
