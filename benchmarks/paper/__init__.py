"""What millions of accounts would ask for: a simulation over measured figures (docs/scale.md)."""
