"""Speak to a ComfyUI server and understand it."""
