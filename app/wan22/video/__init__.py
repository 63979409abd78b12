"""Clips: decode, measure, side by side."""
