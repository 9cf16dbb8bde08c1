"""Outputs of ngspice, kept with what made them."""
