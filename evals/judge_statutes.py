"""The judge on text it was never made for: articles of law (STARD), made wrong or reworded by machine.

    python -m evals.judge_statutes [--stard FOLDER]

Sentences of 20 to 160 characters are drawn from the 55,389 articles. Supported claims are the sentence shortened,
with words exchanged for equal ones or with its figures written otherwise (evals.mutate.harmless); unsupported ones
are the sentence made wrong in one way (evals.mutate.mutate), and an added half-sentence of another article. The
evidence is the whole article. Nothing here was fitted on a law, but nobody worded these claims either: they are
easier than what people write.
"""

from __future__ import annotations

import argparse
import random
import re

from evals.judge import Unscored, load_judge
from evals.judge_figures import figures
from evals.mutate import harmless, mutate
from evals.stard import add_option, is_there, load_stard

ARTICLES = 150
SEED = 11
Pair = tuple[str, str, bool, str]
"""Claim, evidence, whether supported, kind."""


def pairs(articles: list[str], rng: random.Random) -> list[Pair]:
    """At most two supported and two unsupported claims an article."""
    drawn = rng.sample(articles, min(len(articles), 4 * ARTICLES))
    sentences = [(s, a) for a in drawn for s in re.split(r"(?<=[。；])", a) if 20 <= len(s) <= 160]
    chosen = rng.sample(sentences, min(len(sentences), ARTICLES))
    found: list[Pair] = []
    for sentence, article in chosen:
        others = [s for s, a in rng.sample(sentences, min(6, len(sentences))) if a != article]
        kept = [m for m in harmless(sentence, rng) if m.kind != "verbatim"]
        wrong = mutate(sentence, others, rng)
        found += [(m.text, article, True, m.kind) for m in rng.sample(kept, min(2, len(kept)))]
        found += [(m.text, article, False, m.kind) for m in rng.sample(wrong, min(2, len(wrong)))]
    return found


def main() -> int:
    """Print the figures; 1 when the articles are not there."""
    parser = argparse.ArgumentParser(description="裁判在法律条文上的成绩")
    add_option(parser)
    folder = parser.parse_args().stard
    if not is_there(folder):
        return 1
    made = pairs([c.text for c in load_stard(folder).clauses], random.Random(SEED))
    verdicts = load_judge().judge_all([(claim, [evidence]) for claim, evidence, _, _ in made])
    scored = zip(made, verdicts, strict=True)
    print(figures([(p[2], v.score, p[3]) for p, v in scored if not isinstance(v, Unscored)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
