"""The workbench of hotline staff: look-up, words to read out, a caller's file, two places side by side."""
