"""The rules for regions in a Genesis document (the table is in rules.py)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from chain.state import Draft
from genesis.build import Nothing, region_record
from genesis.document import RegionPart
from genesis.findings import Finding, refusal_of, repeated
from genesis.texts import _
from governance_contracts.areas.boundaries import check_rings
from governance_contracts.areas.regions import REGIONS, BadRegion, found_region


def region_findings(regions: Sequence[RegionPart]) -> Iterator[Finding]:
    """Each region is entered in a scratch state as the contract does it, right or wrong."""
    draft = Draft(Nothing())
    for code in sorted(repeated(region.code for region in regions)):
        yield Finding(
            "region-code", f"region {code}", _("each once"), _("It is listed twice; drop one.")
        )
    for region in regions:
        where = f"region {region.code}"
        if draft.get(REGIONS, region.code) is not None:
            continue
        record = region_record(region)
        refusal = refusal_of(partial(found_region, draft, record))
        match refusal:
            case None:
                pass
            case BadRegion():
                yield Finding(
                    "region-code",
                    where,
                    _("a {field} that fits an area of level {level}").format(
                        field=refusal.named()["field"], level=region.level
                    ),
                    _(
                        "Codes are those of CBS (GM0361, WK036101, BU03610101), dates YYYY-MM-DD, "
                        "adults at most the inhabitants."
                    ),
                )
            case _:
                yield Finding(
                    "region-parent",
                    where,
                    _("the area around it, listed before, not {found}").format(
                        found=", ".join(region.parent)
                    ),
                    _("List wide areas first; a wijk's code begins with its gemeente's number."),
                )
        draft.put(REGIONS, region.code, record)
        problem = refusal_of(partial(check_rings, region.code, region.rings))
        if problem is not None:
            yield Finding(
                "boundary",
                where,
                _("rings of three or more different points on the earth, 4,096 at most"),
                _("The boundary has: {problem}. Import it again.").format(
                    problem=problem.named()["problem"]
                ),
            )
