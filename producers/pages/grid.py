"""The places on the board as classes, because the policy allows no style on an element."""

from functools import cache

from fastapi import APIRouter, Response

from domain.board import MOST_LANES, STEPS_PER_DAY

router = APIRouter(include_in_schema=False)


@router.get("/static/grid.css")
def grid() -> Response:
    return Response(_css(), media_type="text/css")


@cache
def _css() -> str:
    rules = [f".at-{step}{{grid-row-start:{step + 1}}}" for step in range(STEPS_PER_DAY)]
    rules += [f".for-{steps}{{grid-row-end:span {steps}}}" for steps in range(1, STEPS_PER_DAY + 1)]
    rules += [f".hours-{hours}{{--hours:{hours}}}" for hours in range(1, 25)]
    for lane in range(MOST_LANES):
        rules.append(f".lane-{lane}{{grid-column:{lane + 1}/span 1}}")
        rules.append(f".lane-{lane}.last-lane{{grid-column:{lane + 1}/-1}}")
        rules.append(f".lanes-{lane + 1}{{--lanes:{lane + 1}}}")
    return "\n".join(rules)
