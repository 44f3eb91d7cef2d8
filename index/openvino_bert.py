"""The bundled model, and folders that hold the same model with other weights, as an OpenVINO graph: int8 weights,
activations quantised as they come. The only file that imports openvino.

Measured on 2 cores with avx512_vnni, passages of 100 characters: 119 passages/s and 5 ms a query, against 45/s and
18 ms for torch float32, at cosine 0.9997 and with 96 % of the top 10 in common (ONNX Runtime: 54/s exact, 90/s and
85 % in int8). A tuned model's weights no longer lie on the bundled one's 4-bit grid: cosine 0.9986.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np

from index.encode import MAX_TOKENS, Piece, Progress, Vectors, batches
from index.weights import BUNDLED_NAME, HEADS, HIDDEN, LAYER_NAMES, LAYERS, POSITIONS

QUANTISATION_GROUP = 64
"""Activations sharing one int8 scale. 32 is 11 % slower, cosine 0.9998; 384 as fast, cosine 0.9990."""
CLAUSE_GROUP = 128
"""The same for clauses: 384 is 6 % faster and moves one gold clause of 286 out of the first five."""
TOKENISED_TEXTS = 8192
"""Texts tokenised ahead: enough that each token count fills its batches, little enough for memory."""
_QUERY, _PASSAGE = "query: ", "passage: "
"""Prompts that the bundled model was trained with."""


def _openvino() -> Any:
    """The openvino module, imported so that it reports nothing.

    Importing it sends an event to a statistics service and writes an id under the home folder, unless its
    own `openvino_telemetry` cannot be imported: then it falls back to a stub.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _cores() -> int:
    """CPU cores this process may use; told to OpenVINO, which would count hyper-threads out."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class OpenVinoEncoder:
    """One model. Batches hold texts of one token count, so there is no padding and no mask:
    the work is smaller, and a vector does not depend on what else was in the batch.

    A piece is the mean of its own tokens' states within the whole (late pooling: Günther et al. 2024, "Late
    Chunking"), so a clause is read once and not sentence by sentence again: a third of the work. On policy.dev the
    gold clause is as often first (0.906) and in the first five (0.979), on STARD R@10 is 0.576 against 0.577.
    """

    dimension = HIDDEN

    def __init__(self, folder: Path, name: str = BUNDLED_NAME) -> None:
        """Load a folder that `index.weights.like_bundled` accepts.

        Raises:
            ImportError: openvino is not installed.
        """
        self.name = name
        openvino = _openvino()
        from tokenizers import Tokenizer

        tensors = _tensors(folder / "model.safetensors")
        self._words = tensors["embeddings.word_embeddings.weight"]
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(MAX_TOKENS)
        self._tokenizer.no_padding()  # sentence-transformers writes its own padding into the folders it saves
        self._core = openvino.Core()
        self._model = _graph(tensors)
        self._request = self._compiled(1, "f32", QUANTISATION_GROUP).create_infer_request()
        self._lock = threading.Lock()  # a request runs one batch at a time and already uses every core
        self._building = threading.Lock()  # another, so that a question asked meanwhile does not wait for clauses

    def _compiled(self, streams: int, precision: str, group: int) -> Any:
        return self._core.compile_model(
            self._model,
            "CPU",
            {
                "PERFORMANCE_HINT": "LATENCY" if streams == 1 else "THROUGHPUT",
                "NUM_STREAMS": str(streams),
                "INFERENCE_NUM_THREADS": _cores(),
                "INFERENCE_PRECISION_HINT": precision,
                "DYNAMIC_QUANTIZATION_GROUP_SIZE": str(group),
            },
        )

    @cached_property
    def _requests(self) -> list[Any]:
        """Requests that run side by side, one a core, for clauses.

        In bfloat16 where the processor has it, which with one request a core takes 13 % less processor time than
        `_request`, and 15 % less by the clock; vectors have cosine 0.9997 with torch's instead of 0.9998.
        """
        native = "BF16" in self._core.get_property("CPU", "OPTIMIZATION_CAPABILITIES")
        compiled = self._compiled(_cores(), *(("bf16", CLAUSE_GROUP) if native else ("f32", QUANTISATION_GROUP)))
        return [compiled.create_infer_request() for _ in range(_cores())]

    def encode_queries(self, texts: list[str]) -> Vectors:
        """See `Encoder`."""
        return self._encode([_QUERY + text for text in texts], None, None)

    def encode_passages(self, texts: list[str], progress: Progress | None = None) -> Vectors:
        """See `Encoder`."""
        return self._encode([_PASSAGE + text for text in texts], None, progress)

    def encode_question(self, text: str, parts: Sequence[str]) -> Vectors:
        """See `Encoder`; the parts are read within the question."""
        spans, end = [], 0
        for part in parts:
            start = max(text.find(part, end), 0)
            end = start + len(part)
            spans.append((len(_QUERY) + start, len(_QUERY) + end))
        return self._encode([_QUERY + text], [spans], None)

    def encode_clauses(self, clauses: Sequence[Sequence[Piece]], progress: Progress | None = None) -> Vectors:
        """See `Encoder`; pieces are read within their whole."""
        spans = [[_shifted(p.span) for p in pieces[1:]] for pieces in clauses]
        wholes = [_PASSAGE + pieces[0].text for pieces in clauses]
        vectors = self._encode(wholes, spans, progress, side_by_side=True)
        alone = [
            (row, piece.text)
            for row, (place, piece) in enumerate((n, p) for pieces in clauses for n, p in enumerate(pieces))
            if place and piece.span is None
        ]
        if alone:
            vectors[[row for row, _ in alone]] = self.encode_passages([text for _, text in alone])
        return vectors

    def _encode(
        self,
        texts: list[str],
        spans: Sequence[Sequence[tuple[int, int]]] | None,
        progress: Progress | None,
        side_by_side: bool = False,
    ) -> Vectors:
        """Vectors of texts, each followed by those of its spans."""
        first = np.cumsum([0, *(1 + len(spans[i]) if spans else 1 for i in range(len(texts)))])
        vectors = np.empty((first[-1], self.dimension), np.float32)
        tokenise = self._tokenizer.encode_batch if spans else self._tokenizer.encode_batch_fast
        for start in range(0, len(texts), TOKENISED_TEXTS):
            encodings = tokenise(texts[start : start + TOKENISED_TEXTS])

            def run(request: Any, batch: list[int], start: int = start, encodings: Sequence[Any] = encodings) -> int:
                words = self._words[np.array([encodings[i].ids for i in batch])]
                states = request.infer({0: words}, share_inputs=True)[0]
                vectors[first[[start + i for i in batch]]] = states.mean(axis=1)
                for i, own in zip(batch, states, strict=True):
                    if spans and spans[start + i]:
                        row = first[start + i]
                        pooled = _pooled(own, encodings[i].offsets, spans[start + i])
                        vectors[row + 1 : row + 1 + len(pooled)] = pooled
                return sum(int(first[start + i + 1] - first[start + i]) for i in batch)

            todo = batches([len(encoding.ids) for encoding in encodings], exact=True)
            told = progress or (lambda _: None)
            if side_by_side:
                with self._building:
                    self._side_by_side(todo, run, told)
            else:
                for batch in todo:
                    with self._lock:
                        count = run(self._request, batch)
                    told(count)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def _side_by_side(
        self, todo: Iterable[list[int]], run: Callable[[Any, list[int]], int], progress: Progress
    ) -> None:
        """Run batches in a thread a request; `run` gets one of them and a batch, and says how many texts it did.

        Not OpenVINO's own queue: an exception in its callbacks, or Ctrl-C while they run, can end the process.
        """
        idle: SimpleQueue[Any] = SimpleQueue()
        for request in self._requests:
            idle.put(request)

        def one(batch: list[int]) -> int:
            request = idle.get()
            try:
                return run(request, batch)
            finally:
                idle.put(request)

        pool = ThreadPoolExecutor(len(self._requests))
        try:
            for count in pool.map(one, todo):
                progress(count)
        finally:
            pool.shutdown(cancel_futures=True)


def _shifted(span: tuple[int, int] | None) -> tuple[int, int]:
    """A span behind the prompt; one that stands nowhere is computed apart."""
    return (len(_PASSAGE) + span[0], len(_PASSAGE) + span[1]) if span else (0, 0)


def _pooled(states: Vectors, offsets: Sequence[tuple[int, int]], spans: Sequence[tuple[int, int]]) -> Vectors:
    """Mean state of the tokens in each span, [len(spans), dimension]; of all tokens where a span has none."""
    places = np.array(offsets)
    starts, ends = np.array(spans).T[:, :, None]
    held = (places[:, 1] > starts) & (places[:, 0] < ends) & (places[:, 1] > places[:, 0])
    held[~held.any(axis=1)] = True
    shares = held / held.sum(axis=1, keepdims=True)
    return np.asarray(shares.astype(np.float32) @ states)


def _tensors(path: Path) -> dict[str, Vectors]:
    """Float32 tensors of a safetensors file, mapped: of 384 MB of word vectors only rows in use are read."""
    with path.open("rb") as file:
        size = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(size))
    header.pop("__metadata__", None)
    data = np.memmap(path, np.uint8, "r", offset=8 + size)
    return {
        name: np.asarray(data[slice(*entry["data_offsets"])]).view(np.float32).reshape(entry["shape"])
        for name, entry in header.items()
    }


def _graph(tensors: dict[str, Vectors]) -> Any:
    """BERT as an OpenVINO model: word vectors [batch, tokens, 384] → states of the tokens, of the same shape."""
    openvino = _openvino()
    op = openvino.opset13

    def integers(*values: int) -> Any:
        return op.constant(np.array(values, np.int64))

    def norm(x: Any, name: str) -> Any:
        weight, bias = (op.constant(tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
        return op.add(op.multiply(op.mvn(x, integers(-1), True, 1e-12, "inside_sqrt"), weight), bias)

    def linear(x: Any, name: str) -> Any:
        # One scale a row: the CPU plugin recognises this pattern and multiplies in int8.
        weight = tensors[f"{name}.weight"]
        scale = np.abs(weight).max(axis=1, keepdims=True) / 127
        whole = op.convert(op.constant(np.rint(weight / scale).astype(np.int8)), "f16")
        weight = op.convert(op.multiply(whole, op.constant(scale.astype(np.float16))), "f32")
        return op.add(op.matmul(x, weight, False, True), op.constant(tensors[f"{name}.bias"]))

    def heads(x: Any) -> Any:
        split = op.reshape(x, integers(0, 0, HEADS, HIDDEN // HEADS), True)
        return op.transpose(split, integers(0, 2, 1, 3))

    words = op.parameter([-1, -1, HIDDEN], np.float32)
    length = op.gather(op.shape_of(words, "i64"), integers(1), op.constant(np.int64(0)))
    places = (
        tensors["embeddings.position_embeddings.weight"][:POSITIONS]
        + tensors["embeddings.token_type_embeddings.weight"][0]
    )
    places = op.slice(op.constant(places), integers(0), length, integers(1), integers(0))
    x = norm(op.add(words, places), "embeddings.LayerNorm")
    for layer in range(LAYERS):
        name = {short: f"encoder.layer.{layer}.{long}" for short, long in LAYER_NAMES.items()}
        query, key, value = (heads(linear(x, name[part])) for part in ("q", "k", "v"))
        mixed = op.transpose(op.scaled_dot_product_attention(query, key, value), integers(0, 2, 1, 3))
        mixed = op.reshape(mixed, integers(0, 0, HIDDEN), True)
        x = norm(op.add(linear(mixed, name["ao"]), x), name["aln"])
        x = norm(op.add(linear(op.gelu(linear(x, name["fi"]), "erf"), name["fo"]), x), name["oln"])
    return openvino.Model([op.result(x)], [words], BUNDLED_NAME)
