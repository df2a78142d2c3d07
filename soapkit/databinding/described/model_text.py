"""``(a, (b | (c, d))?, e)`` -> a content model: the notation in which `xml_type` says one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from soapkit.databinding.shape import All, Choice, ElementLike, Particle, Sequence, leaves
from soapkit.errors import Place, UsageError
from soapkit.xml.names import did_you_mean

_TOKEN = re.compile(r"\s*([(),|&?]|[^\s(),|&?]+)")
_GROUPS: dict[str, type[Sequence | Choice | All]] = {",": Sequence, "|": Choice, "&": All}


def parse_model(
    text: str, fields: Mapping[str, ElementLike], *, spare: Collection[str] = (), where: str = ""
) -> Sequence | Choice | All:
    """The model that `text` says of `fields`, by their Python names.

    `spare`: fields that the text may leave out (a restriction drops those of its base). Raises `UsageError` for a text
    that cannot be read, an unknown field, and any other field that the text leaves out.
    """
    place = Place(path=where)
    tokens = _TOKEN.findall(text)[::-1]

    def fail(message: str) -> UsageError:
        return UsageError(f"the content model {text!r} {message}", place=place)

    def take() -> str:
        if not tokens:
            raise fail("ends too early")
        token: str = tokens.pop()
        return token

    def particle() -> Particle:
        word = take()
        if word == "(":
            return group()
        if word not in fields:
            raise fail(f"names {word}, which is no element field{did_you_mean(word, fields)}")
        if tokens and tokens[-1] == "?":  # says again what the field itself says
            tokens.pop()
        return fields[word]

    def group() -> Sequence | Choice | All:
        particles, between = [], ""
        if tokens and tokens[-1] == ")":
            tokens.pop()
            return Sequence()
        while True:
            particles.append(particle())
            word = take()
            if word == ")":
                break
            if word not in _GROUPS or between not in ("", word):
                raise fail(f"has {word!r} where {between or 'a comma, | or &'} was expected")
            between = word
        optional = bool(tokens) and tokens[-1] == "?"
        if optional:
            tokens.pop()
        return _GROUPS[between or ","](tuple(particles), optional)

    if take() != "(":
        raise fail("does not begin with (")
    model = group()
    if tokens:
        raise fail(f"goes on after its end: {tokens[-1]!r}")
    left_out = fields.keys() - {leaf.name for leaf in leaves(model)} - set(spare)
    if left_out:
        raise fail(f"leaves out {', '.join(sorted(left_out))}")
    return model


def model_text(model: Particle) -> str:
    """The pair of `parse_model`: the notation of a model."""
    if not isinstance(model, (Sequence, Choice, All)):
        return model.name
    mark = " | " if isinstance(model, Choice) else " & " if isinstance(model, All) else ", "
    return "(" + mark.join(model_text(inner) for inner in model.particles) + (")?" if model.optional else ")")
