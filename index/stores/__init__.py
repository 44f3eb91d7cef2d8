"""Engines that keep passages, one file each."""
