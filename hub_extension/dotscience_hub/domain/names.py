"""Names for things that people did not name."""

from __future__ import annotations

import secrets

_FIRST = """
    amber autumn brave bright calm clear clever copper coral crisp eager early gentle golden green happy hidden humble
    keen kind late lively lucky mellow misty noble patient polite proud quick quiet rapid scarlet silent silver simple
    sunny swift tidy upright warm wild winter wise young
"""
_SECOND = """
    badger beaver birch brook canyon cedar comet coyote cricket dolphin falcon fern finch fjord forest fox garden
    glacier harbor hawk heron island lagoon lake lynx maple meadow moon mountain ocean otter owl panda pine planet
    prairie raven reef river robin salmon sparrow spruce star tiger valley walrus willow wolf wren
"""
_ADJECTIVES, _NOUNS = (words.split() for words in (_FIRST, _SECOND))


def pick_name() -> str:
    """A name such as ``quiet-otter-417``. Names need not be unique, but mixing two up is no fun."""
    return f"{secrets.choice(_ADJECTIVES)}-{secrets.choice(_NOUNS)}-{secrets.randbelow(900) + 100}"
