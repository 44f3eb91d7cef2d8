# 问策：常用命令。虚拟环境缺失或依赖变化时自动安装。
VENV ?= .venv
BIN = $(VENV)/bin
PORT ?= 7860
HOST ?= 127.0.0.1
STAMP = $(VENV)/.installed

.PHONY: help install serve test gate baseline bench lint screenshots clean

help:
	@echo "make serve   安装、建立索引、启动网页（http://$(HOST):$(PORT)）"
	@echo "make test    安装、运行全部测试"
	@echo "make gate    与基线比较，决定能否发布（0 放行，其余不放行）；有意的变化用 make baseline 重定基线"
	@echo "make bench   与 LangChain、LlamaIndex、Haystack 同场比较，以及规模、并发基准"
	@echo "make lint    代码检查与类型检查"

install: $(STAMP)

# torch is asked for by exact version first: an open range would take a build with gigabytes of CUDA.
$(STAMP): pyproject.toml
	@command -v python3 >/dev/null || { echo "需要 Python 3.11 或更新版本"; exit 1; }
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	@echo "正在安装依赖（首次约 2 到 5 分钟，含 1.1 GB 语言模型）…"
	$(BIN)/python -m pip install --progress-bar on -e ".[dev,local]"
	@touch $(STAMP)

serve: install
	$(BIN)/wence serve --host $(HOST) --port $(PORT)

# Two at a time, a whole file each: half of the tests' time is waiting for servers, pages and disks.
WORKERS ?= 2
test: install
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

# Verbatim mode, a fresh index, a fixed day: nothing but the code and the documents can make a difference.
GATE = .gate
BASELINE ?= evals/baselines/policy.dev.json
gate baseline: export WENCE_HOME = $(GATE)/home
gate baseline: export WENCE_LLM = none
gate baseline: export WENCE_TODAY = 2026-11-21

gate: install
	@rm -rf $(GATE)
	$(BIN)/wence index
	$(BIN)/wence eval run --dataset policy.dev --part-of $(BASELINE) --no-llm --out $(GATE)/run
	$(BIN)/wence eval gate $(GATE)/run --baseline $(BASELINE)

baseline: install
	@rm -rf $(GATE)
	$(BIN)/wence index
	$(BIN)/wence eval run --dataset policy.dev --no-llm --out $(GATE)/run
	$(BIN)/wence eval baseline $(GATE)/run --out $(BASELINE)

bench: install
	$(BIN)/python -m pip install --quiet -e ".[bench]"
	$(BIN)/python -m evals.beside
	$(BIN)/python -m evals.bench
	$(BIN)/python -m evals.growth

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

screenshots: install
	$(BIN)/python scripts/screenshots.py
	$(BIN)/python scripts/widget_screenshots.py

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .mypy_cache
