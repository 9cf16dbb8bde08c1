"""The second-order diode clipper, which is hard to learn for its slow coupling capacitor: what helps, one by one."""
