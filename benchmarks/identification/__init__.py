"""Simulated units of four circuits, recorded as interfaces record: how often the intervals of `identify` hold."""
