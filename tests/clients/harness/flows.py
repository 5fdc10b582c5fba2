"""Small flows, written as steps in order."""

from __future__ import annotations

import json

VERSION = "2019-10-30"


def action(identifier: str, kind: str, parameters=None, *, then=None, errors=None, conditions=None) -> dict:
    """One action. `errors` maps an error type to the next action; `conditions` lists (operator, operand, next)."""
    transitions: dict = {}
    if then is not None:
        transitions["NextAction"] = then
    if errors:
        transitions["Errors"] = [{"ErrorType": error, "NextAction": to} for error, to in errors.items()]
    if conditions:
        transitions["Conditions"] = [
            {"NextAction": to, "Condition": {"Operator": operator, "Operands": [operand]}}
            for operator, operand, to in conditions
        ]
    return {"Identifier": identifier, "Type": kind, "Parameters": parameters or {}, "Transitions": transitions}


def content(*actions: dict, start: str | None = None) -> str:
    """A flow of these actions, which begins with the first unless told otherwise."""
    return json.dumps({"Version": VERSION, "StartAction": start or actions[0]["Identifier"], "Actions": list(actions)})


def end(identifier: str = "end") -> dict:
    return action(identifier, "DisconnectParticipant")


def stay(identifier: str = "stay", seconds: int = 604_800, then: str = "end") -> dict:
    """Waits a week, so that the task stays in its flow."""
    return action(
        identifier,
        "Wait",
        {"TimeLimitSeconds": str(seconds)},
        then=then,
        errors={"NoMatchingError": then},
        conditions=[("Equals", "WaitCompleted", then)],
    )


def set_attributes(identifier: str, then: str, **values: str) -> dict:
    errors = {"NoMatchingError": "end"}
    return action(identifier, "UpdateContactAttributes", {"Attributes": values}, then=then, errors=errors)


def set_queue(identifier: str, queue_id: str, then: str) -> dict:
    errors = {"NoMatchingError": "end"}
    return action(identifier, "UpdateContactTargetQueue", {"QueueId": queue_id}, then=then, errors=errors)


def to_queue(identifier: str = "queue", then: str = "end", at_capacity: str = "end", failed: str = "end") -> dict:
    errors = {"QueueAtCapacity": at_capacity, "NoMatchingError": failed}
    return action(identifier, "TransferContactToQueue", then=then, errors=errors)


def into_queue(queue_id: str) -> str:
    """Sets the working queue and transfers to it."""
    return content(set_queue("working queue", queue_id, "queue"), to_queue(), end())


def into_target_queue() -> str:
    """Queues the task in the queue that the transfer named."""
    return content(to_queue(), end())


def waiting() -> str:
    """A flow that does nothing for a week."""
    return content(stay(), end())


def ending() -> str:
    """A flow that ends the task at once."""
    return content(end())


def marking(key: str, value: str, then_queue: str | None = None) -> str:
    """Sets one attribute, then waits, or queues the task."""
    if then_queue is None:
        return content(set_attributes("mark", "stay", **{key: value}), stay(), end())
    return content(
        set_attributes("mark", "working queue", **{key: value}),
        set_queue("working queue", then_queue, "queue"),
        to_queue(),
        end(),
    )
