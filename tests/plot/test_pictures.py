"""Pictures in one call: what is in them, and what cannot be drawn."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from flax import nnx
from matplotlib.figure import Figure

import circuitnn as cn
from circuitnn.filters import FIR
from circuitnn.metrics import harmonic_levels
from circuitnn.plot import style
from tests.models import Gain, Leaky

FS = 48_000
X = np.sin(2 * np.pi * 440 * np.arange(4800) / FS)
RC = cn.read_netlist("* rc\n.param tone=0.5\nVin in 0 0 AC 1\nR1 in out {1k+9k*tone}\nC1 out 0 10n\n.end\n")


def curves(figure, panel=0):
    return {line.get_label(): line for line in figure.axes[panel].lines}


def covered(figure):
    """Whether a legend lies on a panel."""
    figure.draw_without_rendering()
    boxes = [legend.get_window_extent() for legend in figure.legends]
    return any(box.overlaps(axes.get_window_extent()) for box in boxes for axes in figure.axes)


def test_response_is_that_of_the_circuit_over_a_knob():
    figure = cn.plot.response(RC, "Tone", positions=(0, 1), freqs=[100.0, 1592.0, 15_920.0])
    found = curves(figure)
    assert list(found) == ["0", "1"]
    expected = 20 * np.log10(np.abs(1 / (1 + 2j * np.pi * np.array([100, 1592, 15_920]) * 1e-8 * 1e3)))
    np.testing.assert_allclose(found["0"].get_ydata(), expected, atol=1e-3)
    assert figure.legends[0].get_title().get_text() == "Tone at"
    assert not covered(figure)
    assert [axes.get_xlabel() for axes in figure.axes] == ["frequency in Hz"]


def test_response_of_transfer_functions():
    freqs = np.array([100.0, 1592.0, 20_000.0])
    digital = cn.nodal.transfer_function(RC, 32_000)
    found = curves(
        cn.plot.response({"exact": RC, "in s": cn.nodal.transfer_function(RC), "in z": digital}, "tone", freqs=freqs)
    )
    assert list(found) == [*(f"exact {place:g}" for place in (0, 0.25, 0.5, 0.75, 1)), "in s", "in z"]
    np.testing.assert_allclose(found["in s"].get_ydata(), found["exact 0.5"].get_ydata(), atol=1e-3)
    wanted = 20 * np.log10(np.abs(np.asarray(digital.frequency_response(freqs[:2]))))
    np.testing.assert_allclose(found["in z"].get_ydata()[:2], wanted, atol=1e-4)
    assert np.isnan(found["in z"].get_ydata()[2])  # beyond half its rate
    with pytest.raises(TypeError, match="a circuit, a model or a transfer function is wanted, this is a int"):
        cn.plot.response(3)


def test_response_of_a_model_is_heard():
    taps = np.random.default_rng(0).standard_normal(50)
    model = FIR(taps, FS)
    freqs = np.array([100.0, 1000.0, 23_000.0, 30_000.0])
    found = curves(cn.plot.response({"circuit": RC, "taps": model}, freqs=freqs))["taps"].get_ydata()
    wanted = 20 * np.log10(np.abs(np.asarray(model.frequency_response(freqs[:3]))))
    np.testing.assert_allclose(found[:3], wanted, atol=0.05)
    assert np.isnan(found[3])  # beyond half its rate


def test_waveforms_show_the_loudest_and_the_difference():
    late = np.where(np.arange(4800) > 3000, X, 0.1 * X)
    figure = cn.plot.waveforms({"a": late, "b": late + 0.5}, FS, seconds=0.01)
    above, below = figure.axes
    assert len(above.lines) == 2
    start, end = above.get_xlim()
    assert end > 3000 / 48
    assert end - start == pytest.approx(10, abs=0.1)
    np.testing.assert_allclose(below.lines[0].get_ydata(), 0.5)
    assert "less a" in below.get_ylabel()
    assert not covered(figure)
    assert len(cn.plot.waveforms(X, FS, start=0.02).axes) == 1


def test_waveforms_with_knobs_that_move():
    knobs = {"tone": np.linspace(0, 1, 4800), "drive": np.linspace(1, 0, 4800)}
    figure = cn.plot.waveforms(X, FS, start=0.05, controls=knobs, title="Both turn")
    below = figure.axes[-1]
    np.testing.assert_allclose(curves(figure, 1)["tone"].get_ydata(), knobs["tone"][2400:3360])
    assert below.get_ylabel() == "knob"
    assert [text.get_text() for text in figure.legends[0].texts] == ["tone", "drive"]
    assert figure.get_suptitle() == "Both turn"
    assert not covered(figure)
    one = cn.plot.waveforms({"a": X, "b": X}, FS, controls={"tone": knobs["tone"]})
    assert [axes.get_ylabel() for axes in one.axes] == ["signal in V", "less a, V", "tone"]
    assert [text.get_text() for text in one.legends[0].texts] == ["a", "b"]


def test_small_signals_and_differences_have_a_prefix():
    figure = cn.plot.waveforms({"a": 0.01 * X, "b": 0.01 * X + 2e-5}, FS)
    assert [axes.get_ylabel() for axes in figure.axes] == ["signal in mV", "less a, µV"]
    np.testing.assert_allclose(figure.axes[1].lines[0].get_ydata(), 20, rtol=1e-6)
    same = cn.plot.waveforms({"a rather long name": 0.01 * X, "b": 0.01 * X}, FS, unit="FS")
    assert [axes.get_ylabel() for axes in same.axes] == ["signal in FS", "difference in FS"]


def test_an_excerpt_of_a_second_or_more_is_in_seconds():
    axes = cn.plot.waveforms(np.tile(X, 15), FS, start=0.5, seconds=1.0).axes[0]
    assert axes.get_xlabel() == "time in s"
    assert axes.get_xlim() == pytest.approx((0.5, 1.5), abs=1e-3)


def test_curves_over_anything():
    rates = np.array([12e3, 48e3, 192e3])
    figure = cn.plot.curves(rates, {"a": 1 / rates, "b": rates}, x="rate in Hz", y="error in mV", log="xy", title="Up")
    (axes,) = figure.axes
    found = curves(figure)
    np.testing.assert_array_equal(found["b"].get_ydata(), rates)
    assert [found[name].get_marker() for name in "ab"] == ["o", "s"]
    assert (axes.get_xscale(), axes.get_yscale(), axes.get_xlabel()) == ("log", "log", "rate in Hz")
    assert [label.get_text() for label in axes.get_xticklabels()] == ["12k", "48k", "192k"]
    assert figure.get_suptitle() == "Up"
    assert not covered(figure)
    narrow = cn.plot.curves([1, 2], [0.5, 2.0], x="n", y="share", log="y").axes[0]
    assert [label.get_text() for label in narrow.get_yticklabels()] == ["0.5", "1", "2"]
    plain = cn.plot.curves(np.arange(100), np.arange(100), x="n", y="V").axes[0]
    assert (plain.get_xscale(), plain.get_yscale(), plain.lines[0].get_marker()) == ("linear", "linear", "None")


def test_bars_have_the_largest_on_top():
    figure = cn.plot.bars({"R1": 1.0, "C1": -2.5}, "change in mdB for 1 %")
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["C1", "R1"]
    assert axes.get_ylim()[0] > axes.get_ylim()[1]
    assert [bar.get_width() for bar in axes.patches] == [-2.5, 1.0]
    assert [text.get_text() for text in axes.texts] == ["-2.5", "1"]
    assert axes.get_xlabel() == "change in mdB for 1 %"


def test_spectrum_and_spectrogram():
    figure = cn.plot.spectrum({"sine": X, "half": 0.5 * X}, FS)
    lines = curves(figure)
    freqs, level = lines["sine"].get_data()
    assert abs(np.log2(freqs[np.argmax(level)] / 440)) < 1 / 6
    assert level.max() == pytest.approx(-3, abs=0.5)
    assert np.max(level) - np.max(lines["half"].get_ydata()) == pytest.approx(6, abs=0.1)
    image = cn.plot.spectrogram(X, FS).axes[0].collections[0]
    assert image.get_array().max() == pytest.approx(0)
    with pytest.raises(ValueError, match="shorter than the window"):
        cn.plot.spectrogram(X[:100], FS)


def test_harmonics_are_those_of_the_metric():
    model = cn.chain(Gain(), Leaky(0.0), FIR([1.0], FS))
    cube = cn.recurrent.Memoryless((4,), rngs=nnx.Rngs(0))
    figure = cn.plot.harmonics(cn.chain(cube, model), 2.0, f0=997, levels=(-20, 0), count=3)
    t = np.arange(round(0.3 * FS)) / FS
    y = np.asarray(cn.run(cn.chain(cube, model), 2 * np.sin(2 * np.pi * 997 * t))[1], float)[round(0.2 * FS) :]
    wanted = harmonic_levels(y, 997, fs=FS, count=3, reference=1.0)
    for line, level in zip(figure.axes[0].lines, wanted, strict=True):
        assert line.get_ydata()[-1] == pytest.approx(level, abs=0.1)
    assert not covered(figure)


def test_history():
    told = cn.train.History(
        loss=[1.0, 0.5], validation=[0.8, 0.4], validation_epochs=[0, 1], seconds=[1, 1], initial=1.5
    )
    figure = cn.plot.history({"one": told, "two": told})
    np.testing.assert_allclose(figure.axes[1].lines[0].get_xydata(), [[0, 1.5], [1, 0.8], [2, 0.4]])
    without = cn.plot.history(cn.train.History(loss=[[1.0, 2.0]], seconds=[1]))
    assert len(without.axes[0].lines) == 2
    assert without.axes[1].texts[0].get_text() == "no validation data"
    with pytest.raises(ValueError, match="no epoch"):
        cn.plot.history(cn.train.History())


def test_exposure_bias():
    times = np.arange(1, 101) / FS
    report = cn.train.ExposureBias(0.1, 0.0, 0.0, times=times, error=times, error_wrong_start=2 * times)
    figure = cn.plot.exposure_bias({"forced": [report, report], "free": report})
    assert len(figure.axes[0].lines) == 7
    np.testing.assert_allclose(*figure.axes[0].lines[0].get_data() * np.array([[1e-3], [1.0]]))
    with pytest.raises(ValueError, match="no states were shown"):
        cn.plot.exposure_bias(cn.train.ExposureBias(0.1, 0.0, 0.0))


def test_comparison_has_the_error_in_its_legend():
    figure = cn.plot.comparison({"ours": X, "theirs": 1.1 * X}, FS)
    assert len(figure.axes) == 5
    assert [text.get_text() for text in figure.legends[0].texts] == ["ours", "theirs, ESR 0.01"]
    assert not covered(figure)
    with pytest.raises(ValueError, match="two signals or more"):
        cn.plot.comparison({"ours": X}, FS)


def test_operating_point():
    circuit = cn.read_netlist("* d\nVin a 0 3\nR1 a out 1k\nR2 out 0 2k\n.end\n")
    texts = {text.get_text() for text in cn.plot.operating_point(circuit).axes[0].texts}
    assert texts == {"3", "2"}


def test_device_curves():
    figure = cn.plot.device_curves([".model D1 D(IS=1n N=1.5)", ".model D2 D(IS=1p)"], points=21)
    volts, current = curves(figure)["D1"].get_data()
    np.testing.assert_allclose(current, 1e-6 * np.expm1(volts / (1.5 * 0.02586)), rtol=5e-3, atol=1e-8)
    family = cn.plot.device_curves("2N5457", points=9)
    assert len(family.axes[0].lines) == 4
    ends = [line.get_ydata()[-1] for line in family.axes[0].lines]
    assert ends == sorted(ends, reverse=True)
    for wrong, says in (
        ("NOPE77", "no part 'NOPE77'"),
        (".model X SW(Ron=1)", "one kind of"),
        ("a\n.lib b", "no part"),
    ):
        with pytest.raises(ValueError, match=says):
            cn.plot.device_curves(wrong)


def test_states():
    model = cn.nodal.NodalModel(RC, FS)
    figure = cn.plot.states(model, X, start=0.01, seconds=0.01)
    _, _, states = cn.trace(model, X)
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), states[480:960, 0], rtol=1e-6)
    with pytest.raises(ValueError, match="not within"):
        cn.plot.states(model, X, start=1.0)


@pytest.mark.parametrize(
    ("draw", "says"),
    [
        (lambda: cn.plot.response(RC, "treble"), "no knob 'treble'"),
        (lambda: cn.plot.response(cn.recurrent.GRU(2, rngs=nnx.Rngs(0))), "knows no sample rate"),
        (lambda: cn.plot.waveforms({"a": X, "b": X[:9]}, FS), "of one length"),
        (lambda: cn.plot.waveforms(np.zeros((3, 4)), FS), r"the shape \(3, 4\)"),
        (lambda: cn.plot.waveforms(X, FS, start=9.0), "not within"),
        (lambda: cn.plot.waveforms(X, FS, controls={"tone": 0.5}), "controls: tone needs a position for each of 4800"),
        (lambda: cn.plot.curves([1, 2], {"a": [1, 2, 3]}, x="", y=""), "curve a: expected"),
        (lambda: cn.plot.curves([1, 2], [1, 2], x="", y="", log="z"), "log: 'x', 'y' or 'xy', not 'z'"),
        (lambda: cn.plot.bars({"R1": 1.0, "C1": np.nan}, "dB"), "C1 is not finite"),
        (lambda: cn.plot.bars({}, "dB"), "there is no value"),
        (lambda: cn.plot.spectrum([np.nan, 1.0], FS), "not finite at sample 0"),
        (lambda: cn.plot.spectrum(X, -1), "positive number of hertz"),
        (lambda: cn.plot.harmonics(cn.recurrent.GRU(2, rngs=nnx.Rngs(0))), "a sample rate"),
    ],
)
def test_what_cannot_be_drawn_says_why(draw, says):
    with pytest.raises(ValueError, match=says):
        draw()


def test_figures_are_of_matplotlib_and_leave_its_settings_alone():
    before = dict(plt.rcParams)
    figure = cn.plot.waveforms(X, FS)
    assert isinstance(figure, Figure)
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(plt.rcParams) == before
    assert not plt.get_fignums()  # none is shown twice
    assert len({style.BLUE, *style.COLOURS}) == 6
