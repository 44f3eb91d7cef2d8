"""The LangChain retriever gives what search gives."""

from __future__ import annotations

import pytest
from langchain_core.runnables import RunnableLambda
from pydantic import ValidationError

from assistant.retriever import WenceRetriever
from index.search import Searcher
from tests.serving import QUESTION


def test_invoke_gives_clauses_verbatim_with_their_record(searcher: Searcher) -> None:
    documents = WenceRetriever(searcher=searcher, top=3).invoke(QUESTION)
    ranked = searcher.search(QUESTION, 3).ranked
    assert [d.id for d in documents] == [s.clause.clause_id for s in ranked]
    first = documents[0]
    assert first.page_content == ranked[0].clause.text
    assert first.metadata["address"] == ranked[0].clause.address and first.metadata["departments"]
    assert "text" not in first.metadata and isinstance(first.metadata["score"], float)


def test_it_is_an_ordinary_part_of_a_chain(searcher: Searcher) -> None:
    chain = WenceRetriever(searcher=searcher, top=1) | RunnableLambda(lambda found: found[0].page_content)
    assert "2000 万元" in chain.invoke(QUESTION)
    assert len(chain.batch([QUESTION, "小升规奖励多少"])) == 2


def test_region_bounds_and_empty_questions(searcher: Searcher) -> None:
    found = WenceRetriever(searcher=searcher, region="深圳市").invoke("检验检测有什么支持")
    assert found and {d.metadata["region"] for d in found} == {"深圳市"}
    assert WenceRetriever(searcher=searcher).invoke(" \x00 ") == []
    with pytest.raises(ValidationError):
        WenceRetriever(searcher=searcher, top=0)
