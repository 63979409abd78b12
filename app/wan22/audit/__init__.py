"""What this machine is: one snapshot of everything that decides how fast it is, and the difference of two."""
