"""The stand-in for the outside world: a ComfyUI look-alike and one coherent simulated GPU. All of it is SIMULATED."""
