"""The words of the product: frozen shapes for whatever is written to a file or put on the bus."""
