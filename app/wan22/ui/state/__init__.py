"""What the pages show, kept up to date from the facts on the bus."""
