"""The same search as a LangChain retriever, for programs that are built on LangChain.

>>> retriever = WenceRetriever(searcher=searcher, top=3)       # doctest: +SKIP
>>> retriever.invoke("首台套最高补多少")[0].metadata["address"]  # doctest: +SKIP
'《上海市吸引集聚企业研发机构 推进研发产业化的实施意见》（沪经信技〔2023〕409号）8.'
"""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import ConfigDict, Field

from assistant.gathering import look
from assistant.understand import clean
from index.search import Searcher


class WenceRetriever(BaseRetriever):
    """Clauses for a question, best first: `page_content` is the clause verbatim, `metadata` its published record.

    Args:
        searcher: an open index (`Searcher.open`).
        top: at most so many clauses.
        region: the asker's region when the question names none, e.g. 上海市.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    searcher: Searcher
    top: int = Field(default=5, ge=1, le=100)
    region: str = ""

    def _get_relevant_documents(self, query: str, *, run_manager: CallbackManagerForRetrieverRun) -> list[Document]:
        question = clean(query)[0]
        if not question:
            return []
        return [
            _document(s.clause.to_json() | {"address": s.clause.address}, s.score)
            for s in look(self.searcher, question, self.top, self.region).ranked
        ]


def _document(record: dict[str, Any], score: float) -> Document:
    metadata = {k: v for k, v in record.items() if k != "text"} | {"score": round(score, 4)}
    return Document(page_content=record["text"], metadata=metadata, id=record["clause_id"])
