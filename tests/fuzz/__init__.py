"""Fuzzing: whatever bytes come from outside, a parser takes them or refuses them in its own words, and nothing else.

`make fuzz` runs every target with atheris (libFuzzer), `make fuzz SECONDS=600` longer, `TARGETS="photo token"` some of
them. What it finds goes into its target's seeds, which the plain suite tries each time.

What people do in any order is tried by stories that chance writes: logins here, dialogs in
tests/bot/rules/test_whatever_happens.py, reviews in tests/core/test_review_model.py. `make fuzz-stories EXAMPLES=1000`
tries more of them than `make test-slow` does.
"""
