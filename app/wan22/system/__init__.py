"""The machine: time, files, processes, threads and the bus."""
