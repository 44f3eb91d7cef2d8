"""Single keys from a terminal."""

from __future__ import annotations

import os
import sys


class Keyboard:
    """Keys of the terminal as they are pressed, without Enter; Ctrl-C still interrupts.

    The terminal stays so from the first claim to the last: keys pressed while a claim is being shown are kept.
    """

    def __enter__(self) -> Keyboard:
        """Take over the terminal."""
        if os.name != "nt":
            import termios
            import tty

            self._handle = sys.stdin.fileno()
            self._before = termios.tcgetattr(self._handle)
            tty.setcbreak(self._handle, termios.TCSANOW)
        return self

    def __exit__(self, *_: object) -> None:
        """Give it back as it was."""
        if os.name != "nt":
            import termios

            termios.tcsetattr(self._handle, termios.TCSADRAIN, self._before)

    def key(self) -> str:
        """One key; "" at the end of input."""
        if os.name == "nt":
            import msvcrt

            return str(msvcrt.getwch())  # type: ignore[attr-defined,unused-ignore]
        return os.read(self._handle, 1).decode("ascii", "replace")

    def line(self) -> str:
        """A line of text, with the terminal's own editing."""
        if os.name == "nt":
            return input()
        import termios
        import tty

        termios.tcsetattr(self._handle, termios.TCSADRAIN, self._before)
        try:
            return os.read(self._handle, 4096).decode("utf-8", "replace")
        finally:
            tty.setcbreak(self._handle, termios.TCSANOW)
