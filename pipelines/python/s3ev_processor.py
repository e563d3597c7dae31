#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""s3ev_processor.py - let a module in Python say whether objects are good

s3check -X 's3ev_processor.py /path/processor.py'       one process for many objects
s3check -x 's3ev_processor.py /path/processor.py' [-o]  one for each, maybe with an output

The module (else the one that PROCESSOR_PY names) is imported once, with its
folder as working directory and first on sys.path. For each object its
process(file, record) is called:

file    the object's bytes: a binary file that can seek and is a path as well,
        for open(), os.fspath() and whatever else takes a path
record  a dict: "bucket", "key", "size" and what else is known, see s3ev(7)
out     if process() has a parameter of this name: a binary file, whose bytes
        become the object in the processed bucket. Only with -x and -o.

It returns: the object is good. It raises BadData(reason): it is bad. It raises
anything else: it is failed and comes again, with the traceback in the log. What
it prints goes to stderr. A module that cannot be used ends this with 78.

Python 3.9 or later, nothing else. See s3ev-processor(7).
"""
import atexit
import contextlib
import importlib.util
import inspect
import io
import json
import os
import re
import shutil
import stat
import sys
import tempfile
import traceback

EX_USAGE, EX_TEMPFAIL, EX_CONFIG = 64, 75, 78


def plain(text):
    """As much of it as fits into an answer, whatever is in it."""
    text = "".join(c if c.isprintable() or c in "\t\n" else "\ufffd" for c in str(text)[:1024])
    return text.encode()[:1024].decode(errors="ignore")


class BadData(Exception):
    """The data is wrong: why, and if known code (a short word of letters, digits
    and ._-), line, column, byte (the first is 1), count."""

    def __init__(self, reason, *, code=None, line=None, column=None, byte=None, count=None):
        super().__init__(reason)
        if code is not None and not re.fullmatch("[A-Za-z0-9._-]{1,64}", code):
            raise ValueError(f"code is no short word: {code!r}")
        numbers = {"line": line, "column": column, "byte": byte, "count": count}
        numbers = {name: int(number) for name, number in numbers.items() if number is not None}
        if any(number < 0 for number in numbers.values()):
            raise ValueError(f"a number below 0: {numbers}")
        self.bad = {"reason": plain(reason) or "the processor gave no reason", **numbers, **({"code": code} if code else {})}


class File(io.BufferedReader):
    """An open file that is a path, too."""

    def __init__(self, path):
        super().__init__(io.FileIO(path))

    def __fspath__(self):
        return self.name


class Unusable(Exception):
    """Why the module cannot be used, where no traceback says it."""


def load(path):
    """Import the module. It finds us by our name, though we run as a program."""
    path = os.path.join(os.environ.get("OLDPWD", "") if "S3EV_FOLDER" in os.environ else "", path)
    folder, name = os.path.split(os.path.abspath(path))
    name, suffix = os.path.splitext(name)
    if suffix != ".py":
        raise Unusable(f"{path}: the name of a module ends in .py")
    sys.modules["s3ev_processor"] = sys.modules[__name__]
    sys.argv = [path]
    sys.path.insert(0, folder)
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    os.chdir(folder)
    spec.loader.exec_module(module)
    if not callable(getattr(module, "process", None)):
        raise Unusable(f"{path}: there is no process(file, record) in it")
    return module.process


def is_one_object():
    """With -x the environment tells of the object."""
    return "S3EV_BUCKET" in os.environ or "S3EV_KEY" in os.environ


def place_for_output(process, out):
    """The argument out, if there is such a parameter. Without -o stdout is /dev/null."""
    try:
        signature = inspect.signature(process)
    except ValueError:  # a builtin may have no signature
        signature = None
    parameter = signature.parameters.get("out") if signature else None
    has_place = is_one_object() and not stat.S_ISCHR(os.fstat(out.fileno()).st_mode)
    if has_place and parameter is None:
        raise Unusable("with s3check -o each object would become an empty one: process() has no parameter out")
    if not has_place and parameter is not None and parameter.default is parameter.empty:
        raise Unusable("process() has a parameter out, which needs s3check -x ... -o")
    place = {"out": out} if has_place else {}
    try:
        if signature:
            signature.bind(None, None, **place)
    except TypeError:
        raise Unusable(f"process{signature} is there, and process(file, record) is called; "
                       "FROM-PYTHON.md has ten lines to put around one that takes a path") from None
    return place


def flush_stderr():
    """Whatever became of it, that is no reason for a verdict."""
    with contextlib.suppress(Exception):
        sys.stderr.flush()


def say(text):
    """To what was stderr at the start; the module may have closed or replaced that of sys."""
    flush_stderr()
    with contextlib.suppress(OSError):
        os.write(2, f"{text}\n".encode(errors="backslashreplace"))


def say_traceback(error):
    say("".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip("\n"))


said = set()


def say_once(text):
    if text not in said:
        say(text)
        said.add(text)


def forget_streams():
    """Where Python cannot flush them, it ends with 120, which says that the data is bad."""
    flush_stderr()
    with contextlib.suppress(Exception):
        sys.stdout.flush()
    sys.stdout = sys.stderr = None


def judge(process, path, record, **out):
    """What is to be said of one object, as a worker does, s3ev-processor(7)."""
    try:
        with File(path) as file:
            result = process(file, record, **out)
            if inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result):
                getattr(result, "close", int)()  # or Python would warn, and this be the reason
                raise Unusable("process() is async or has a yield, so nothing of it was run; make it a plain function")
    except Unusable:
        raise
    except BadData as error:
        return {"bad": error.bad}
    except BaseException as error:  # SystemExit and asyncio's CancelledError are no Exception
        say_traceback(error)
        say_once("s3ev_processor.py: failed, so it comes again: only raise BadData(reason) means that the data is bad")
        lines = traceback.format_exception_only(type(error), error)
        name = next((line for line in lines if not line.startswith(" ")), lines[0])
        return {"failed": {"message": plain(name.splitlines()[0])}}
    return {}


def answer_all(process, records, answers):
    """With -X: a record a line, and an answer."""
    for line in records:
        record = json.loads(line)
        answer = judge(process, record["fetch"]["path"], record)
        flush_stderr()
        answers.write(json.dumps({**answer, "id": record.get("id")}, ensure_ascii=False).encode() + b"\n")
        answers.flush()


def input_path(source):
    """It is the file of s3fetch, or a pipe, which is copied into our folder."""
    if "S3EV_PATH" in os.environ and stat.S_ISREG(os.fstat(source.fileno()).st_mode):
        return os.environ["S3EV_PATH"]
    with tempfile.NamedTemporaryFile(delete=False) as copy:
        shutil.copyfileobj(source, copy)
    return copy.name


def the_record():
    """All of it, or of a very long one what variables say."""
    if "S3EV_RECORD" in os.environ:
        return json.loads(os.environ["S3EV_RECORD"])
    names = ("bucket", "key", "size", "etag", "version", "id", "event", "time")
    record = {name: os.environ["S3EV_" + name.upper()] for name in names if "S3EV_" + name.upper() in os.environ}
    if "size" in record:
        record["size"] = int(record["size"])
    return record


def answer_one(process, source, out, place):
    """With -x: an exit status, and a note on descriptor 3 that says why."""
    answer = judge(process, input_path(source), the_record(), **place)
    if not out.closed:  # as what was put around it may have done
        out.flush()
    if answer:
        with open(3, "w", encoding="utf-8") as note:
            json.dump(answer.get("bad") or {"reason": answer["failed"]["message"]}, note, ensure_ascii=False)
    return EX_TEMPFAIL if "failed" in answer else 1 if "bad" in answer else 0


def main():
    path = sys.argv[1] if len(sys.argv) == 2 else os.environ.get("PROCESSOR_PY")
    if not path or len(sys.argv) > 2:
        print("usage: s3ev_processor.py PROCESSOR.py", file=sys.stderr)
        return EX_USAGE
    # What was stdin and stdout is ours alone, the latter to the very end, since
    # s3check takes its end for ours. What anybody prints goes to stderr.
    source = os.fdopen(os.dup(0), "rb")
    out = os.fdopen(os.dup(1), "wb", closefd=False)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    status = EX_CONFIG
    try:
        process = load(path)
        place = place_for_output(process, out)
        status = EX_TEMPFAIL
        if is_one_object():
            return answer_one(process, source, out, place)
        answer_all(process, source, out)
    except Unusable as error:
        say(f"s3ev_processor.py: {error}")
        return EX_CONFIG
    except BaseException as error:  # Python would end with 1, which says that the data is bad
        say_traceback(error)
        return status
    return 0


if __name__ == "__main__":
    atexit.register(forget_streams)  # the first that is registered is the last that is called
    sys.exit(main())
