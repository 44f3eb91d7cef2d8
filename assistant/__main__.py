"""The command line, `wence`. Heavy libraries are imported by the commands that need them."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from typing import Any

from assistant import commands
from assistant.store_commands import add_actions as add_store_actions
from assistant.tune_commands import add_options as add_tune_options
from index.errors import UsageError, WenceError, cause

USAGE_ERROR = 2


class Parser(argparse.ArgumentParser):
    """Errors of use in Chinese, on one line, exit status 2."""

    def __init__(self, **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)

    def error(self, message: str) -> None:  # type: ignore[override]
        """One line on stderr, exit status 2."""
        print(f"wence：用法不对：{_chinese(message)}；请看 `{self.prog} --help`", file=sys.stderr)
        raise SystemExit(USAGE_ERROR)


def _chinese(message: str) -> str:
    for english, chinese in (
        ("the following arguments are required:", "缺少参数"), ("unrecognized arguments:", "不认识的参数"),
        ("invalid choice:", "没有这个选择"), ("invalid int value:", "应为整数，实为"), ("expected one argument", "后面要有一个值"),
        ("expected at least one argument", "后面要有值"), ("ignored explicit argument", "不带值，实为"),
        ("argument ", "参数 "), ("choose from", "可用"), ("not allowed with", "不能同时用"),
    ):  # fmt: skip
        message = message.replace(english, chinese)
    return " ".join(message.split())


def _between(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        value = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not low <= value <= high:
            raise argparse.ArgumentTypeError(f"应为 {low} 到 {high} 的整数，实为 {text!r}")
        return value

    return number


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(prog="wence", description="问策：政策条款问答，每句话都有条款依据。", add_help=False)
    parser.add_argument("-h", "--help", action="help", help="显示帮助")
    parser.add_argument("--version", action="version", version="wence 0.1.0", help="显示版本")
    sub = parser.add_subparsers(dest="command", metavar="命令", required=True, parser_class=Parser)

    def command(name: str, text: str) -> argparse.ArgumentParser:
        child = sub.add_parser(name, help=text, description=text, add_help=False)
        child.add_argument("-h", "--help", action="help", help="显示帮助")
        child.set_defaults(run=getattr(commands, name))
        return child

    parse = command("parse", "把一份政策文件解析成条款")
    parse.add_argument("file", metavar="文件")
    parse.add_argument("--json", action="store_true", help="每行一条 JSON")
    parse.add_argument("--coverage", action="store_true", help="打印解析回执：每个字符归到了哪里、哪些字识别存疑")
    parse.add_argument("--metadata", action="store_true", help="打印文件信息和每一项读自哪里")
    parse.add_argument("--text", action="store_true", help="打印读出的全文（条款位置按它计数）")

    index = command("index", "收录或更新文件，建立索引（不给路径时收录自带的五份文件）")
    index.add_argument("path", metavar="路径", nargs="*")
    index.add_argument("--watch", action="store_true", help="一直看守给出的文件夹：新增、修改、删除都自动收录")
    seconds = _between(1, 86_400)
    index.add_argument("--every", type=seconds, default=10, metavar="秒", help="看守时隔多久看一次，默认 10")
    index.add_argument("--rebuild", action="store_true", help="全部重新解析和计算；给出路径时索引只留这些文件")

    _catalog_actions(command("catalog", "查看和改正文件信息（标题、文号、日期、状态……）"))

    diff = command("diff", "逐条比较两份文件或同一文件的两个版本，列出受影响的核定答案和评测题")
    diff.add_argument("old", metavar="旧", help="文件路径，或索引里文件的编号、文号、标题、文件名")
    diff.add_argument("new", metavar="新", help="同上")
    diff.add_argument("--json", action="store_true", help="输出一个 JSON 对象")

    search = command("search", "检索条款")
    search.add_argument("question", metavar="问题")
    search.add_argument("--top", type=_between(1, 100), default=5, metavar="N", help="条数，默认 5")
    search.add_argument("--region", default="", metavar="地区", help="如 上海市")
    search.add_argument("--json", action="store_true", help="每行一条 JSON")

    ask = command("ask", "提一个问题，或成批提问")
    ask.add_argument("question", metavar="问题", nargs="?")
    ask.add_argument("--json", action="store_true", help="输出完整的答案记录")
    ask.add_argument("--no-llm", action="store_true", help="只用条款原文回答")
    ask.add_argument("--history", metavar="文件", help="之前的对话，JSON 列表 [{role, content}]")
    ask.add_argument("--region", default="", metavar="地区", help="如 上海市")
    ask.add_argument("--as-of", default="", metavar="日期", help="按这一天有效的规定回答，如 2024-05-01；默认今天")
    ask.add_argument("--batch", metavar="IN.jsonl", help="每行 {id, question, history?, passages?, as_of?}")
    ask.add_argument("--out", metavar="OUT.jsonl", help="成批提问的结果；中断后再次运行会接着做")

    chat = command("chat", "在终端里对话")
    chat.add_argument("--no-llm", action="store_true", help="只用条款原文回答")
    chat.add_argument("--region", default="", metavar="地区", help="如 上海市")

    serve = command("serve", "启动网页（没有索引时先建立，旧版的先重建）")
    serve.add_argument("--host", default="127.0.0.1", help="默认 127.0.0.1；对外服务用 0.0.0.0")
    serve.add_argument("--port", type=_between(1, 65535), default=7860, help="默认 7860")

    _site_actions(command("sites", "登记可以嵌入对话窗口的网站和可以调用接口的服务器"))

    _people_actions(command("people", "登录工作台和评测页的账号"))

    _record_actions(command("records", "问答记录：导入、备份、导出、清理"))

    review = command("review", "核定答案和待办问题：立即收集和核对一次，或列出")
    review.add_argument(
        "action",
        choices=("collect", "list"),
        metavar="操作",
        help="collect 收集并核对（服务运行时每 20 秒自动进行），list 列出",
    )

    add_store_actions(command("store", "索引的向量放在哪里；搬到另一个向量库"), Parser)

    add_tune_options(command("tune", "用自己的问题训练向量模型，检验确有提高才采用"), _between(1, 50))

    command("mcp", "作为 MCP 服务器运行（标准输入输出），提供检索和条款两个工具")

    command("check", "逐项检查运行条件，说明如何修复")

    evaluate = command("eval", "评测")
    evaluate.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...", help="见 wence eval --help")
    return parser


def _catalog_actions(catalog: argparse.ArgumentParser) -> None:
    actions = catalog.add_subparsers(dest="action", metavar="操作", required=True, parser_class=Parser)
    for name, text in (
        ("show", "打印文件信息和每一项读自哪里"),
        ("edit", "改正文件信息，写入该文件旁边的 catalog.toml"),
    ):
        action = actions.add_parser(name, help=text, description=text, add_help=False)
        action.add_argument("-h", "--help", action="help", help="显示帮助")
        action.add_argument("document", metavar="文件", help="文件路径，或索引里的文件名、标题、文号")
        action.add_argument("--json", action="store_true", help="每行一条 JSON")
        if name == "edit":
            action.add_argument("change", metavar="键=值", nargs="*", help="如 expires=2027-05-31 status=in_force")
            action.add_argument("--remove", action="append", default=[], metavar="键", help="取消改正，仍以正文为准")


def _site_actions(sites: argparse.ArgumentParser) -> None:
    actions = sites.add_subparsers(dest="action", metavar="操作", required=True, parser_class=Parser)
    for name, text in (("add", "登记或修改一个站点"), ("list", "列出站点"), ("remove", "移除一个站点")):
        action = actions.add_parser(name, help=text, description=text, add_help=False)
        action.add_argument("-h", "--help", action="help", help="显示帮助")
        if name != "list":
            action.add_argument("key", metavar="站点", help="小写字母、数字和 -，如 zhangjiang-park")
        if name == "add":
            origins = "可以嵌入的网页，如 https://www.example.gov.cn；可多次给出，一个也没有则全部拒绝"
            action.add_argument("--origin", action="append", default=[], metavar="来源", help=origins)
            action.add_argument("--name", default="", metavar="名称", help="站点的中文名称")
            quota = _between(1, 100_000_000)
            action.add_argument("--quota", type=quota, default=5000, metavar="N", help="每天最多提问次数，默认 5000")
            action.add_argument("--region", default="", metavar="地区", help="没说城市时的默认地区，如 上海市")
            action.add_argument("--private", action="store_true", help="令牌只能由网站自己的服务器代为获取")
            action.add_argument("--mask-companies", action="store_true", help="统一社会信用代码也遮盖")
            action.add_argument("--server", action="store_true", help="生成服务端密钥（只显示这一次）")


def _people_actions(people: argparse.ArgumentParser) -> None:
    actions = people.add_subparsers(dest="action", metavar="操作", required=True, parser_class=Parser)
    for name, text in (
        ("add", "添加一个账号（口令在终端里输入，或从标准输入给出一行）"), ("list", "列出账号"), ("remove", "移除一个账号，立即生效"),
        ("role", "改一个账号的角色"), ("password", "改一个账号的口令"), ("unlock", "解锁连续输错口令的账号"),
        ("openid", "把账号关联到统一认证里的一个人，或解除关联"),
    ):  # fmt: skip
        action = actions.add_parser(name, help=text, description=text, add_help=False)
        action.add_argument("-h", "--help", action="help", help="显示帮助")
        if name != "list":
            action.add_argument("name", metavar="名字", help="登录时输入的名字")
        if name in ("add", "role"):
            roles = "staff 坐席、evaluator 评测员、editor 编辑、admin 管理员"
            action.add_argument("--role", required=True, metavar="角色", help=roles)
        if name == "add":
            action.add_argument("--shown", default="", metavar="姓名", help="别人看到的名字，默认与名字相同")
            action.add_argument("--openid", action="store_true", help="没有口令，只用统一认证登录；第一次按名字关联")
        if name == "openid":
            action.add_argument(
                "subject", metavar="编号", nargs="?", default="", help="统一认证里的 sub；不给则解除关联"
            )


def _record_actions(records: argparse.ArgumentParser) -> None:
    actions = records.add_subparsers(dest="action", metavar="操作", required=True, parser_class=Parser)

    def action(name: str, text: str) -> argparse.ArgumentParser:
        child = actions.add_parser(name, help=text, description=text, add_help=False)
        child.add_argument("-h", "--help", action="help", help="显示帮助")
        return child

    taken = action("import", "导入早先版本留在 WENCE_HOME/records 的 JSON Lines 记录")
    taken.add_argument("folder", metavar="文件夹", nargs="?", help="默认 WENCE_HOME/records")
    backup = action("backup", "备份记录库和文件库的原件（运行中也可以）")
    backup.add_argument("file", metavar="文件", help="如 wence-backup.tar；已有的备份会被换掉")
    back = action("restore", "把备份恢复到空的 WENCE_HOME（PostgreSQL 则是空的库）；先停止服务")
    back.add_argument("file", metavar="文件", help="`wence records backup` 做的备份")
    export = action("export", "导出记录")
    export.add_argument("target", metavar="文件夹或文件", help="文件以 .jsonl 或 .csv 结尾")
    kinds = ("answers", "ratings", "pins", "questions", "audit")
    export.add_argument("--what", choices=kinds, metavar="种类", help=f"{'、'.join(kinds)}；默认全部")
    export.add_argument(
        "--format", choices=("jsonl", "csv"), metavar="格式", help="jsonl（默认）或 csv（可用 Excel 打开）"
    )
    export.add_argument("--since", metavar="日期", help="从这一天起，如 2026-11-01")
    prune = action("prune", "删除过期的答案、评价和对话（审计、核定答案和待答问题不动）")
    prune.add_argument("--days", type=_between(1, 36_500), metavar="N", help="保留天数，默认 WENCE_KEEP_DAYS")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; exit status 0 done, 1 not done, 2 wrong use."""
    # Half a character from a terminal, or one that the terminal cannot show, never stops an answer.
    for stream, errors in ((sys.stdin, "replace"), (sys.stdout, "backslashreplace"), (sys.stderr, "backslashreplace")):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=errors)
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    if arguments[:1] == ["eval"]:
        return _guarded(lambda: commands.eval(arguments[1:]))
    options = build_parser().parse_args(arguments)
    return _guarded(lambda: options.run(options))


def _guarded(run: Callable[[], int]) -> int:
    try:
        status = run()
        sys.stdout.flush()
        return status
    except UsageError as error:
        print(f"wence：用法不对：{error}", file=sys.stderr)
        return USAGE_ERROR
    except WenceError as error:
        print(f"wence：{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已中断", file=sys.stderr)
        return 1
    except BrokenPipeError:  # wence … | head
        _drop_output()
        return 1
    except OSError as error:
        _drop_output()
        where = f" {error.filename}" if error.filename else "输出"
        print(f"wence：无法读写{where}（{cause(error)}）；请检查磁盘空间和权限", file=sys.stderr)
        return 1


def _drop_output() -> None:
    """What is still buffered goes nowhere, so that leaving does not fail on it once more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    raise SystemExit(main())
