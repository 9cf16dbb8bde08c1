import jax
import jax.numpy as jnp
import numpy as np
import pytest

import circuitnn as cn
from circuitnn.mna.port_map import port_map_of
from circuitnn.numerics import progress
from circuitnn.numerics.report import SolveWarning
from circuitnn.testing import check_block_law
from circuitnn.transient import engine as engine_module

FS = 48_000


def signal(samples, peak, seed=0):
    noise = np.random.default_rng(seed).normal(size=samples + 30)
    smooth = np.convolve(noise, np.hanning(30), "valid")[:samples]
    return peak * smooth / np.abs(smooth).max()


def both(circuit, **options):
    return [
        cn.nodal.NodalModel(circuit, FS, solver=s, dtype=jnp.float64, **options) for s in ("sequential", "parallel")
    ]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "peak"),
    [
        pytest.param("bassman", 1.0, marks=pytest.mark.slow),
        ("diode_clipper_second_order", 10.0),
        pytest.param("common_emitter", 0.1, marks=pytest.mark.slow),
    ],
)
def test_the_same_answer_and_gradient(name, peak):
    circuit = getattr(cn.circuits, name)()
    x = jnp.asarray(np.stack([signal(200, peak), signal(200, 0.3 * peak, seed=1)]))[..., None]
    outputs, gradients = [], []
    for model in both(circuit):
        rest = model.init_carry((2,))

        def energy(values, model=model, rest=rest):
            changed = circuit.replace(**values)
            return jnp.sum(engine_module.run_block(model.engine, changed, rest, x, {}, None)[1] ** 2)

        outputs.append(cn.run(model, x)[1])
        gradients.append(jax.jit(jax.grad(energy))({"C1" if "C1" in circuit.values else "Cl": 1e-8}))
    np.testing.assert_allclose(outputs[1], outputs[0], atol=1e-10 * float(jnp.max(jnp.abs(outputs[0]))))
    np.testing.assert_allclose(*(np.array(list(each.values())) for each in gradients), rtol=1e-7)


@pytest.mark.slow
def test_block_law_and_forcing():
    one, other = both(cn.circuits.diode_clipper_second_order())
    x = jnp.asarray(signal(90, 3.0))[:, None]
    check_block_law(other, x, rtol=1e-10)
    rest = one.init_carry()
    _, _, states = cn.trace(one, x)
    mask = jnp.arange(90) % 3 == 0
    forcing = cn.Forcing(jnp.asarray(1.01 * np.concatenate([one.states(rest)[None], states[:-1]])), mask)
    forced = [cn.trace(model, x, forcing=forcing)[1] for model in (other, one)]
    np.testing.assert_allclose(*forced, atol=1e-10)


@pytest.mark.slow
def test_knobs_along_time():
    one, other = both(cn.circuits.tube_screamer_clipping())
    x = jnp.asarray(signal(100, 0.3))[:, None]
    knobs = {"drive": jnp.linspace(0, 1, 100)}
    np.testing.assert_allclose(*(cn.run(model, x, controls=knobs)[1] for model in (other, one)), atol=1e-9)


@pytest.mark.slow
def test_an_iteration_that_does_not_end_gives_way_to_the_loop(monkeypatch):
    monkeypatch.setattr(progress, "MAX_ITERATIONS", 1)
    jax.clear_caches()
    one, other = both(cn.circuits.diode_clipper())
    x = jnp.asarray(signal(50, 4.0))[:, None]
    with pytest.warns(SolveWarning, match=r"the parallel solution did not converge in 1 block\(s\)"):
        carry, y = cn.run(other, x)
    np.testing.assert_array_equal(y, cn.run(one, x)[1])
    assert (int(carry.report.fallbacks), int(carry.report.failed)) == (1, 0)
    jax.clear_caches()


def test_an_iteration_that_leads_nowhere_is_given_up_early():
    """The largest steps of a Moog ladder at 5 V and of a stage that rounding moves about, as they were measured."""

    def iterations(left, moving):
        state = progress.begin(np.float32)
        for count, numbers in enumerate(zip(left, moving, strict=True), 1):
            state = state.after(jnp.float32(numbers[0]), jnp.int32(numbers[1]))
            if not state.is_promising:
                return count
        return None

    assert iterations([1.5e5, 2e5, 1.3e5, 1.2e11, 7.5e9], [2000] * 5) == 4
    assert iterations([1.5e5, np.nan, 1], [2000, 2000, 0]) == 2
    stalled = [7.1e4, 2300, 120, *(3.6 + 0.1 * (n % 7) for n in range(40))]
    assert iterations(stalled, [1996, 1243, 24, *[20] * 40]) == 4 + progress.PATIENCE
    # What converges is let alone: the same ladder at 1 V, and a wave that settles sample by sample.
    steps = [4.2e4, 6e4, 4.2e4, 2.3e4, 2e4, 1.3e4, 6500, 3000, 710, 240, 15, 0.35]
    assert iterations(steps, [2000, 2000, 2000, 2000, 1990, 1760, 1071, 507, 285, 78, 9, 0]) is None
    assert iterations([1e3] * 60, [2000 * 0.9**n for n in range(60)]) is None


@pytest.mark.slow
def test_a_loud_ladder_goes_to_the_loop(monkeypatch):
    swept = []
    after = progress.Progress.after
    monkeypatch.setattr(progress.Progress, "after", lambda *a: jax.debug.callback(lambda: swept.append(1)) or after(*a))
    model = cn.nodal.NodalModel(cn.circuits.moog_ladder(), FS, solver="parallel")
    with pytest.warns(SolveWarning, match='solver="sequential" is faster here'):
        carry, _ = cn.run(model, signal(2000, 5.0))
    assert (int(carry.report.fallbacks), int(carry.report.failed)) == (1, 0)
    assert len(swept) <= 20
    jax.clear_caches()


def test_on_the_cpu_the_loop_is_chosen():
    model = cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS)
    assert model.engine.is_parallel(10_000) == (jax.default_backend() != "cpu")
    assert port_map_of(model.engine.topology).is_scalar


def test_an_unknown_solver_is_refused():
    with pytest.raises(ValueError, match="no solver named 'quantum'"):
        cn.nodal.NodalModel(cn.circuits.diode_clipper(), FS, solver="quantum")
