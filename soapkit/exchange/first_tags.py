"""What may stand first in the Body of a message: how messages are told apart."""

from __future__ import annotations

from soapkit.databinding.shape import AnyField, ChoiceField, ElementField, Shapes
from soapkit.operations import Message


def first_tags(message: Message, shapes: Shapes) -> list[str | None]:
    """The Clark names that may stand first in the Body; None for an empty Body."""
    if message.tag is not None:
        return [message.tag]
    tags: list[str | None] = []
    for leaf in shapes[message.record].elements:
        if isinstance(leaf, ElementField):
            tags.append(leaf.tag)
        elif isinstance(leaf, ChoiceField):
            tags += [alternative.tag for alternative in leaf.alternatives if alternative.tag]
        if not isinstance(leaf, AnyField) and leaf.minimum > 0:
            return tags
    return [*tags, None]
