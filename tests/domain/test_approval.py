"""Who must approve, and what that is bound to: pure rules."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.domain.approval_policy import ApprovalRule, lacking
from services.domain.configuration import DEFAULT
from services.domain.proof_hash import proof_hash
from services.domain.variants import Variant

URGENT: dict[str, Any] = {"kind": "alert", "urgency": "urgent", "audiences": {"governors", "bcm-leads"}}


@pytest.mark.parametrize(
    ("rules", "approvals", "needed"),
    [
        ([], [], ["1 more by approver or crisis-manager"]),
        ([], [["approver"]], []),
        ([], [["author"]], ["1 more by approver or crisis-manager"]),
        ([{"count": 2}], [["approver"]], ["1 more by approver or crisis-manager"]),
        ([{"count": 2}], [["approver"], ["crisis-manager"]], []),
        ([{"roles": ["crisis-manager"]}], [["approver"]], ["1 more by crisis-manager"]),
        ([{"roles": ["crisis-manager"]}], [["approver", "crisis-manager"]], []),
        ([{"kinds": ["update"], "count": 3}], [["approver"]], []),
        ([{"urgencies": ["routine"], "count": 3}], [["approver"]], []),
        ([{"audiences": ["public"], "count": 3}], [["approver"]], []),
        ([{"audiences": ["governors"], "count": 2}], [["approver"]], ["1 more by approver or crisis-manager"]),
        ([{"count": 1}, {"roles": ["crisis-manager"], "count": 2}], [["approver"]], ["2 more by crisis-manager"]),
    ],
)
def test_every_rule_that_fits_must_be_met(rules, approvals, needed):
    """A stricter rule stands beside the general one, and one approval is needed always."""
    assert lacking([ApprovalRule(**rule) for rule in rules], approvals, **URGENT) == needed


@pytest.mark.parametrize(
    "rule",
    [
        {"roles": ["author"]},
        {"audiences": ["nobody"]},
        {"kinds": ["rumour"]},
        {"urgencies": ["soon"]},
        {"roles": []},
        {"count": 0},
        {"who": "me"},
    ],
)
def test_a_rule_that_nobody_could_meet_is_no_configuration(rule):
    """It would be found out at night, with a message that cannot be released."""
    with pytest.raises(ValueError):
        DEFAULT.model_validate(DEFAULT.model_dump() | {"approval": [rule]})


variants = st.builds(
    Variant,
    **dict.fromkeys((field.name for field in fields(Variant)), st.text(st.characters(codec="utf-8"), max_size=8)),
)
proofs = st.fixed_dictionaries(
    {
        "content_hash": st.text(max_size=8),
        "phase": st.sampled_from(DEFAULT.phase_ids),
        "corrects": st.none() | st.just("x"),
        "told": st.lists(st.text(max_size=3), max_size=3),
        "variants": st.lists(variants, min_size=1, max_size=4),
        "contacts": st.text(max_size=8),
    }
)


@given(proofs, st.randoms())
def test_the_order_of_variants_is_no_difference(proof, chance):
    """PostgreSQL may give them in any order."""
    shuffled = proof | {"variants": chance.sample(proof["variants"], len(proof["variants"]))}
    assert proof_hash(**proof) == proof_hash(**shuffled)


@given(proofs, st.data())
def test_whatever_changes_is_another_proof(proof, data):
    """One letter of one version, who gets it, or what it corrects."""
    place = data.draw(st.integers(0, len(proof["variants"]) - 1))
    field = data.draw(st.sampled_from([each.name for each in fields(Variant)]))
    one = proof["variants"][place]
    changed = [*proof["variants"]]
    changed[place] = replace(one, **{field: getattr(one, field) + "."})
    others = [
        {"variants": changed},
        {"variants": proof["variants"][1:]},
        {"content_hash": proof["content_hash"] + "."},
        {"contacts": proof["contacts"] + "."},
        {"corrects": None if proof["corrects"] else "x"},
        {"told": [*proof["told"], "nieuw"]},
        {"phase": "another"},
    ]
    assert proof_hash(**proof) not in {proof_hash(**(proof | other)) for other in others}
