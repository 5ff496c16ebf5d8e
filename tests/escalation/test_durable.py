"""Whatever becomes of durable-rules, the answer is the built-in engine's, and the reason is told."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given

from kpi_engine.escalation import durable, worker
from kpi_engine.escalation.builtin import derive_builtin
from kpi_engine.escalation.compiled import FACTS_AT_MOST, DurableError, compiled
from kpi_engine.escalation.durable import Worker
from kpi_engine.escalation.engine import derive, deriving, examine
from kpi_engine.escalation.outcome import Answered
from kpi_engine.rulebook.pack import NO_PACK, NUMBER, Pack
from kpi_engine.terms.fact import fact
from tests.escalation.packs import a_pack, need_durable
from tests.escalation.small_packs import pack, rule, verdict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kpi_engine.terms.fact import Fact, Value

WORKER = str(Path(worker.__file__))
posix = pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")


@pytest.fixture(autouse=True)
def _installed() -> None:
    need_durable()


FAIL = {"is": "verdict", "status": "fail"}
ABOUT = {"about": "$b.indicator", "seq": "$b.seq", "family": ""}
RULES = pack(
    [
        rule(
            "twice",
            {"a": FAIL, "b": {**FAIL, "indicator": "$a.indicator", "seq": "$a.seq + 1"}},
            {"is": "raised", "kind": "twice", "severity": 2, **ABOUT},
        ),
        rule(
            "first",
            {"b": FAIL},
            {"is": "raised", "kind": "first", "severity": 1, **ABOUT},
            unless={"n": {**FAIL, "indicator": "$b.indicator", "seq": "$b.seq - 1"}},
        ),
    ],
    [
        rule(
            "told",
            {"b": {"is": "raised"}},
            {"is": "outranked", "kind": "$b.kind", "about": "$b.about", "seq": "$b.seq"},
            unless={"n": {"is": "raised", "kind": "first", "about": "$b.about", "seq": "$b.seq"}},
        )
    ],
)


def verdicts(indicators: int = 6, months: int = 12, seed: int = 1) -> list[Fact]:
    chance = random.Random(seed)
    return [
        verdict(f"measure-{i}", seq, chance.choice(("fail", "fail", "pass")))
        for i in range(indicators)
        for seq in range(months)
    ]


FACTS = verdicts()
EXPECTED = derive_builtin(RULES, FACTS)


NONSENSE = "durable-rules' answer makes no sense"


def child(code: str) -> Sequence[str]:
    """A child process that reads its requests, and does something else with them."""
    return (sys.executable, "-I", "-c", f"import sys, time\nfor line in sys.stdin: {code}")


def says(answer: str) -> Sequence[str]:
    """A child process that answers each request alike, by its number."""
    return child(f"n = globals().get('n', 0) + 1; print({answer!r}.replace('%d', str(n)), flush=True)")


def test_durable_rules_answers_and_says_its_version() -> None:
    with deriving() as run:
        assert run(RULES, FACTS) == (EXPECTED, Answered(f"durable-rules {durable.durable_version()}", ""))
    assert examine().engine.startswith("durable-rules 2.")


def test_several_sets_of_facts_and_packs_share_one_process() -> None:
    with Worker() as one:
        for seed in range(4):
            facts = verdicts(seed=seed)
            assert one.derive(RULES, facts) == derive_builtin(RULES, facts)
        first = one.process
        assert one.derive(NO_PACK, FACTS).facts == ()
        assert one.derive(RULES, FACTS) == EXPECTED
        assert first is one.process is not None


def test_the_process_ends_with_the_run() -> None:
    with Worker() as one:
        one.derive(RULES, FACTS)
        process = one.process
    assert process is not None
    assert process.poll() is not None


# ── Trouble ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ((sys.executable, "-I", WORKER, "no_such_module"), "durable-rules cannot be loaded"),
        (("/no/such/program",), "the process of durable-rules cannot be started"),
        (child("print('{oops', flush=True)"), NONSENSE),
        (child("print(7, flush=True)"), NONSENSE),
        (child("print('[' * 100000, flush=True)"), NONSENSE),
        (says('{"number": %d, "made": [[9, 1]], "whys": []}'), NONSENSE),
        (says('{"number": %d, "made": [], "whys": [[-1, 0, 0, 0]]}'), NONSENSE),
        (says('{"number": %d, "made": [], "whys": [[0, 0]]}'), NONSENSE),
        (says('{"number": %d, "made": [], "whys": [["0", 0, 1]]}'), NONSENSE),
        (says('{"number": 1, "made": [], "whys": []}'), NONSENSE),
        (child("sys.exit(3)"), "durable-rules stopped before it answered"),
        (child("sys.stdout.write('{'); sys.exit()"), "durable-rules stopped before it answered"),
    ],
)
def test_a_process_in_trouble_costs_nothing_but_itself(command: Sequence[str], why: str) -> None:
    with Worker(command=command) as one:
        assert derive(RULES, FACTS, one) == (EXPECTED, Answered("built-in", why))


def test_noise_on_stderr_is_no_answer_and_blocks_nothing() -> None:
    noisy = (
        "import runpy, sys; sys.stderr.write('x' * 10**6); sys.argv = ['', 'durable_rules_engine']; "
        f"runpy.run_path({WORKER!r}, run_name='__main__')"
    )
    with Worker(command=(sys.executable, "-I", "-c", noisy)) as one:
        assert derive(RULES, FACTS, one)[1].why == ""


def test_a_process_that_hangs_is_ended_in_time() -> None:
    began = time.monotonic()
    with Worker(seconds=0.2, command=child("time.sleep(60)")) as one:
        answered = Answered("built-in", "durable-rules did not answer within 0.2 s")
        assert derive(RULES, FACTS, one) == (EXPECTED, answered)
        assert one.process is None
    assert time.monotonic() - began < 30


@posix
def test_a_process_that_reads_nothing_is_ended_in_time() -> None:
    """The request is longer than a pipe holds: writing it waits too."""
    facts = verdicts(200, 60)
    with Worker(seconds=1) as one:
        one.derive(RULES, FACTS)
        assert one.process is not None
        os.kill(one.process.pid, signal.SIGSTOP)
        derived, answered = derive(RULES, facts, one)
    assert answered == Answered("built-in", "durable-rules did not answer within 1 s")
    assert derived == derive_builtin(RULES, facts)


def test_it_is_not_started_again_once_it_has_failed(tmp_path: Path) -> None:
    starts = tmp_path / "starts"
    code = f"import sys; open({str(starts)!r}, 'a').write('x'); sys.exit(1)"
    with Worker(command=(sys.executable, "-I", "-c", code)) as one:
        for _ in range(3):
            assert derive(RULES, FACTS, one)[1].why == "durable-rules stopped before it answered"
    assert starts.read_text(encoding="utf-8") == "x"


@posix
def test_killed_at_any_moment_the_answer_is_the_same() -> None:
    chance = random.Random(7)
    facts = verdicts(60, 12)
    expected = derive_builtin(RULES, facts)
    began = time.monotonic()
    with Worker() as one:
        one.derive(RULES, facts)
        took = time.monotonic() - began
    lost = 0
    for _ in range(40):
        with Worker() as one:
            ended = threading.Event()
            killer = threading.Thread(target=_kill, args=(one, chance.uniform(0, 1.2 * took), ended))
            killer.start()
            derived, answered = derive(RULES, facts, one)
            ended.set()
            killer.join()
            assert derived == expected
            if answered.engine == "built-in":
                lost += 1
                assert answered.why == "durable-rules stopped before it answered"
    assert lost >= 5


def _kill(one: Worker, after: float, ended: threading.Event) -> None:
    ended.wait(after)
    while one.process is None and not ended.is_set():
        time.sleep(0.001)
    process = one.process
    if process is not None:
        process.kill()


def test_not_installed_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def version(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(durable, "version", version)
    with deriving() as run:
        assert run(RULES, FACTS) == (EXPECTED, Answered("built-in", "durable-rules is not installed"))
    assert examine() == Answered("built-in", "durable-rules is not installed")


def test_the_environment_can_ask_for_the_built_in_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KPI_ENGINE", "built-in")
    with deriving() as run:
        assert run(RULES, FACTS) == (EXPECTED, Answered("built-in", "KPI_ENGINE=built-in asks for it"))


@given(rules=a_pack())
def test_every_join_ends_with_an_equality_that_cannot_fail(rules: Pack) -> None:
    """Without it durable-rules reads on past the tests of a pattern, and only sometimes crashes."""
    for text in rule_texts(rules):
        for written in json.loads(text).values():
            for pattern in written["all"][1:]:
                (tests,) = pattern.values()
                assert tests["$and"][-1] == {"o": {"p0": "o"}}


@given(rules=a_pack())
def test_no_word_of_a_rule_reaches_durable_rules(rules: Pack) -> None:
    own = r"boot|all|dist|t|o|[fpr]\d+|n\d+\$not|\$(and|add|l|r|neq|lte?|gte?)"
    for text in rule_texts(rules):
        assert all(re.fullmatch(own, word) for word in re.findall(r'"([^"]*)"', text))


def rule_texts(rules: Pack) -> list[str]:
    strata = json.loads(json.dumps(compiled(rules).strata))
    return [one["rules"] for stratum in strata for one in stratum]


# ── Limits ───────────────────────────────────────────────────────────────────


FIELDS = "a fact of type verdict has other fields than its type"


def many_patterns() -> Pack:
    when: dict[str, dict[str, Value]] = {f"p{n}": {"is": "verdict", "seq": 1} for n in range(16)}
    return pack([rule("wide", when, {"is": "outranked", "kind": "", "about": "", "seq": 1})])


def many_values() -> Pack:
    words: list[Value] = [f"i{n}" for n in range(30)]
    numbers: list[Value] = list(range(30))
    listed: dict[str, dict[str, Value | list[Value]]] = {
        "a": {"is": "verdict", "indicator": words, "seq": numbers}
    }
    return pack([rule("long", listed, {"is": "outranked", "kind": "", "about": "", "seq": 1})])


@pytest.mark.parametrize(
    ("rules", "facts", "why"),
    [
        (RULES, verdicts(FACTS_AT_MOST // 12 + 1), f"there are more than {FACTS_AT_MOST} facts"),
        (
            RULES,
            [verdict("a", 2**53 + 1)],
            "a fact or rule holds what is neither text nor a number up to 2**53",
        ),
        (RULES, [verdict("a", 1, days_left="soon")], FIELDS),
        (many_patterns(), [verdict("a", 2)], "rule wide has too many patterns"),
        (many_values(), FACTS, "rule long lists too many values"),
    ],
    ids=["facts", "number", "kind", "patterns", "values"],
)
def test_beyond_its_limits_the_built_in_engine_answers(rules: Pack, facts: list[Fact], why: str) -> None:
    with Worker() as one:
        assert derive(rules, facts, one) == (derive_builtin(rules, facts), Answered("built-in", why))
        assert derive(RULES, FACTS, one)[1].why == ""  # the next set may fit


def test_rules_without_end_are_ended() -> None:
    counts = rule("counts", {"a": {"is": "step"}}, {"is": "step", "n": "$a.n + 1"})
    endless = pack([counts], types={"step": {"n": NUMBER}})
    with Worker(seconds=60) as one, pytest.raises(DurableError, match="derive more than 20000 facts"):
        one.derive(endless, [fact("step", {"n": 0})])


def test_numbers_never_grow_into_texts() -> None:
    doubles = rule("grows", {"a": {"is": "step"}}, {"is": "step", "n": f"$a.n + {2**53}"})
    growing = pack([doubles], types={"step": {"n": NUMBER}})
    with Worker() as one, pytest.raises(DurableError, match="a number that is too great"):
        one.derive(growing, [fact("step", {"n": 0})])


def test_rules_that_match_everything_with_everything_are_ended_in_time() -> None:
    when: dict[str, dict[str, Value]] = {name: {"is": "verdict"} for name in "abc"}
    all_of_it = pack([rule("all", when, {"is": "outranked", "kind": "", "about": "", "seq": 1})])
    with Worker(seconds=0.5) as one, pytest.raises(DurableError, match=r"did not answer within 0\.5 s"):
        one.derive(all_of_it, FACTS)


def test_ids_of_one_run_have_different_hashes() -> None:
    """durable-rules tells facts apart by a 32-bit FNV-1a hash of their id alone."""
    seen = {_fnv1a(b"sid-0")}
    most = 100_000
    for n in range(1, most + 1):
        seen.add(_fnv1a(b"%d" % n))
    assert len(seen) == most + 1
    assert most > 2 * (FACTS_AT_MOST + worker.MADE_AT_MOST + 1) + 1


def _fnv1a(text: bytes) -> int:
    value = 2166136261
    for byte in text:
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_hundred_runs_cost_no_more_memory_than_ten(capsys: pytest.CaptureFixture[str]) -> None:
    facts = verdicts(24, 12)
    sizes = []
    with Worker(seconds=60) as one:
        for _ in range(110):
            one.derive(RULES, facts)
            assert one.process is not None
            sizes.append(_resident(one.process.pid))
    with capsys.disabled():
        print(f"\nworker: {sizes[9] / 1024:.1f} MB after 10 runs, {sizes[-1] / 1024:.1f} MB after 110")  # noqa: T201
    assert sizes[-1] - sizes[9] < 4 * 1024


def _resident(pid: int) -> int:
    """Memory in use, kB."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    return int(status.split("VmRSS:")[1].split()[0])
