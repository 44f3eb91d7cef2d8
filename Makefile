# 问策：常用命令。虚拟环境缺失或依赖变化时自动安装。
VENV ?= .venv
BIN = $(VENV)/bin
PORT ?= 7860
HOST ?= 127.0.0.1
STAMP = $(VENV)/.installed

.PHONY: help install serve test bench lint screenshots clean

help:
	@echo "make serve   安装、建立索引、启动网页（http://$(HOST):$(PORT)）"
	@echo "make test    安装、运行全部测试"
	@echo "make bench   性能与检索基准（与基线同场比较）"
	@echo "make lint    代码检查与类型检查"

install: $(STAMP)

# torch is asked for by exact version first: an open range would take a build with gigabytes of CUDA.
$(STAMP): pyproject.toml
	@command -v python3 >/dev/null || { echo "需要 Python 3.11 或更新版本"; exit 1; }
	@test -x $(BIN)/python || python3 -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=24"
	@echo "正在安装依赖（首次约 2 到 4 分钟）…"
	$(BIN)/python -m pip install --progress-bar on -e ".[dev]"
	@touch $(STAMP)

serve: install
	$(BIN)/wence serve --host $(HOST) --port $(PORT)

test: install
	$(BIN)/python -m pytest

bench: install
	$(BIN)/python -m pip install --quiet -e ".[bench]"
	$(BIN)/python -m evals.bench

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

screenshots: install
	$(BIN)/python scripts/screenshots.py

clean:
	rm -rf $(VENV) *.egg-info .pytest_cache .ruff_cache .mypy_cache
