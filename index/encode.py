"""Text to vectors, and pairs of texts to scores: where models of sentence-transformers are loaded, all lazily.

The bundled model, and one that `wence tune` made of it, runs as an OpenVINO graph (`index.openvino_bert`); without
openvino, and for any other model, sentence-transformers does the work.
"""

from __future__ import annotations

import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
import numpy.typing as npt

from index.errors import WeightsError, cause
from index.weights import BUNDLED_NAME, bundled_model, like_bundled, noted_name

Vectors = npt.NDArray[np.float32]
Backend = Literal["auto", "openvino", "torch"]
Progress = Callable[[int], object]
"""Told how many more texts are done, as `tqdm.update` is."""

MAX_TOKENS = 512
"""Longer texts are cut here; also the longest that the bundled model has positions for."""
BATCH_TOKENS = 1024
"""Tokens in one forward pass: 256 is 15 % slower, 4,096 only 3 % faster."""
BATCH_TEXTS = 32
"""Texts in one forward pass of sentence-transformers."""


class Encoder(Protocol):
    """Turns texts into vectors; safe to share between threads."""

    name: str
    """Which model made the vectors: part of the index's stamp. Backends of one model share it."""
    dimension: int

    def encode_queries(self, texts: list[str]) -> Vectors:
        """Questions → float32 [len(texts), dimension], each of length 1, in the order given."""

    def encode_passages(self, texts: list[str], progress: Progress | None = None) -> Vectors:
        """Passages → float32 [len(texts), dimension], each of length 1, in the order given."""

    def encode_question(self, text: str, parts: Sequence[str]) -> Vectors:
        """A question and parts of it, which stand in it in this order → float32 [1 + len(parts), dimension]."""

    def encode_clauses(self, clauses: Sequence[Sequence[Piece]], progress: Progress | None = None) -> Vectors:
        """Clauses, each a whole and then its pieces → float32 [all pieces, dimension], in the order given."""


class Piece(Protocol):
    """A whole text, or a part of one."""

    @property
    def text(self) -> str:
        """What is read when it is read alone."""

    @property
    def span(self) -> tuple[int, int] | None:
        """Where it stands in the whole, end exclusive; None when it is the whole, or stands nowhere in it."""


def load_encoder(model: str, cache: Path, backend: Backend = "auto", progress: bool = True) -> Encoder:
    """The encoder for a model setting.

    Args:
        model: `bundled`, a folder, or a name known to sentence-transformers, which may then download.
        cache: where the bundled model is unpacked.
        backend: `auto` takes OpenVINO, where it is installed, for the bundled model and for folders of the same
            architecture, pooling and prompts. Other models always run in torch.
        progress: show a bar on stderr while unpacking.

    Raises:
        WeightsError: no such folder or model, or the backend is not installed.
        StorageError: the bundled model cannot be unpacked.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    if model == "bundled":
        place, name = str(bundled_model(cache, progress)), BUNDLED_NAME
    else:
        place = _place(model, "向量模型", "bundled 使用自带模型")
        name = noted_name(Path(place)) or model
    if backend != "torch" and like_bundled(Path(place)):
        try:
            from index.openvino_bert import OpenVinoEncoder

            return OpenVinoEncoder(Path(place), name)
        except ImportError as error:
            if backend == "openvino":
                raise WeightsError("未安装 openvino；请运行 pip install openvino，或改用 torch 后端") from error
    if model == "bundled":
        os.environ.setdefault("HF_HUB_OFFLINE", "1")
    return _SentenceTransformers(place, name)


def load_cross_encoder(model: str) -> Any:
    """A sentence-transformers CrossEncoder from a folder, or by a hub name, which may then download.

    Raises:
        WeightsError: no such folder or model, or it gives more than one score a pair.
    """
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    place = _place(model, "重排模型", "空值，不用重排")
    with _loading("重排模型", model, "空值，不用重排"):
        from sentence_transformers import CrossEncoder
        from transformers import PretrainedConfig

        local = Path(place).is_dir()
        kinds = PretrainedConfig.get_config_dict(place, local_files_only=local)[0].get("architectures") or ["Model"]
        if all(kind.endswith("Model") for kind in kinds):
            # It would load all the same, with a last layer of random numbers.
            raise ValueError("它只有向量，没有打分的一层")
        loaded = CrossEncoder(place, local_files_only=local)
        if loaded.num_labels != 1:
            raise ValueError(f"每对应给 1 个分数，这个模型给 {loaded.num_labels} 个")
    loaded.max_seq_length = min(loaded.max_seq_length or MAX_TOKENS, MAX_TOKENS)
    return loaded


@contextmanager
def _loading(kind: str, model: str, otherwise: str) -> Iterator[None]:
    """Whatever a library raises while it loads a model, as one line."""
    try:
        yield
    except Exception as error:  # each model type raises its own; all mean "this cannot be loaded"
        raise WeightsError(
            f"无法加载{kind} {model}：{cause(error)}；请检查名称或目录与网络，或设为 {otherwise}"
        ) from error


def _place(model: str, kind: str, otherwise: str) -> str:
    """A folder's path, or a hub name; what can be neither is an error before anything is contacted."""
    path = Path(model).expanduser()
    if model and path.is_dir():
        return str(path)
    if not re.fullmatch(r"\w[\w.-]*(/\w[\w.-]*)?", model, re.ASCII):
        raise WeightsError(f"找不到{kind}目录 {model}；请检查路径，或设为 {otherwise}")
    return model


def batches(lengths: list[int], exact: bool) -> Iterator[list[int]]:
    """Indices in batches of about BATCH_TOKENS, shortest first; `exact` never mixes two lengths."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    groups: dict[int, list[int]] = defaultdict(list)
    for i in order:
        groups[lengths[i] if exact else 0].append(i)
    for length, group in groups.items():
        step = max(1, BATCH_TOKENS // length) if exact else BATCH_TEXTS
        for start in range(0, len(group), step):
            yield group[start : start + step]


class _SentenceTransformers:
    """Any model that sentence-transformers loads, with the prompts that its folder names."""

    def __init__(self, place: str, name: str) -> None:
        with _loading("向量模型", name, "bundled 使用自带模型"):
            from sentence_transformers import SentenceTransformer

            self._model: Any = SentenceTransformer(place, local_files_only=Path(place).is_dir())
        self._model.max_seq_length = min(self._model.max_seq_length or MAX_TOKENS, MAX_TOKENS)
        self.name = name
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        self._lock = threading.Lock()  # torch threads of two callers would fight for the cores

    def encode_queries(self, texts: list[str]) -> Vectors:
        return self._encode(self._model.encode_query, texts, None)

    def encode_passages(self, texts: list[str], progress: Progress | None = None) -> Vectors:
        return self._encode(self._model.encode_document, texts, progress)

    def encode_question(self, text: str, parts: Sequence[str]) -> Vectors:
        return self.encode_queries([text, *parts])

    def encode_clauses(self, clauses: Sequence[Sequence[Piece]], progress: Progress | None = None) -> Vectors:
        # Not every model pools by the mean, so a piece is read alone.
        return self.encode_passages([piece.text for pieces in clauses for piece in pieces], progress)

    def _encode(self, encode: Any, texts: list[str], progress: Progress | None) -> Vectors:
        vectors = np.empty((len(texts), self.dimension), np.float32)
        for batch in batches([len(text) for text in texts], exact=False):
            with self._lock:
                vectors[batch] = encode(
                    [texts[i] for i in batch],
                    batch_size=BATCH_TEXTS,
                    normalize_embeddings=True,
                    show_progress_bar=False,
                )
            if progress:
                progress(len(batch))
        return vectors
