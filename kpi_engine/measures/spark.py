"""Spark as a Session: files of a lake measured where they stand; only totals come back."""

from __future__ import annotations

import atexit
import logging
import os
import re
import shutil
import subprocess
import sys
import tempfile
import warnings
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from kpi_engine.errors import ExtraMissing, KpiError
from kpi_engine.terms.codes import finding

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from kpi_engine.measures.plan import Number
    from kpi_engine.terms.finding import Finding

_OLDEST_JAVA = 17
_OLDEST_SPARK = 4
_DIGITS = 38  # of the widest DECIMAL
_FILES_AT_ONCE = 16  # of a table, whose headings are looked at
_PATIENCE = 10  # seconds that an address has to answer in

# What every session is held to, whatever its cluster's own settings are.
_SETTINGS = {
    "spark.sql.ansi.enabled": "true",  # a number that does not fit is an error, never null
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.variable.substitute": "false",  # `${...}` in a text of a rule is that text
    "spark.sql.caseSensitive": "false",  # as DuckDB reads names
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",  # period=2024-03 is no day in March
    "spark.sql.files.ignoreCorruptFiles": "false",  # rows lost in silence could make a pass
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.parser.escapedStringLiterals": "false",
}
_STARTED = {
    "spark.app.name": "kpi",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "OFF",  # a fault that Spark logs quotes the cell
    "spark.sql.catalogImplementation": "in-memory",
}
_CSV = {"header": "true", "inferSchema": "false", "multiLine": "true", "quote": '"', "escape": '"'}
# A file with other columns, and a row with other than its heading's, is an error.
_CSV |= {"encoding": "UTF-8", "enforceSchema": "false", "mode": "FAILFAST"}
_NONE_THERE = frozenset({"PATH_NOT_FOUND", "UNABLE_TO_INFER_SCHEMA"})
_QUOTED = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")


def on_master(master: str = "") -> SparkSql:
    """Spark started in this process, with its work done at `master`: `local[4]`, `yarn`, `spark://host:7077`.

    Without `master` where spark-submit says, else on this machine. A session that this process
    already has is used, and not stopped. Raises ExtraMissing without PySpark, KpiError where
    Spark or Java cannot be started.
    """
    _pyspark("pyspark")
    from pyspark.sql import SparkSession  # noqa: PLC0415  (slow to import; only a run on Spark needs it)

    if (running := SparkSession.getActiveSession()) is not None:
        return on_session(running)
    if "PYSPARK_GATEWAY_PORT" not in os.environ:  # spark-submit has Java, and a master, already
        need_java()
        master = master or "local[*]"
    private = Path(tempfile.mkdtemp(prefix="kpi-spark-")) if master.startswith("local") else None  # 0700
    atexit.register(_remove, private)  # if nobody closes it
    builder = SparkSession.builder
    for name, value in (_STARTED | _SETTINGS | (_local(private) if private else {})).items():
        builder = builder.config(name, value)
    builder = builder.master(master) if master else builder
    starting = partial(finding, "S103", master=master or "spark-submit")
    try:
        with _told(starting), _alone() if private else nullcontext():
            spark = builder.getOrCreate()
    except KpiError:
        _remove(private)
        raise
    return SparkSql(spark, started=True, private=private)


def on_remote(address: str) -> SparkSql:
    """A session of its own on the Spark Connect server at `address`: `sc://host:15002`.

    Raises ExtraMissing without PySpark; KpiError where nothing answers in 10 seconds, or
    what answers is not Spark 4 or later.
    """
    _pyspark("pyspark", "grpc", "pandas", "pyarrow")
    import grpc  # type: ignore[import-untyped]  # noqa: PLC0415  (as above)
    from pyspark.sql import SparkSession  # noqa: PLC0415  (as above)
    from pyspark.sql.connect.client import DefaultChannelBuilder  # noqa: PLC0415  (as above)

    with _told(partial(finding, "S104", address="The address")):
        builder = DefaultChannelBuilder(address)
    endpoint = builder.endpoint  # the whole address may hold a token
    with _told(partial(finding, "S104", address=endpoint)):
        channel = builder.toChannel()
        try:  # PySpark itself would try for ten minutes
            grpc.channel_ready_future(channel).result(timeout=_PATIENCE)
        finally:
            channel.close()
        spark = SparkSession.builder.remote(address).create()
    return SparkSql(spark, started=True)


def on_session(spark: SparkSession) -> SparkSql:
    """A session of its own beside one that the caller has, in a notebook for instance; that one stays."""
    with _told(partial(finding, "S108")):
        if type(spark).__module__.startswith("pyspark.sql.connect"):
            return SparkSql(spark.cloneSession(), started=True)  # type: ignore[attr-defined]  # since 4.1
        return SparkSql(spark.newSession(), started=False)


class SparkSql:
    """A Spark session as a Session; `started`: it is ended by `close`."""

    def __init__(self, spark: SparkSession, *, started: bool, private: Path | None = None) -> None:
        """Hold the session to the settings that figures need; `private` is removed at the end."""
        self._spark, self._started, self._private = spark, started, private
        try:
            self._hold()
        except KpiError:
            self.close()
            raise

    def _hold(self) -> None:
        with _told(partial(finding, "S105", server="Spark")):
            server = self._spark.version
        if int(server.split(".")[0]) < _OLDEST_SPARK:
            raise KpiError([finding("S105", server=f"Spark {server}", why="too old")])
        for name, value in _SETTINGS.items():
            if self._spark.conf.get(name, None) != value:  # some servers let nobody set what is so already
                with _told(partial(finding, "S109", setting=name)), warnings.catch_warnings():
                    warnings.simplefilter("ignore", UserWarning)  # of a server that does not know it
                    self._spark.conf.set(name, value)
        # They would log the text of a fault, which quotes cells.
        for name in ("SQLQueryContextLogger", "DataFrameQueryContextLogger"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)

    def table(self, name: str, path: str) -> tuple[str, ...] | None:
        """Know the parquet or CSV table at `path`, any address that the cluster reads, as `name`.

        Its columns in order; None if there is none. Raises KpiError where it cannot be read.
        """
        with _told(partial(finding, "S106", file=name)):
            try:
                frame = self._read(path)
                columns = tuple(frame.columns)
            except Exception as fault:
                if _why(fault) in _NONE_THERE:
                    return None
                raise
            if not columns:  # so Sail says it
                return None
            frame.createOrReplaceTempView(name)
        return columns

    def _read(self, path: str) -> DataFrame:
        if path.rstrip("/").endswith(".csv"):
            return self._spark.read.options(**_CSV).csv(path)
        frame = self._spark.read.option("mergeSchema", "true").parquet(path)
        # Spark would fill a column that a file lacks with blanks, and a blank may mean "not happened".
        with ThreadPoolExecutor(_FILES_AT_ONCE) as pool:
            found = {frozenset(columns) for columns in pool.map(self._columns_of, frame.inputFiles())}
        if len(found) > 1:
            raise KpiError([finding("S106", file=Path(path).name, why="its files differ in their columns")])
        return frame

    def _columns_of(self, file: str) -> Sequence[str]:
        return self._spark.read.parquet(file).columns

    def view(self, name: str, sql: str) -> None:
        """Know the rows of a SELECT as `name`; nothing is carried out yet. Raises KpiError as `ask`."""
        with _told(partial(finding, "S107")):
            self._spark.sql(translated(sql)).createOrReplaceTempView(name)

    def ask(self, sql: str) -> Sequence[tuple[str | Number, ...]]:
        """The rows of a SELECT, of texts and whole or decimal numbers.

        Raises KpiError where Spark cannot carry it out, TypeError for a value of another type,
        ArithmeticError for a number that no DECIMAL holds: Sail's sums wrap, where Spark's fail.
        """
        with _told(partial(finding, "S107")):
            rows = [tuple(row) for row in self._spark.sql(translated(sql)).collect()]
        for value in chain.from_iterable(rows):
            if value is not None and type(value) not in {str, int, Decimal}:
                raise TypeError(f"a figure came back as {type(value).__name__}")
            if isinstance(value, Decimal) and len(value.as_tuple().digits) > _DIGITS:
                raise ArithmeticError("a sum too large to hold")
        return rows

    def close(self) -> None:
        """End the session if it was started here; what it knew is gone."""
        if self._started:
            with suppress(Exception):
                self._spark.stop()
        _remove(self._private)


# ── SQL as Spark reads it ────────────────────────────────────────────────────


def translated(sql: str) -> str:
    """SQL of the shared subset with names and texts quoted as Spark wants them; all else is alike."""
    return _QUOTED.sub(lambda found: _as_spark(found[0]), sql)


def _as_spark(token: str) -> str:
    inner = token[1:-1]
    if token[0] == '"':
        return "`" + inner.replace('""', '"').replace("`", "``") + "`"
    # Sail reads '' as two texts side by side, and both take a backslash for an escape.
    return "'" + inner.replace("''", "'").replace("\\", "\\\\").replace("'", "\\'") + "'"


# ── What must be there ───────────────────────────────────────────────────────


def _pyspark(*libraries: str) -> None:
    for library in libraries:
        try:
            __import__(library)
        except ImportError:
            raise ExtraMissing([finding("S101", library=library)]) from None


def need_java() -> None:
    """Raise KpiError where there is no Java that Spark 4 runs on."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise KpiError([finding("S102", why="there is none")])
    asked = subprocess.run([java, "-version"], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  (the user's own Java)
    told = re.search(r'version "(?:1\.)?(\d+)', asked.stderr)
    if told is None:
        raise KpiError([finding("S102", why="the one here does not tell its version")])
    if int(told[1]) < _OLDEST_JAVA:
        raise KpiError([finding("S102", why=f"this is Java {told[1]}")])


def _local(private: Path) -> dict[str, str]:
    return {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.io.encryption.enabled": "true",  # of rows that are written down while they are grouped
        "spark.sql.shuffle.partitions": "16",  # 200 is for a cluster
        "spark.local.dir": str(private),
        "spark.sql.warehouse.dir": str(private / "tables"),
    }


@contextmanager
def _alone() -> Iterator[None]:
    """Java started here listens to this machine alone, and prints no lines of its own."""
    wanted = {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    before = {name: os.environ.get(name) for name in wanted}
    shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.environ.update(wanted)
    os.dup2(nowhere, 2)  # Java takes over the error stream of the process
    try:
        yield
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _told(said: Callable[..., Finding]) -> Iterator[None]:
    """What Spark raises, as a KpiError with the finding that `said` makes of `why`."""
    try:
        yield
    except KpiError:
        raise
    except Exception as fault:  # noqa: BLE001  (py4j, grpc and PySpark share no base; none must show its words)
        raise KpiError([said(why=_why(fault))]) from None


def _remove(folder: Path | None) -> None:
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def _why(fault: Exception) -> str:
    """Spark's own name of a fault; never its words, which may quote a cell or an address with a key."""
    named = re.search(r"(?:^|Exception: )\[([A-Z][A-Z0-9_]+(?:\.[A-Z0-9_]+)*)\]", str(fault))
    condition = getattr(fault, "getCondition", lambda: None)()
    return str(condition or (named[1] if named else type(fault).__name__))
