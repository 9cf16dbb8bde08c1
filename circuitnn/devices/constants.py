"""Physical constants, at the values that ngspice uses (CODATA 2014), so that both engines have the same diode."""

BOLTZMANN = 1.38064852e-23  # J/K
ELEMENTARY_CHARGE = 1.6021766208e-19  # C
TEMPERATURE = 300.15  # K: 27 C, the nominal temperature of SPICE
THERMAL_VOLTAGE = BOLTZMANN * TEMPERATURE / ELEMENTARY_CHARGE  # V
CHARGE_UNIT = 1e-11  # farads: what a charge is counted in, about the capacitance of a small transistor
