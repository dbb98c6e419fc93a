"""The benchmark's own judgement: when a run does not count, and what every figure's line says."""

import json

import pytest

from tests.benchmarks.judgement import Account, FailedRun, Figure, Target, failed, figure_of, judge, percentile, table

GOOD = Account(recipients=100, state="done", counts={"accepted": 100}, possible_duplicates=0, at_sink=100)
PROMISED = {
    "figure",
    "value",
    "unit",
    "target",
    "met",
    "spread",
    "values",
    "reason",
    "comparable",
    "details",
    "machine",
}


def changed(**fields):
    """A good account but for these."""
    return Account(**{**GOOD.__dict__, **fields})


def test_a_run_in_which_ledger_and_sink_agree_on_everyone_counts():
    """Else every figure would be a failed one. Reports of what became of a mail later take nothing away."""
    judge(GOOD)
    judge(changed(counts={"accepted": 60, "delivered": 40}))


@pytest.mark.parametrize(
    "account",
    [
        pytest.param(changed(at_sink=99), id="the sink has one less: recorded, and not sent"),
        pytest.param(changed(at_sink=101), id="the sink has one more: sent twice, or not recorded"),
        pytest.param(changed(counts={"accepted": 99, "deferred": 1}, at_sink=99), id="both agree, on too few"),
        pytest.param(changed(counts={"accepted": 99, "unknown": 1}), id="one in doubt that did arrive"),
        pytest.param(changed(state="sending"), id="not done"),
        pytest.param(changed(possible_duplicates=1), id="a doubt although nothing failed"),
    ],
)
def test_a_run_in_which_ledger_and_sink_disagree_is_a_failed_run(account):
    """Speed bought with correctness does not count."""
    with pytest.raises(FailedRun):
        judge(account)


@pytest.mark.parametrize(
    "figure",
    [
        figure_of("mail", "of smtp-source", Target("at least", 0.6), [0.7, 0.5, 0.8], details={"recipients": 10}),
        failed("mail", "of smtp-source", Target("at least", 0.6), "the sink counted 99, the ledger 100"),
    ],
)
def test_every_line_says_what_was_promised(figure):
    """Programs read these lines; a failed figure has the same fields as a good one."""
    found = json.loads(figure.line({"load_before": 0.1, "cores": 2, "versions": {}, "commit": "abc"}))
    assert set(found) >= PROMISED
    assert set(found["machine"]) >= {"load_before", "cores", "versions", "commit"}
    assert (found["value"] is None) == (found["reason"] is not None)


def test_the_value_is_the_median_and_the_spread_its_lowest_and_highest():
    """A figure without its spread claims more than was measured."""
    figure = figure_of("mail", "x", Target("at least", 0.6), [0.9, 0.5, 0.7])
    line = json.loads(figure.line({}))
    assert (line["value"], line["spread"]) == (0.7, [0.5, 0.9])


@pytest.mark.parametrize(
    ("bound", "value", "met"), [("at least", 0.6, True), ("at least", 0.59, False), ("at most", 1.0, True),
                                ("at most", 1.01, False)],
)  # fmt: skip
def test_a_target_is_met_at_its_bound_and_not_beyond(bound, value, met):
    """Both kinds: rates are at least, seconds at most."""
    assert Target(bound, 0.6 if bound == "at least" else 1.0).met(value) is met


def test_what_cannot_be_compared_is_neither_met_nor_missed():
    """Without smtp-source there is a rate, and nothing to hold it against; a failed figure has met nothing either."""
    target = Target("at least", 0.6)
    assert figure_of("mail", "x", target, [9000.0], comparable=False).met is None
    assert failed("mail", "x", target, "no smtp-source").met is None
    assert Figure("two-workers", "x", Target("at least", 1.7), value=1.2, excuse="the CPU is the bound").met is None
    assert Figure("two-workers", "x", Target("at least", 1.7), value=1.8, excuse="the CPU is the bound").met is True


def test_the_95th_percentile_is_a_value_that_was_measured():
    """Of twenty the nineteenth: one slow one is let pass, two are not."""
    assert percentile([*([0.1] * 19), 9.0], 0.95) == 0.1
    assert percentile([*([0.1] * 18), 9.0, 9.0], 0.95) == 9.0
    assert percentile([0.3], 0.95) == 0.3


def test_the_table_names_every_figure_and_why_one_has_no_value():
    """It is what people read."""
    shown = table(
        [
            figure_of("mail", "x", Target("at least", 0.6), [0.7]),
            failed("sms", "y", Target("at least", 1000), "no answer"),
        ]
    )
    assert "mail" in shown
    assert "no answer" in shown
