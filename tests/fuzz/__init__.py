"""Fuzzing: whatever bytes come from outside, a parser takes them or refuses them in its own words, and nothing else.

`make fuzz` runs every target with atheris (libFuzzer), `make fuzz SECONDS=600` longer, `TARGETS="photo token"` some of
them. What it finds goes into its target's seeds, which the plain suite tries each time.
"""
