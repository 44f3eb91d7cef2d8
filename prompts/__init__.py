"""Prompt files, one copy each: `answer.md`, `rewrite.md`, …

A file is text for a model with `$variables`; a line of `---` parts what is always the same (the system
message, whose computed prefix a model server keeps) from what changes with each question. Loading is strict: a
variable without a value, or a value without a variable, is an error that names both.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from string import Template

_SEPARATOR = re.compile(r"^---$", re.MULTILINE)


class PromptError(ValueError):
    """A prompt file is missing or is not used as it is written."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """One prompt file."""

    name: str
    system: str
    user: str
    version: str
    """First twelve hexadecimal digits of the file's SHA-256; stands in every answer that it made."""

    def messages(self, **values: str) -> list[dict[str, str]]:
        """Messages for a chat model: `[{role, content}]`, the fixed one first.

        Raises:
            PromptError: a variable of the file has no value, or a value has no variable.
        """
        template = Template(self.user)
        wanted, given = set(template.get_identifiers()), set(values)
        if missing := sorted(wanted - given):
            raise PromptError(f"prompts/{self.name}.md: no value for ${', $'.join(missing)}")
        if unused := sorted(given - wanted):
            raise PromptError(f"prompts/{self.name}.md: has no variable ${', $'.join(unused)}")
        # `substitute` puts values in as they are: a `$` inside a question or a clause is not a variable.
        return [
            {"role": "system", "content": self.system},
            {"role": "user", "content": template.substitute(values)},
        ]


@lru_cache(maxsize=16)
def load_prompt(name: str) -> Prompt:
    """The prompt of `prompts/<name>.md`.

    Raises:
        PromptError: there is no such file, it has not exactly two parts, a `$` in it is no variable, or the
            fixed part has a variable (it would not be fixed).
    """
    try:
        data = files("prompts").joinpath(f"{name}.md").read_bytes()
    except OSError:
        raise PromptError(f"prompts/{name}.md: no such file") from None
    parts = [part.strip() for part in _SEPARATOR.split(data.decode("utf-8"))]
    if len(parts) != 2 or not all(parts):
        raise PromptError(f"prompts/{name}.md: expected two parts around one line of ---, found {len(parts)}")
    for part in parts:
        if not Template(part).is_valid():
            raise PromptError(f"prompts/{name}.md: a $ that starts no variable; write $$ for a dollar sign")
    if fixed := Template(parts[0]).get_identifiers():
        raise PromptError(f"prompts/{name}.md: ${fixed[0]} stands in the fixed part; move it below the ---")
    return Prompt(name, parts[0], parts[1], hashlib.sha256(data).hexdigest()[:12])


__all__ = ["Prompt", "PromptError", "load_prompt"]
