"""The HTTP face: the routes of CONTRACT.md over the core."""
