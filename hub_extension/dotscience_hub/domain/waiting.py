"""What a queued task waits for, in one sentence."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .matching import Demand, Offer, missing


@dataclass(frozen=True)
class Candidate:
    """A runner that works for the task's people.

    Attributes:
        offer: What it has, its GPUs counted as if all were free.
        online: Whether it was heard of lately.
    """

    offer: Offer
    online: bool


def waiting_message(demand: Demand, candidates: Sequence[Candidate]) -> str:
    """What the task waits for."""
    online = [candidate.offer for candidate in candidates if candidate.online]
    wanted = "a runner" + _with(demand)
    if not candidates:
        return f"Waiting for {wanted}; there is none that works for you yet: `ds runner create` makes one."
    if not online:
        several = f"none of the {len(candidates)} that work for you is online"
        return f"Waiting for {wanted}; {several if len(candidates) > 1 else 'the one that works for you is offline'}."
    if any(offer.meets(demand) for offer in online):
        return f"Waiting for {wanted} to be free."
    return f"Waiting for {wanted}; {_count(len(online))} {_is(len(online))} online, {_lack(demand, online)}."


def _with(demand: Demand) -> str:
    parts = [_label(key, value) for key, value in sorted(demand.labels.items())]
    if demand.gpus == 1:
        parts.append("a GPU")
    elif demand.gpus:
        parts.append("GPUs" if demand.gpus < 0 else f"{demand.gpus} GPUs")
    return f" with {' and '.join(parts)}" if parts else ""


def _label(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def _lack(demand: Demand, online: Sequence[Offer]) -> str:
    nobody = [key for key in demand.labels if all(_lacks(demand.labels, offer, key) for offer in online)]
    if len(nobody) in (0, len(demand.labels)) or demand.gpus:
        return "none has it" if len(demand.labels) + bool(demand.gpus) == 1 else "none has all of it"
    return f"none has {' or '.join(_label(key, demand.labels[key]) for key in sorted(nobody))}"


def _lacks(wanted: Mapping[str, str], offer: Offer, key: str) -> bool:
    return key in missing(wanted, offer.labels)


def _count(number: int) -> str:
    return f"{number} runner{'' if number == 1 else 's'}"


def _is(number: int) -> str:
    return "is" if number == 1 else "are"
