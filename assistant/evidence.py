"""Choosing evidence: which clauses, and which of their sentences, answer one question.

Sentences are taken whole and in the clause's own order, so a figure keeps its 不超过 and its condition. A
sentence that leans on the one before it (其…, 该…, 上述…) brings that one along.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from index.card import is_card
from index.clause import Clause
from index.passages import Span, sentence_passage_ids, sentence_spans
from index.quantity_signs import MONEY
from index.query import Intent, Query
from index.ranking import Named
from index.search import Found, Scored, Searcher
from index.words import load_terms, normalise

PREFETCHED = 16
"""Ranked clauses whose sentence vectors are fetched, in one call: eleven calls cost 20 ms more."""
CONSIDERED = 12
"""Ranked clauses whose sentences are looked at."""
MAX_CLAUSES = 4
MAX_SENTENCES_OF_A_CLAUSE = 3
SHORT_CLAUSE_CHARS = 110
"""A clause no longer than this is shown whole: choosing among two sentences loses more than it saves."""
CLAUSE_SHARE = 0.18
"""A further clause is shown when it is at least this likely, relative to the first."""
SENTENCE_MARGIN = 0.55
"""A sentence is shown when its score is within this of its clause's best."""
CLAUSE_MARGIN = 0.9
"""A further clause is shown when its best sentence is within this of the best of all."""

_LISTED = re.compile(r"[、和跟与]|以及|还有|分别|各(?:是|有|给|多少|自)|哪个|区别|对比|比较|一起|同时")
"""A question that lists several things."""
_LEANS = re.compile(
    r"^(?:其|该|上述|前述|此类|对其|支持其|对上述|对该|同时|并|此外|以上|对符合条件的[，、]|符合条件的[，、])"
)
_CONDITION = re.compile(r"符合|首次|连续|经(?:认定|评定|备案|事前)|对[^，。]{2,40}的[，、]|条件|应当|须")
_VALID = re.compile(r"有效期|施行|生效|起实施")
_DEFINES = re.compile(r"是指|以下简称|包括|分别")


@dataclass(frozen=True, slots=True)
class Chosen:
    """A clause with the sentences that answer."""

    scored: Scored
    spans: tuple[Span, ...]
    likelihood: float
    """Share of this clause among the candidates, 0..1 (softmax of the ranking's utilities)."""
    relevance: float
    """Score of its best sentence; comparable within one question."""
    meaning: float
    """Best share of the question's word weight that one of its sentences holds, in any wording, 0..1."""

    @property
    def clause(self) -> Clause:
        """The clause."""
        return self.scored.clause


def asks_several(question: str) -> bool:
    """Whether a question lists several things, each of which wants an answer."""
    return bool(_LISTED.search(question))


def likelihoods(ranked: Sequence[Scored]) -> npt.NDArray[np.float64]:
    """Softmax of utilities: how likely each candidate is the one that answers, given that one does."""
    if not ranked:
        return np.zeros(0)
    utilities = np.array([s.score for s in ranked], dtype=np.float64)
    weights = np.exp(utilities - utilities.max())
    return np.asarray(weights / weights.sum())


def choose(found: Found, searcher: Searcher, question: str) -> list[Chosen]:
    """Clauses and sentences that answer, best first; places that were both asked are each served.

    Returns:
        At most MAX_CLAUSES a place. Whether they answer at all is decided by `assistant.refusal`.
    """
    if not found.ranked:
        return []
    words = {t: w for t, w in searcher.weigh(found.query).items() if not t.startswith("~")}
    named = Named(found.query, searcher.lexical)
    shares = likelihoods(found.ranked)
    stored = [i for s in found.ranked[:PREFETCHED] for i in sentence_passage_ids(s.clause).values()]
    vectors = searcher.store.vectors(stored) if stored else {}
    similarity = {i: float(found.vector @ v) for i, v in vectors.items()}
    addressed = [i for i, s in enumerate(found.ranked) if s.addressed]
    if addressed and not (found.query.intents & {Intent.FACTS, Intent.VALIDITY}):
        return [_whole(found.ranked[i], float(shares[i])) for i in addressed[:6]]
    if addressed:  # the named document's own facts answer; other clauses would only distract
        return [
            _score(found.ranked[i], float(shares[i]), similarity, words, named, found.query)
            for i in addressed[:MAX_CLAUSES]
        ]
    chosen: list[Chosen] = []
    subjects = subject_expressions(found.query, searcher)
    for members in _groups(found):
        candidates = [
            _score(found.ranked[i], float(shares[i]), similarity, words, named, found.query)
            for i in members[:CONSIDERED]
        ]
        chosen += _covering(_select(candidates[:6]), candidates, subjects, listed=asks_several(question))
    return chosen


def _covering(
    kept: list[Chosen], candidates: list[Chosen], subjects: list[tuple[str, ...]], listed: bool
) -> list[Chosen]:
    """Make sure that what is asked about is named: the most telling subject always, each one of a list too."""
    for number, expressions in enumerate(subjects[:4] if listed else subjects[:1]):
        if any(_names(c, expressions) for c in kept):
            continue
        naming = [c for c in candidates if _names(c, expressions)]
        if naming and number == 0 and not listed:
            kept = [naming[0], *kept[: MAX_CLAUSES - 2]]
        elif naming:
            kept = [*kept, naming[0]]
    return kept


def _names(chosen: Chosen, expressions: tuple[str, ...]) -> bool:
    clause = chosen.clause
    text = normalise(f"{clause.title} {clause.text}")
    return any(e in text for e in expressions)


def subject_expressions(query: Query, searcher: Searcher) -> list[tuple[str, ...]]:
    """What a question is about, most telling first: each as the expressions that name it."""
    return [expressions for _, expressions in weighed_subjects(query, searcher)]


def weighed_subjects(query: Query, searcher: Searcher) -> list[tuple[float, tuple[str, ...]]]:
    """The same with weights (inverse document frequency).

    Groups of subjects of the word list, and listed words outside any group. Empty when nothing listed is named.
    """
    terms = load_terms()
    found: list[tuple[float, tuple[str, ...]]] = []
    for concept in query.concepts:
        if concept.group >= terms.asking:
            weight = searcher.lexical.concept_weight(concept.group)
            found.append((weight or searcher.lexical.unknown_idf, (*concept.said, *concept.others)))
    said = {s for _, group in found for s in group}
    said |= {normalise(m) for group in terms.groups[: terms.asking] for m in group}
    for word in terms.words:
        plain = normalise(word)
        if len(plain) > 2 and plain in query.topic and not any(plain in s or s in plain for s in said):
            found.append((searcher.lexical.weight(plain), (plain,)))
    return sorted(found, key=lambda pair: -pair[0])


def _whole(scored: Scored, share: float) -> Chosen:
    spans = sentence_spans(scored.clause.text)
    return Chosen(scored, spans, share, 9.0, 1.0)


def _groups(found: Found) -> list[list[int]]:
    """Ranks by place (or document) when several were asked; one group otherwise."""
    query = found.query
    if len(query.documents.certain) > 1:
        names = [s.clause.document_id for s in found.ranked]
    elif len(query.regions) > 1:
        names = [s.clause.region for s in found.ranked]
    else:
        return [list(range(len(found.ranked)))]
    return [[i for i, n in enumerate(names) if n == name] for name in dict.fromkeys(names)]


def _select(candidates: list[Chosen]) -> list[Chosen]:
    if not candidates:
        return []
    first = candidates[0]
    best = max(c.relevance for c in candidates[:3])
    kept = [first]
    for c in candidates[1:]:
        likely = c.likelihood >= CLAUSE_SHARE * first.likelihood
        if likely and c.relevance >= best - CLAUSE_MARGIN and len(kept) < MAX_CLAUSES:
            kept.append(c)
    return kept


def _score(
    scored: Scored,
    share: float,
    similarity: Mapping[str, float],
    words: Mapping[str, float],
    named: Named,
    query: Query,
) -> Chosen:
    clause = scored.clause
    spans = sentence_spans(clause.text)
    stored = sentence_passage_ids(clause)
    total = max(sum(words.values()), 1e-6)
    heads = normalise(" ".join([*clause.path, clause.title]))
    scores, meanings = [], []
    for span in spans:
        text = normalise(clause.text[span.start : span.end])
        held = {w for w in words if w in text or w in heads} | named.words_otherwise(heads + " " + text, words)
        own = {w for w in words if w in text} | named.words_otherwise(text, words)
        meaning = sum(words[w] for w in held) / total
        place = stored.get(span)
        dense = similarity.get(place or "", scored.dense)
        value = 6 * (dense - 0.8) + 0.5 * meaning + 1.5 * sum(words[w] for w in own) / total
        scores.append(value + 0.5 * named.share(text) + _fit(query, text))
        meanings.append(meaning)
    best = max(scores, default=0.0)
    if is_card(clause):
        return Chosen(scored, _card_lines(clause, spans, query), share, best, max(meanings, default=0.0))
    if len(clause.text) <= SHORT_CLAUSE_CHARS:
        picked = list(range(len(spans)))
    else:
        order = sorted(range(len(spans)), key=lambda i: -scores[i])[:MAX_SENTENCES_OF_A_CLAUSE]
        picked = sorted(i for i in order if scores[i] >= best - SENTENCE_MARGIN)
        picked = sorted({j for i in picked for j in _with_neighbours(clause, spans, i)})
    return Chosen(scored, tuple(spans[i] for i in picked), share, best, max(meanings, default=0.0))


_CARD_LINES = (
    (re.compile(r"谁|哪(?:些|个|几家|家)|几家|一家|单位|机关|部门|联合"), "发文机关"),
    (re.compile(r"几号文|文号|编号|正式"), "文号|正式文件"),
    (re.compile(r"哪天|什么时候|啥时候|何时|哪年|几月|日期|落款|时间|签"), "成文日期|发布日期"),
    (re.compile(r"草案|征求意见|正式|生效|有效|管用|算数|过期|作废|废止|依据|还能|失效"), "文件状态|正式文件"),
    (re.compile(r"修改|修订|修正"), "修改情况|修改的文件"),
    (re.compile(r"废止|替代|取代|代替"), "废止或替代的文件"),
    (re.compile(r"有效|生效|过期|到期|期限|失效|施行|实施|执行|作废|几[月号]|用到"), "施行日期和有效期"),
)


def _card_lines(clause: Clause, spans: Sequence[Span], query: Query) -> tuple[Span, ...]:
    """The lines of a document card that a question is about; all of them when it is about none in particular."""
    wanted = "|".join(lines for asked, lines in _CARD_LINES if asked.search(query.text))
    picked = tuple(s for s in spans if wanted and re.match(wanted, clause.text[s.start : s.end]))
    return picked or tuple(spans)


def _with_neighbours(clause: Clause, spans: Sequence[Span], i: int) -> list[int]:
    """A sentence, the one it leans on, and the figure that leans on it (…支持力度。对符合条件的，给予…)."""
    found = [i]
    if i and _leans(clause, spans[i]):
        found.append(i - 1)
    if i + 1 < len(spans) and _leans(clause, spans[i + 1]):
        following = clause.text[spans[i + 1].start : spans[i + 1].end]
        if MONEY.search(following):
            found.append(i + 1)
    return found


def _leans(clause: Clause, span: Span) -> bool:
    return bool(_LEANS.match(clause.text[span.start : span.end]))


def _fit(query: Query, text: str) -> float:
    """How well a sentence has the kind of fact that is asked."""
    asks = query.intents
    value = 0.0
    if Intent.AMOUNT in asks and MONEY.search(text):
        value += 0.8
    if Intent.CONDITION in asks and _CONDITION.search(text):
        value += 0.4
    if Intent.VALIDITY in asks and _VALID.search(text):
        value += 1.0
    if Intent.DEFINITION in asks and _DEFINES.search(text):
        value += 0.2
    if Intent.STATISTICS in asks and re.search(r"\d", text):
        value += 0.5
    return value
