from circuitnn.circuit import THERMAL_VOLTAGE, catalogue


def test_first_order_clipper_has_the_values_of_its_source():
    c = catalogue.diode_clipper()
    assert {name: float(value) for name, value in c.values.items()} == {
        "Vin": 0.0, "R1": 2200.0, "C1": 1e-8, "D1": 1.0, "D2": 1.0, "DCLIP.IS": 2.52e-9, "DCLIP.N": 1.752,
    }  # fmt: skip
    assert (c["D1"].nodes, c["D2"].nodes) == (("out", "0"), ("0", "out"))
    assert (c.state_names, c.inputs, c.outputs) == (("C1",), ("Vin",), ("out",))
    assert abs(c.values["DCLIP.N"] * THERMAL_VOLTAGE - 45.3e-3) < 0.05e-3  # as the paper prints n Vt


def test_second_order_clipper_has_the_values_of_its_source():
    c = catalogue.diode_clipper_second_order()
    assert (c["Ch"].value, c["R1"].value, c["Cl"].value) == (0.47e-6, 2200.0, 1e-8)
    assert (c["Ch"].nodes, c["R1"].nodes, c["Cl"].nodes) == (("in", "a"), ("a", "out"), ("out", "0"))
    assert c.state_names == ("Ch", "Cl")
    assert c.title == "Second-order diode clipper"
