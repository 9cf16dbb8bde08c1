"""Physical constants, at the values that ngspice uses (CODATA 2018), so that both engines have the same diode."""

BOLTZMANN = 1.380649e-23  # J/K
ELEMENTARY_CHARGE = 1.602176634e-19  # C
TEMPERATURE = 300.15  # K: 27 C, the nominal temperature of SPICE
THERMAL_VOLTAGE = BOLTZMANN * TEMPERATURE / ELEMENTARY_CHARGE  # V
