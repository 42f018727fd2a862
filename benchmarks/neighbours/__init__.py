"""What people feel of those who log in and those who send photos meanwhile."""
