"""One generation, from a request to a closed run folder."""
