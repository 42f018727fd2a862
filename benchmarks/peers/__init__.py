"""Other frameworks with the same five-step dialog, in their own words and as they come."""
