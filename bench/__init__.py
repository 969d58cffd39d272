"""Measurements of the whole system, as ratios taken in one run: `python -m bench`."""
