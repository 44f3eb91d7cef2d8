"""Prompt files, one copy each. This version answers without a language model and has none yet."""
