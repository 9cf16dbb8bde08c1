"""JAX is imported late, and nothing is missing when it is."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np

import circuitnn as cn
from circuitnn import deferred


def in_a_new_process(program):
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    ).stdout


def test_a_netlist_is_read_without_jax_and_is_a_pytree_as_soon_as_it_is_there():
    """Whoever imports it, and whatever has looked for it before."""
    program = (
        "import sys, pickle, importlib.util, importlib.resources\n"
        "import circuitnn, circuitnn as cn\n"
        "circuit = cn.circuits.diode_clipper()\n"
        "words = pickle.dumps(circuit), circuit.to_spice(), circuit.controls\n"
        "assert 'jax' not in sys.modules\n"
        "importlib.util.find_spec('jax')\n"
        "import jax\n"
        "assert not any(isinstance(finder, circuitnn.deferred._Watch) for finder in sys.meta_path)\n"
        "assert importlib.resources.files('jax').is_dir()\n"
        "print(len(jax.tree.leaves(circuit)), len(circuit.values), pickle.loads(words[0]) == circuit)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    leaves, values, is_equal = done.stdout.split()
    assert (leaves, is_equal) == (values, "True")


def test_modules_stand_for_themselves():
    assert deferred.jnp.where is jnp.where
    assert deferred.lax.scan is jax.lax.scan
    assert vars(deferred.jnp)["where"] is jnp.where  # the next time it is found at once


def test_a_rule_for_derivatives_comes_late():
    @deferred.custom_jvp
    def square(x):
        """Its own."""
        return x * x

    @square.defjvp
    def _(primals, tangents):
        return square(*primals), 7.0 * tangents[0]

    assert square.__doc__ == "Its own."
    assert (float(square(3.0)), float(jax.grad(square)(3.0))) == (9.0, 7.0)
    np.testing.assert_allclose(jax.vmap(jax.grad(square))(jnp.arange(3.0)), 7.0)


def test_what_is_traced():
    seen = []
    jax.make_jaxpr(lambda x: seen.append(deferred.is_traced(x)) or x)(1.0)
    assert seen == [True]
    assert not deferred.is_traced(jnp.ones(2))


def test_circuits_are_pytrees():
    circuit = cn.circuits.diode_clipper()
    double = jax.tree.map(lambda value: 2 * value, circuit)
    assert double["R1"].value == 2 * circuit["R1"].value
