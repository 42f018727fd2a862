"""The operations port of each process: does it live, is it ready, what does it count (CONTRACT.md 3.12)."""
