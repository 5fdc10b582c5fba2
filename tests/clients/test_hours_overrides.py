"""Overrides of hours of operation: what they say, and which hours there are in effect."""

import datetime

from harness import flows
from harness.connect import absent_id, unique

NINE, FIVE, NOON, MIDNIGHT = ({"Hours": hours, "Minutes": 0} for hours in (9, 17, 12, 0))
WEEK = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")


def entry(day: str, start: dict, end: dict) -> dict:
    return {"Day": day, "StartTime": start, "EndTime": end}


def office(instance, **parameters) -> str:
    """Hours from nine to five on every day."""
    parameters.setdefault("Config", [entry(day, NINE, FIVE) for day in WEEK])
    parameters.setdefault("TimeZone", "UTC")
    return instance.create_hours_of_operation(Name=unique("hours"), **parameters)["HoursOfOperationId"]


def override(hours: str, **parameters) -> dict:
    parameters.setdefault("Name", unique("override"))
    parameters.setdefault("Config", [])
    parameters.setdefault("EffectiveFrom", "2026-12-24")
    parameters.setdefault("EffectiveTill", "2026-12-26")
    return {"HoursOfOperationId": hours, **parameters}


def test_an_override_comes_back_as_it_was_given(instance):
    hours = office(instance)
    recurrence = {"Frequency": "YEARLY", "Interval": 1, "ByMonth": [12], "ByMonthDay": [24, -1]}
    given = override(
        hours,
        Description="what for",
        Config=[entry("THURSDAY", NINE, NOON)],
        EffectiveTill="2030-12-31",
        RecurrenceConfig={"RecurrencePattern": recurrence},
        OverrideType="STANDARD",
    )
    made = instance.create_hours_of_operation_override(**given)["HoursOfOperationOverrideId"]
    on = {"HoursOfOperationId": hours, "HoursOfOperationOverrideId": made}
    shown = instance.describe_hours_of_operation_override(**on)["HoursOfOperationOverride"]
    assert shown == given | on | {"HoursOfOperationArn": instance.arn_of("operating-hours", hours)}
    weekly = {"RecurrencePattern": {"Frequency": "WEEKLY", "Interval": 2}}
    change = {"Name": unique("renamed"), "OverrideType": "OPEN", "EffectiveTill": "2027-01-06"}
    instance.update_hours_of_operation_override(**on, **change, RecurrenceConfig=weekly)
    instance.update_hours_of_operation_override(**on, Config=[entry("FRIDAY", NOON, FIVE)])
    shown = instance.describe_hours_of_operation_override(**on)["HoursOfOperationOverride"]
    assert {member: shown[member] for member in change} == change
    assert (shown["RecurrenceConfig"], shown["Config"]) == (weekly, [entry("FRIDAY", NOON, FIVE)])
    instance.delete_hours_of_operation_override(**on)
    for operation in (
        "describe_hours_of_operation_override",
        "update_hours_of_operation_override",
        "delete_hours_of_operation_override",
    ):
        instance.refused("ResourceNotFoundException", "override", operation, **on)
        absent = {"HoursOfOperationId": absent_id(), "HoursOfOperationOverrideId": absent_id()}
        instance.refused("ResourceNotFoundException", "hours", operation, **absent)


def test_lists_and_the_number_of_overrides(instance):
    hours = office(instance)
    for _ in range(50):
        instance.create_hours_of_operation_override(**override(hours))
    of_hours = {"HoursOfOperationId": hours}
    pages = instance.pages("list_hours_of_operation_overrides", "HoursOfOperationOverrideList", 30, **of_hours)
    assert [len(page) for page in pages] == [30, 20]
    one_more = override(hours)
    instance.refused("LimitExceededException", "50", "create_hours_of_operation_override", **one_more)
    listing = "list_hours_of_operation_overrides"
    instance.refused("InvalidParameterException", "NextToken", listing, **of_hours, NextToken="nonsense")
    instance.refused("ResourceNotFoundException", "hours", listing, HoursOfOperationId=absent_id())


def test_refused_overrides(instance):
    hours, taken = office(instance), unique("taken")
    instance.create_hours_of_operation_override(**override(hours, Name=taken))
    other = instance.create_hours_of_operation_override(**override(hours))["HoursOfOperationOverrideId"]

    def refused(exception, part, **change):
        instance.refused(exception, part, "create_hours_of_operation_override", **override(hours) | change)

    refused("DuplicateResourceException", taken, Name=taken)
    refused("InvalidParameterException", "before", EffectiveTill="2026-12-23")
    refused("InvalidParameterException", "2026-02-30", EffectiveFrom="2026-02-30")
    refused("InvalidParameterException", "EffectiveFrom", EffectiveFrom="tomorrow")
    refused("InvalidParameterException", "Config[0]", Config=[{"Day": "MONDAY"}])
    refused("InvalidParameterException", "OverrideType", OverrideType="MAYBE")
    refused("ResourceNotFoundException", "hours", HoursOfOperationId=absent_id())
    on = {"HoursOfOperationId": hours, "HoursOfOperationOverrideId": other}
    update = "update_hours_of_operation_override"
    instance.refused("DuplicateResourceException", taken, update, **on, Name=taken)
    instance.refused("InvalidParameterException", "before", update, **on, EffectiveFrom="2027-01-01")


def test_effective_hours(instance):
    hours = office(instance)
    short = override(hours, Name="short", Config=[entry("THURSDAY", NINE, NOON)], EffectiveTill="2026-12-24")
    closed = override(hours, Name="closed", OverrideType="CLOSED", EffectiveFrom="2026-12-25", EffectiveTill="2026-12-25")
    for one in (short, closed):
        instance.create_hours_of_operation_override(**one)
    effective = "get_effective_hours_of_operations"
    dates = {"HoursOfOperationId": hours, "FromDate": "2026-12-24", "ToDate": "2026-12-26"}
    answer = instance.get_effective_hours_of_operations(**dates)
    assert answer["TimeZone"] == "UTC"
    assert [(day["Date"], day["OperationalHours"]) for day in answer["EffectiveHoursOfOperationList"]] == [
        ("2026-12-24", [{"Start": NINE, "End": NOON}]),
        ("2026-12-25", []),
        ("2026-12-26", [{"Start": NINE, "End": FIVE}]),
    ]
    said = {"OverrideName": "short", "OperationalStatus": "OPEN", "Start": NINE, "End": NOON}
    assert [(day["Date"], day["OverrideHours"]) for day in answer["EffectiveOverrideHoursList"]] == [
        ("2026-12-24", [said]),
        (
            "2026-12-25",
            [{"OverrideName": "closed", "OperationalStatus": "CLOSED", "Start": MIDNIGHT, "End": MIDNIGHT}],
        ),
    ]
    instance.refused("InvalidParameterException", "366", effective, **dates | {"ToDate": "2026-12-23"})
    instance.refused("InvalidParameterException", "366", effective, **dates | {"ToDate": "2028-01-01"})
    instance.refused("InvalidParameterException", "2026-13-01", effective, **dates | {"ToDate": "2026-13-01"})
    instance.refused("ResourceNotFoundException", "hours", effective, **dates | {"HoursOfOperationId": absent_id()})


def test_flows_check_overrides(timed):
    always = [entry(day, MIDNIGHT, MIDNIGHT) for day in WEEK]
    hours = office(timed, Config=always)
    flow = timed.flow(
        flows.content(
            flows.action(
                "check",
                "CheckHoursOfOperation",
                {"HoursOfOperationId": hours},
                then="end",
                conditions=[("Equals", "True", "stay"), ("Equals", "False", "end")],
                errors={"NoMatchingError": "end"},
            ),
            flows.stay(),
            flows.end(),
        )
    )
    open_now = timed.task(ContactFlowId=flow)
    assert "DisconnectTimestamp" not in timed.contact(open_now)
    today = datetime.datetime.fromtimestamp(timed.server.now(), datetime.UTC).date().isoformat()
    closed = override(hours, OverrideType="CLOSED", EffectiveFrom=today, EffectiveTill=today)
    timed.create_hours_of_operation_override(**closed)
    timed.when_ended(timed.task(ContactFlowId=flow))
    assert "DisconnectTimestamp" not in timed.contact(open_now)
