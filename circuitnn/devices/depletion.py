"""The charge of a pn junction's depletion layer, as in SPICE (Nagel 1975; Gummel and Poon 1970)."""

from circuitnn.deferred import Array, jnp


def depletion(v: Array, capacitance: Array, potential: Array, grading: Array, corner: Array) -> Array:
    """Charge in coulombs of a junction of the given zero-bias capacitance.

    ``C = C0 (1 - v/VJ)^-M`` up to ``FC VJ``, from there on along the tangent.
    """
    edge = corner * potential
    below = jnp.minimum(v, edge)
    power = jnp.exp(-grading * jnp.log(1 - below / potential))
    charge = potential * (1 - (1 - below / potential) * power) / (1 - grading)
    above = jnp.maximum(v - edge, 0)
    slope = jnp.exp(-(1 + grading) * jnp.log(1 - corner))
    # The integral of C = slope (1 - FC (1 + M) + M v/VJ) from the edge on.
    linear = slope * (1 - corner * (1 + grading) + grading * edge / potential)
    return capacitance * (charge + above * linear + above * above * (0.5 * slope * grading / potential))
