"""What the review costs: a long queue against a short one, and many large photos at once."""
