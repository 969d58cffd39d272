"""Changes of the rules: parameters within their bounds, versions from a height on.

Part of the federation contract. Whether a node's release carries a version is never asked here:
nodes differ in it. A node without it stops before that height and says so.
"""

from __future__ import annotations

from chain.authority import Federation
from chain.codec import U16, U53, Code, Height, Record
from chain.contract import Context
from chain.errors import Rejected
from chain.events import event
from chain.rules import (
    ACTIVATIONS,
    PARAMETER_LIST,
    PARAMETERS,
    Activation,
    Parameter,
    ParameterValue,
    schedule_activation,
    version_of,
)
from chain.state import Draft, View

ACTIVATION_NOTICE = Parameter(
    "activation_notice", 1_000, 3, 10_000_000, "blocks between deciding a version and its start"
)


class UnknownParameter(Rejected):
    code = 420
    fields = ("name",)


class OutOfBounds(Rejected):
    code = 421
    fields = ("name", "value", "low", "high")


class TooSoon(Rejected):
    """Operators need time to install; `earliest` is the first height that is allowed."""

    code = 422
    fields = ("height", "earliest")


class NotNewer(Rejected):
    """The version is not above the one in force or decided; versions never go back."""

    code = 423
    fields = ("name", "version", "newest")


class SetParameter(Record, tag=1):
    name: Code
    value: U53


class Activate(Record, tag=1):
    """From `height` on, contract `name` (or `protocol`) has this version."""

    name: Code
    version: U16
    height: Height


@event
class ParameterSet(Record, tag=420):
    name: Code
    value: U53


@event
class VersionDecided(Record, tag=421):
    name: Code
    version: U16
    height: Height


def set_parameter(draft: Draft, context: Context, args: SetParameter) -> None:
    """Refuses NotAuthorised (Federation), UnknownParameter, OutOfBounds, in that order."""
    context.require(Federation())
    parameter = PARAMETER_LIST.get(args.name)
    if parameter is None:
        raise UnknownParameter(args.name)
    if not parameter.low <= args.value <= parameter.high:
        raise OutOfBounds(args.name, args.value, parameter.low, parameter.high)
    draft.put(PARAMETERS, args.name, ParameterValue(args.value))
    context.emit(ParameterSet(args.name, args.value))


def activate(draft: Draft, context: Context, args: Activate) -> None:
    """Refuses NotAuthorised (Federation), TooSoon, NotNewer, in that order."""
    context.require(Federation())
    earliest = context.height + ACTIVATION_NOTICE.of(draft)
    if args.height < earliest:
        raise TooSoon(args.height, earliest)
    newest = newest_version(draft, args.name)
    if args.version <= newest:
        raise NotNewer(args.name, args.version, newest)
    schedule_activation(draft, Activation(args.height, args.name, args.version))
    context.emit(VersionDecided(args.name, args.version, args.height))


def newest_version(view: View, name: str) -> int:
    """In force or decided; 0 for a contract that is not known."""
    decided = [a.version for _, a in view.scan(ACTIVATIONS) if a.name == name]
    return max([version_of(view, name), *decided])


def found_parameter(draft: Draft, name: str, value: int) -> None:
    """Set a parameter at genesis. Raises ValueError with a sentence."""
    parameter = PARAMETER_LIST.get(name)
    if parameter is None:
        raise ValueError(f"there is no parameter {name!r}")
    if not parameter.low <= value <= parameter.high:
        raise ValueError(f"{name} is {parameter.low} to {parameter.high}, not {value}")
    draft.put(PARAMETERS, name, ParameterValue(value))
