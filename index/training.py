"""Training an embedding model with sentence-transformers: the only file that uses what training alone needs.

Questions and their clauses are drawn together, a question and other clauses apart (multiple negatives ranking:
Henderson et al. 2017), at temperature 0.01, at which the bundled model was trained too: cosines keep their level, and
what is calibrated on them (ranking, refusing, pinned answers) holds. Word vectors stay as they are: a few hundred
questions hold few of the 250,000 words, and moving all of them costs a third of a step.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from index.errors import StorageError, WeightsError, cause

PACKAGES = "pip install 'wence[tune]'"


@dataclass(frozen=True, slots=True)
class Example:
    """A question, the text of a clause that answers it, and texts of clauses that look alike and do not."""

    question: str
    positive: str
    negatives: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Course:
    """How a model is trained."""

    epochs: int = 3
    batch: int = 16
    """Questions in one step; the clauses of each are negatives of all others. A step of 16 takes 5 s of one core."""
    learning_rate: float = 5e-5
    temperature: float = 0.01
    tokens: int = 64
    """Longer texts are cut while training, not afterwards; twice as many cost 40 % more time."""
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        """By name."""
        return asdict(self)


def train(
    base: str, examples: Sequence[Example], course: Course, out: Path, progress: Callable[[int, int], object]
) -> None:
    """Train a copy of a model and write it as a Hugging Face folder.

    Args:
        base: folder or hub name of the model to begin with.
        examples: at least one batch, all with equally many negatives.
        course: how.
        out: a folder that is filled; work files go there too and are removed.
        progress: told (steps done, steps in all) after each step.

    Raises:
        WeightsError: a package is missing, or the model cannot be loaded.
        StorageError: the new model cannot be written.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    try:
        import accelerate  # noqa: F401 - asked for by name by the trainer, in English and late
        from datasets import Dataset, disable_progress_bars
        from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer
        from sentence_transformers import SentenceTransformerTrainingArguments as Arguments
        from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
        from transformers import PrinterCallback, TrainerCallback
        from transformers.utils import logging
    except ImportError as error:
        raise WeightsError(f"训练需要的包没有安装（{error.name}）；请运行 {PACKAGES}") from error

    logging.set_verbosity_error()
    logging.disable_progress_bar()
    disable_progress_bars()

    class Told(TrainerCallback):
        """Hands on how far training is."""

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            progress(state.global_step, state.max_steps)

    try:
        model: Any = SentenceTransformer(base, local_files_only=Path(base).is_dir())
    except Exception as error:  # each model type raises its own
        raise WeightsError(f"无法加载向量模型 {base}（{cause(error)}）；请检查 WENCE_EMBEDDING") from error
    model.model_card_data.widget = [{}]  # else it picks questions of ours as examples for a card that nobody writes
    reads = model.max_seq_length
    model.max_seq_length = min(course.tokens, reads or course.tokens)
    for vectors in _word_vectors(model):
        vectors.requires_grad_(False)
    columns = {"question": [e.question for e in examples], "positive": [e.positive for e in examples]}
    for number in range(len(examples[0].negatives)):
        columns[f"negative_{number}"] = [e.negatives[number] for e in examples]
    asked, read = (model.prompts.get(name) or "" for name in ("query", "document"))
    arguments = Arguments(
        output_dir=str(out),
        num_train_epochs=course.epochs,
        per_device_train_batch_size=course.batch,
        learning_rate=course.learning_rate,
        warmup_steps=0.1,
        seed=course.seed,
        prompts={name: asked if name == "question" else read for name in columns},
        batch_sampler="no_duplicates",
        save_strategy="no",
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
        dataloader_pin_memory=False,
    )
    trainer = SentenceTransformerTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_dict(columns),
        loss=MultipleNegativesRankingLoss(model, scale=1 / course.temperature),
        callbacks=[Told()],
    )
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    model.max_seq_length = reads
    try:
        model.save_pretrained(str(out), create_model_card=False)
    except Exception as error:  # safetensors raises its own on a full disk
        raise StorageError(f"新模型无法写入 {out.parent}（{cause(error)}）；请检查磁盘空间，原模型未受影响") from error


def _word_vectors(model: Any) -> list[Any]:
    """The matrix of word vectors, in models that have one."""
    inner: Any = getattr(model[0], "auto_model", None)
    return [inner.get_input_embeddings().weight] if hasattr(inner, "get_input_embeddings") else []
