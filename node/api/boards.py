"""Boards and their decisions: public reads, and the calls of a proposal for board members."""

from __future__ import annotations

from aiohttp import web

from node.api import queries_boards
from node.api import shapes_boards as shapes
from node.api.accounts import read_own, reader
from node.api.chain import CODE
from node.api.endpoint import Api, ApiMistake, Route, path_id
from node.api.shapes import Shape


async def board(api: Api, request: web.Request) -> Shape:
    wijk, prefix = _wijk(request), api.prefix
    found = await api.read(lambda replica: queries_boards.board(replica.ledger, wijk, prefix))
    if found is None:
        raise _no_board()
    return found


async def proposals(api: Api, request: web.Request) -> Shape:
    wijk, prefix = _wijk(request), api.prefix
    return await api.read(
        lambda replica: queries_boards.open_proposals(replica.ledger, wijk, prefix)
    )


async def proposal(api: Api, request: web.Request) -> Shape:
    id = path_id(request)
    found = await api.read(lambda replica: queries_boards.proposal(replica.ledger, id))
    if found is None:
        raise _no_proposal()
    return found


async def own_proposal(api: Api, request: web.Request) -> Shape:
    session, id = reader(api, request), path_id(request)
    found = await read_own(
        api,
        session,
        lambda replica: queries_boards.proposal(replica.ledger, id, reader=session.account),
    )
    if found is None:
        raise _no_proposal()
    return found


async def motions(api: Api, request: web.Request) -> Shape:
    return await api.read(lambda replica: queries_boards.open_motions(replica.ledger))


async def motion(api: Api, request: web.Request) -> Shape:
    id = path_id(request)
    found = await api.read(lambda replica: queries_boards.motion(replica.ledger, id))
    if found is None:
        raise _no_proposal()
    return found


async def own_motion(api: Api, request: web.Request) -> Shape:
    session, id = reader(api, request), path_id(request)
    found = await read_own(
        api,
        session,
        lambda replica: queries_boards.motion(replica.ledger, id, reader=session.account),
    )
    if found is None:
        raise _no_proposal()
    return found


def _wijk(request: web.Request) -> str:
    code = request.match_info["code"]
    if CODE.fullmatch(code) is None:
        raise _no_board()
    return code


def _no_board() -> ApiMistake:
    return ApiMistake(404, "UnknownBoard", "No wijk of this code has a board on this chain.")


def _no_proposal() -> ApiMistake:
    return ApiMistake(
        404, "UnknownProposal", "There is no proposal of this id; it is that of its transaction."
    )


ROUTES = (
    Route(
        "GET", "/v1/wijken/{code}", board, "A wijk's board and treasury.", shapes.BoardAnswer,
        mistakes=(404,),
    ),
    Route(
        "GET", "/v1/wijken/{code}/proposals", proposals, "What lies before a board.",
        shapes.ProposalsAnswer, mistakes=(404,),
    ),
    Route(
        "GET", "/v1/proposals/{id}", proposal, "A proposal to a board.", shapes.ProposalShape,
        mistakes=(400, 404),
    ),
    Route("GET", "/v1/motions", motions, "What lies before all boards.", shapes.MotionsAnswer),
    Route(
        "GET", "/v1/motions/{id}", motion, "A proposal to all boards.", shapes.MotionShape,
        mistakes=(400, 404),
    ),
    Route(
        "GET", "/v1/accounts/{address}/proposals/{id}", own_proposal,
        "A proposal, with its calls in full for members of the board.", shapes.ProposalShape,
        reader=True, mistakes=(404,),
    ),
    Route(
        "GET", "/v1/accounts/{address}/motions/{id}", own_motion,
        "A proposal to all boards, with its calls in full for board members.", shapes.MotionShape,
        reader=True, mistakes=(404,),
    ),
)  # fmt: skip
