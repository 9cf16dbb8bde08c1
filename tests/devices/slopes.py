"""Derivatives of the laws of records against central differences."""

import jax
import numpy as np

from circuitnn.devices.constants import THERMAL_VOLTAGE as VT


def check_slopes(record, parameters, volts, *, variant="", fixed=None):
    """Each current of a record by each parameter and each voltage of its ports, to 1e-6.

    Args:
        record: with junctions that are there where their parameters are.
        parameters: of the model, by name.
        volts: of the ports that are there.
        variant: of its law.
        fixed: parameters that are no numbers to turn.
    """
    function = record.variants.get(variant, record.function)
    there = [junction for junction in record.junctions if junction.condition in parameters]
    places = sorted(
        {*range(len(record.ports))} - {k for k, names in record.optional_ports.items() if not {*names} & {*parameters}}
    )

    def currents(parameters, volts):
        p = record.prepare(parameters) if record.prepare else parameters
        exponents = []
        for junction in there:
            v = volts[places.index(junction.port)] * (-1 if junction.is_reverse else 1)
            exponents.append((v - (p[junction.offset] if junction.offset else 0)) / (p[junction.emission] * VT))
        powers = [jax.numpy.exp(exponent) for exponent in exponents]
        return jax.numpy.stack(function({**p, **(fixed or {})}, volts, powers or [None])[0])

    slopes = jax.jit(jax.jacfwd(currents, (0, 1)))(parameters, volts)
    currents = jax.jit(currents)
    for key in [*parameters, *range(len(volts))]:

        def at(value, key=key):
            moved = {**parameters, key: value} if isinstance(key, str) else parameters
            return np.asarray(currents(moved, [value if place == key else v for place, v in enumerate(volts)]))

        here = parameters[key] if isinstance(key, str) else volts[key]
        step = 1e-4 * (abs(here) or 1.0) if isinstance(key, str) else 1e-5 * max(1.0, abs(here))
        expected = (8 * (at(here + step) - at(here - step)) - (at(here + 2 * step) - at(here - 2 * step))) / (12 * step)
        found = np.asarray(slopes[0][key] if isinstance(key, str) else slopes[1][key])
        rounding = 1e-14 * np.abs(at(here)).max() / step
        np.testing.assert_array_less(
            np.abs(found - expected), 1e-6 * np.abs(expected) + rounding + 1e-300, err_msg=f"by {key}"
        )
