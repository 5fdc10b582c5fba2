//! What the protocol makes of requests, as a table: a request a line, its outcome under it.
//!
//! The names behind `#` are those of Smithy's restJson1 protocol tests whose case the lines below are, put to an operation
//! of ours with the same kind of member. We differ from them knowingly in three points: an unreadable body is a
//! `BadRequestException` (`observed-errors.md` S9), ISO 8601 timestamps are read (`start-task-contact.md` section 1),
//! and the content type of a request is not looked at.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use serde_json::Value;

/// `lines`: `METHOD target body`, where blank lines and `#` lines are for the reader.
fn check(lines: &str, expected: &Expect) {
    let mut actual = String::new();
    for line in lines.lines().map(str::trim) {
        if line.is_empty() || line.starts_with('#') {
            actual += &format!("{line}\n");
        } else {
            actual += &format!("{line}\n  => {}\n", outcome(line));
        }
    }
    expected.assert_eq(&actual);
}

fn outcome(line: &str) -> String {
    let mut parts = line.splitn(3, ' ');
    let (method, target, body) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap_or_default());
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let bound = wire::route(method, path).and_then(|route| wire::bind(&route, query, body.as_bytes()));
    match bound {
        Ok(bound) => match bound.violation() {
            Some(error) => error.to_string(),
            None => format!("{} {}", bound.operation.name, sorted(&bound.value)),
        },
        Err(error) => error.to_string(),
    }
}

/// JSON with its members sorted, whatever map the parser was built with.
fn sorted(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members: BTreeMap<_, _> = members.iter().collect();
            let members: Vec<String> =
                members.iter().map(|(name, value)| format!("{name:?}:{}", sorted(value))).collect();
            format!("{{{}}}", members.join(","))
        }
        Value::Array(items) => format!("[{}]", items.iter().map(sorted).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

#[test]
fn routes() {
    check(
        "PUT /contact/task {\"InstanceId\":\"i\",\"Name\":\"n\"}
         POST /contact/task {}
         PATCH /contact/task {}
         GET /nowhere
         GET /contact/task/
         GET /contacts//c
         GET /contacts/i/.
         GET /contacts/i/x/../c
         GET contacts/i/c
         GET /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a
         # a literal is preferred to a label
         GET /contact/references/i/c?referenceTypes=URL
         # RestJsonInputWithHeadersAndAllParams, RestJsonHttpRequestLabelEscaping
         GET /contacts/%20%25%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%F0%9F%98%B9/c
         GET /tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A000000000000%3Ainstance%2Fi
         GET /contacts/a+b%/c
         GET /contacts/%ff/c
         # RestJsonToleratesRegexCharsInSegments
         GET /contacts/(a+)+$/.*
         # known, without types
         GET /rules/i/r",
        &expect![[r#"
            PUT /contact/task {"InstanceId":"i","Name":"n"}
              => StartTaskContact {"InstanceId":"i","Name":"n"}
            POST /contact/task {}
              => 404 UnknownOperationException: no operation has method POST and path /contact/task; see the API reference for the paths
            PATCH /contact/task {}
              => 404 UnknownOperationException: no operation has method PATCH and path /contact/task; see the API reference for the paths
            GET /nowhere
              => 404 UnknownOperationException: no operation has method GET and path /nowhere; see the API reference for the paths
            GET /contact/task/
              => 404 UnknownOperationException: no operation has method GET and path /contact/task/; see the API reference for the paths
            GET /contacts//c
              => 404 UnknownOperationException: no operation has method GET and path /contacts//c; see the API reference for the paths
            GET /contacts/i/.
              => 404 UnknownOperationException: no operation has method GET and path /contacts/i/.; see the API reference for the paths
            GET /contacts/i/x/../c
              => 404 UnknownOperationException: no operation has method GET and path /contacts/i/x/../c; see the API reference for the paths
            GET contacts/i/c
              => 404 UnknownOperationException: no operation has method GET and path contacts/i/c; see the API reference for the paths
            GET /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a
              => 404 UnknownOperationException: no operation has method GET and path /a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a/a; see the API reference for the paths
            # a literal is preferred to a label
            GET /contact/references/i/c?referenceTypes=URL
              => ListContactReferences {"ContactId":"c","InstanceId":"i","ReferenceTypes":["URL"]}
            # RestJsonInputWithHeadersAndAllParams, RestJsonHttpRequestLabelEscaping
            GET /contacts/%20%25%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%F0%9F%98%B9/c
              => DescribeContact {"ContactId":"c","InstanceId":" %:/?#[]@!$&'()*+,;=😹"}
            GET /tags/arn%3Aaws%3Aconnect%3Aus-east-1%3A000000000000%3Ainstance%2Fi
              => ListTagsForResource {"resourceArn":"arn:aws:connect:us-east-1:000000000000:instance/i"}
            GET /contacts/a+b%/c
              => DescribeContact {"ContactId":"c","InstanceId":"a+b%"}
            GET /contacts/%ff/c
              => 400 BadRequestException: Invalid request path: InstanceId is not UTF-8
            # RestJsonToleratesRegexCharsInSegments
            GET /contacts/(a+)+$/.*
              => DescribeContact {"ContactId":".*","InstanceId":"(a+)+$"}
            # known, without types
            GET /rules/i/r
              => 501 NotImplemented: DescribeRule is an operation of the API that this service does not have
        "#]],
    );
}

#[test]
fn bodies() {
    check(
        r#"# RestJsonEmptyInputAndEmptyOutput, RestJsonUnitInputAllowsAccept: no body is an empty one
           POST /contact/stop
           POST /contact/stop {}
           GET /contacts/i/c not read where no member is in the body
           # RestJsonInvalidJsonBody
           POST /contact/stop {[
           POST /contact/stop { "InstanceId": "i" }abc
           POST /contact/stop abc{ "InstanceId": "i" }
           POST /contact/stop { "InstanceId": "i" // why }
           POST /contact/stop { "InstanceId": "i" /* why */ }
           POST /contact/stop {'InstanceId': "i"}
           POST /contact/stop {"InstanceId": "i",}
           POST /contact/stop {"InstanceId": "\ud800"}
           # RestJsonTechnicallyValidJsonBody
           POST /contact/stop [{ "InstanceId": "i"}]
           POST /contact/stop 10
           POST /contact/stop null
           # RestJsonServersDontSerializeNullStructureValues: null is absent; unknown members are ignored
           POST /contact/stop {"InstanceId": "i", "ContactId": null}
           POST /contact/stop {"InstanceId": "i", "ContactId": "c", "DisconnectReason": null, "instanceId": 7, "More": [1]}
           # the last of two members of one name counts
           POST /contact/stop {"InstanceId": "i", "ContactId": "c", "ContactId": "d"}
           # a label is not taken from the body
           POST /contacts/i/c {"InstanceId": "other", "Name": "n"}"#,
        &expect![[r##"
            # RestJsonEmptyInputAndEmptyOutput, RestJsonUnitInputAllowsAccept: no body is an empty one
            POST /contact/stop
              => 400 InvalidRequestException: Required parameter missing: ContactId
            POST /contact/stop {}
              => 400 InvalidRequestException: Required parameter missing: ContactId
            GET /contacts/i/c not read where no member is in the body
              => DescribeContact {"ContactId":"c","InstanceId":"i"}
            # RestJsonInvalidJsonBody
            POST /contact/stop {[
              => 400 BadRequestException: Invalid request body: it is not JSON: key must be a string at line 1 column 2
            POST /contact/stop { "InstanceId": "i" }abc
              => 400 BadRequestException: Invalid request body: it is not JSON: trailing characters at line 1 column 22
            POST /contact/stop abc{ "InstanceId": "i" }
              => 400 BadRequestException: Invalid request body: it is not JSON: expected value at line 1 column 1
            POST /contact/stop { "InstanceId": "i" // why }
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `}` at line 1 column 21
            POST /contact/stop { "InstanceId": "i" /* why */ }
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `}` at line 1 column 21
            POST /contact/stop {'InstanceId': "i"}
              => 400 BadRequestException: Invalid request body: it is not JSON: key must be a string at line 1 column 2
            POST /contact/stop {"InstanceId": "i",}
              => 400 BadRequestException: Invalid request body: it is not JSON: trailing comma at line 1 column 20
            POST /contact/stop {"InstanceId": "\ud800"}
              => 400 BadRequestException: Invalid request body: it is not JSON: unexpected end of hex escape at line 1 column 23
            # RestJsonTechnicallyValidJsonBody
            POST /contact/stop [{ "InstanceId": "i"}]
              => 400 BadRequestException: Invalid request body: it must be an object, not a list
            POST /contact/stop 10
              => 400 BadRequestException: Invalid request body: it must be an object, not a number
            POST /contact/stop null
              => 400 BadRequestException: Invalid request body: it must be an object, not null
            # RestJsonServersDontSerializeNullStructureValues: null is absent; unknown members are ignored
            POST /contact/stop {"InstanceId": "i", "ContactId": null}
              => 400 InvalidRequestException: Required parameter missing: ContactId
            POST /contact/stop {"InstanceId": "i", "ContactId": "c", "DisconnectReason": null, "instanceId": 7, "More": [1]}
              => StopContact {"ContactId":"c","InstanceId":"i"}
            # the last of two members of one name counts
            POST /contact/stop {"InstanceId": "i", "ContactId": "c", "ContactId": "d"}
              => StopContact {"ContactId":"d","InstanceId":"i"}
            # a label is not taken from the body
            POST /contacts/i/c {"InstanceId": "other", "Name": "n"}
              => UpdateContact {"ContactId":"c","InstanceId":"i","Name":"n"}
        "##]],
    );
}

#[test]
fn numbers_and_booleans() {
    check(
        r#"# RestJsonBodyIntegerUnderflowOverflow
           POST /queues/i/q/max-contacts {"MaxContacts": -9223372000000000000}
           POST /queues/i/q/max-contacts {"MaxContacts": 9223372000000000000}
           POST /queues/i/q/max-contacts {"MaxContacts": 123000000000000000000000}
           POST /queues/i/q/max-contacts {"MaxContacts": 2147483648}
           POST /queues/i/q/max-contacts {"MaxContacts": 2147483647}
           # RestJsonBodyIntegerMalformedValueRejected
           POST /queues/i/q/max-contacts {"MaxContacts": "123"}
           POST /queues/i/q/max-contacts {"MaxContacts": true}
           POST /queues/i/q/max-contacts {"MaxContacts": 1.001}
           POST /queues/i/q/max-contacts {"MaxContacts": 2ABC}
           POST /queues/i/q/max-contacts {"MaxContacts": 0x42}
           POST /queues/i/q/max-contacts {"MaxContacts": Infinity}
           POST /queues/i/q/max-contacts {"MaxContacts": "-Infinity"}
           POST /queues/i/q/max-contacts {"MaxContacts": NaN}
           POST /queues/i/q/max-contacts {"MaxContacts": 1e999}
           # one kind of number
           POST /queues/i/q/max-contacts {"MaxContacts": 1e1}
           # RestJsonMalformedRangeInteger
           POST /queues/i/q/max-contacts {"MaxContacts": -1}
           # RestJsonQueryIntegerUnderflowOverflow, RestJsonQueryIntegerMalformedValueRejected
           GET /queues-summary/i?maxResults=2147483648
           GET /queues-summary/i?maxResults=true
           GET /queues-summary/i?maxResults=1.001
           GET /queues-summary/i?maxResults=2ABC
           GET /queues-summary/i?maxResults=
           GET /queues-summary/i?maxResults=0
           GET /queues-summary/i?maxResults=1001
           GET /queues-summary/i?maxResults=1000
           # RestJsonBodyBooleanStringCoercion, RestJsonBodyBooleanBadLiteral
           PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": "true", "OutboundCallsEnabled": true}
           PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": 1, "OutboundCallsEnabled": true}
           PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": True, "OutboundCallsEnabled": true}
           PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": false, "OutboundCallsEnabled": true}"#,
        &expect![[r##"
            # RestJsonBodyIntegerUnderflowOverflow
            POST /queues/i/q/max-contacts {"MaxContacts": -9223372000000000000}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not -9223372000000000000
            POST /queues/i/q/max-contacts {"MaxContacts": 9223372000000000000}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not 9223372000000000000
            POST /queues/i/q/max-contacts {"MaxContacts": 123000000000000000000000}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not 1.23e+23
            POST /queues/i/q/max-contacts {"MaxContacts": 2147483648}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not 2147483648
            POST /queues/i/q/max-contacts {"MaxContacts": 2147483647}
              => UpdateQueueMaxContacts {"InstanceId":"i","MaxContacts":2147483647,"QueueId":"q"}
            # RestJsonBodyIntegerMalformedValueRejected
            POST /queues/i/q/max-contacts {"MaxContacts": "123"}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not a string
            POST /queues/i/q/max-contacts {"MaxContacts": true}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not a boolean
            POST /queues/i/q/max-contacts {"MaxContacts": 1.001}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not 1.001
            POST /queues/i/q/max-contacts {"MaxContacts": 2ABC}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `}` at line 1 column 18
            POST /queues/i/q/max-contacts {"MaxContacts": 0x42}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `}` at line 1 column 18
            POST /queues/i/q/max-contacts {"MaxContacts": Infinity}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected value at line 1 column 17
            POST /queues/i/q/max-contacts {"MaxContacts": "-Infinity"}
              => 400 BadRequestException: Invalid request body: MaxContacts must be a whole number of 32 bits, not a string
            POST /queues/i/q/max-contacts {"MaxContacts": NaN}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected value at line 1 column 17
            POST /queues/i/q/max-contacts {"MaxContacts": 1e999}
              => 400 BadRequestException: Invalid request body: it is not JSON: number out of range at line 1 column 21
            # one kind of number
            POST /queues/i/q/max-contacts {"MaxContacts": 1e1}
              => UpdateQueueMaxContacts {"InstanceId":"i","MaxContacts":10,"QueueId":"q"}
            # RestJsonMalformedRangeInteger
            POST /queues/i/q/max-contacts {"MaxContacts": -1}
              => 400 InvalidParameterException: MaxContacts must be at least 0; given -1
            # RestJsonQueryIntegerUnderflowOverflow, RestJsonQueryIntegerMalformedValueRejected
            GET /queues-summary/i?maxResults=2147483648
              => 400 BadRequestException: Invalid request query: maxResults must be a whole number of 32 bits
            GET /queues-summary/i?maxResults=true
              => 400 BadRequestException: Invalid request query: maxResults must be a whole number of 32 bits
            GET /queues-summary/i?maxResults=1.001
              => 400 BadRequestException: Invalid request query: maxResults must be a whole number of 32 bits
            GET /queues-summary/i?maxResults=2ABC
              => 400 BadRequestException: Invalid request query: maxResults must be a whole number of 32 bits
            GET /queues-summary/i?maxResults=
              => 400 BadRequestException: Invalid request query: maxResults must be a whole number of 32 bits
            GET /queues-summary/i?maxResults=0
              => 400 InvalidParameterException: MaxResults must be at least 1; given 0
            GET /queues-summary/i?maxResults=1001
              => 400 InvalidParameterException: MaxResults must be at most 1000; given 1001
            GET /queues-summary/i?maxResults=1000
              => ListQueues {"InstanceId":"i","MaxResults":1000}
            # RestJsonBodyBooleanStringCoercion, RestJsonBodyBooleanBadLiteral
            PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": "true", "OutboundCallsEnabled": true}
              => 400 BadRequestException: Invalid request body: InboundCallsEnabled must be true or false, not a string
            PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": 1, "OutboundCallsEnabled": true}
              => 400 BadRequestException: Invalid request body: InboundCallsEnabled must be true or false, not a number
            PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": True, "OutboundCallsEnabled": true}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected value at line 1 column 59
            PUT /instance {"IdentityManagementType": "SAML", "InboundCallsEnabled": false, "OutboundCallsEnabled": true}
              => CreateInstance {"IdentityManagementType":"SAML","InboundCallsEnabled":false,"OutboundCallsEnabled":true}
        "##]],
    );
}

#[test]
fn strings_and_enums() {
    check(
        r#"# RestJsonMalformedLengthOverride and kin: characters are counted, not bytes
           POST /contact/stop {"InstanceId": "", "ContactId": "c"}
           POST /contact/stop {"InstanceId": "ሴ", "ContactId": "c"}
           POST /contact/stop {"InstanceId": 1, "ContactId": "c"}
           POST /contact/stop {"InstanceId": ["i"], "ContactId": "c"}
           # RestJsonMalformedLengthMaxString, with a letter that takes two units of UTF-16
           PUT /queues/i {"Name": "👍", "HoursOfOperationId": "h", "Description": ""}
           PUT /queues/i {"Name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "HoursOfOperationId": "h", "Tags": {"k": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}
           # RestJsonMalformedEnumString: the value is shown, but not without end
           POST /queues/i/q/status {"Status": "OFF"}
           POST /queues/i/q/status {"Status": "enabled"}
           POST /queues/i/q/status {"Status": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
           POST /queues/i/q/status {"Status": "ENABLED"}
           # RestJsonMalformedPatternString; a leading look-ahead; mended patterns
           PUT /instance {"IdentityManagementType": "SAML", "InstanceAlias": "d-1", "InboundCallsEnabled": true, "OutboundCallsEnabled": true}
           PUT /instance {"IdentityManagementType": "SAML", "InstanceAlias": "demo-1", "InboundCallsEnabled": true, "OutboundCallsEnabled": true}
           POST /tags/a {"tags": {"aws:x": "v"}}
           POST /tags/a {"tags": {"semi;colon": "v"}}
           POST /tags/a {"tags": {"cost centre": "v"}}
           PUT /quick-connects/i {"Name": "n", "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15551230000"}}}
           PUT /quick-connects/i {"Name": "n", "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "5551230000"}}}
           # RestJsonMalformedPatternSensitiveString: sensitive values are not repeated
           PUT /users/i {"Username": "ann", "Password": "secret", "SecurityProfileIds": ["s"], "RoutingProfileId": "r"}"#,
        &expect![[r##"
            # RestJsonMalformedLengthOverride and kin: characters are counted, not bytes
            POST /contact/stop {"InstanceId": "", "ContactId": "c"}
              => 400 InvalidParameterException: InstanceId must have at least 1 characters; it has 0
            POST /contact/stop {"InstanceId": "ሴ", "ContactId": "c"}
              => StopContact {"ContactId":"c","InstanceId":"ሴ"}
            POST /contact/stop {"InstanceId": 1, "ContactId": "c"}
              => 400 BadRequestException: Invalid request body: InstanceId must be a string, not a number
            POST /contact/stop {"InstanceId": ["i"], "ContactId": "c"}
              => 400 BadRequestException: Invalid request body: InstanceId must be a string, not a list
            # RestJsonMalformedLengthMaxString, with a letter that takes two units of UTF-16
            PUT /queues/i {"Name": "👍", "HoursOfOperationId": "h", "Description": ""}
              => 400 InvalidParameterException: Description must have at least 1 characters; it has 0
            PUT /queues/i {"Name": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "HoursOfOperationId": "h", "Tags": {"k": "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"}}
              => 400 InvalidParameterException: Name must have at most 127 characters; it has 257
            # RestJsonMalformedEnumString: the value is shown, but not without end
            POST /queues/i/q/status {"Status": "OFF"}
              => 400 InvalidParameterException: Status must be one of ENABLED, DISABLED; given "OFF"
            POST /queues/i/q/status {"Status": "enabled"}
              => 400 InvalidParameterException: Status must be one of ENABLED, DISABLED; given "enabled"
            POST /queues/i/q/status {"Status": "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}
              => 400 InvalidParameterException: Status must be one of ENABLED, DISABLED; given "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"
            POST /queues/i/q/status {"Status": "ENABLED"}
              => UpdateQueueStatus {"InstanceId":"i","QueueId":"q","Status":"ENABLED"}
            # RestJsonMalformedPatternString; a leading look-ahead; mended patterns
            PUT /instance {"IdentityManagementType": "SAML", "InstanceAlias": "d-1", "InboundCallsEnabled": true, "OutboundCallsEnabled": true}
              => 400 InvalidRequestException: InstanceAlias must match ^(?!d-)([\da-zA-Z]+)([-]*[\da-zA-Z])*$
            PUT /instance {"IdentityManagementType": "SAML", "InstanceAlias": "demo-1", "InboundCallsEnabled": true, "OutboundCallsEnabled": true}
              => CreateInstance {"IdentityManagementType":"SAML","InboundCallsEnabled":true,"InstanceAlias":"demo-1","OutboundCallsEnabled":true}
            POST /tags/a {"tags": {"aws:x": "v"}}
              => 400 InvalidParameterException: a key of tags must match ^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$; given "aws:x"
            POST /tags/a {"tags": {"semi;colon": "v"}}
              => 400 InvalidParameterException: a key of tags must match ^(?!aws:)[\p{L}\p{Z}\p{N}_.:/=+\-@]*$; given "semi;colon"
            POST /tags/a {"tags": {"cost centre": "v"}}
              => TagResource {"resourceArn":"a","tags":{"cost centre":"v"}}
            PUT /quick-connects/i {"Name": "n", "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "+15551230000"}}}
              => CreateQuickConnect {"InstanceId":"i","Name":"n","QuickConnectConfig":{"PhoneConfig":{"PhoneNumber":"+15551230000"},"QuickConnectType":"PHONE_NUMBER"}}
            PUT /quick-connects/i {"Name": "n", "QuickConnectConfig": {"QuickConnectType": "PHONE_NUMBER", "PhoneConfig": {"PhoneNumber": "5551230000"}}}
              => 400 InvalidParameterException: QuickConnectConfig.PhoneConfig.PhoneNumber must match \+[1-9][0-9]{1,14}$; given "5551230000"
            # RestJsonMalformedPatternSensitiveString: sensitive values are not repeated
            PUT /users/i {"Username": "ann", "Password": "secret", "SecurityProfileIds": ["s"], "RoutingProfileId": "r"}
              => 400 InvalidParameterException: Password must match [a-z] and [A-Z] and [0-9] and ^\S{8,64}$
        "##]],
    );
}

#[test]
fn lists_maps_and_structures() {
    check(
        r#"# RestJsonBodyMalformedListNullItem, RestJsonBodyMalformedListUnclosed
           PUT /users/i {"Username": "ann", "SecurityProfileIds": ["s", null], "RoutingProfileId": "r"}
           PUT /users/i {"Username": "ann", "SecurityProfileIds": ["s", "t" }
           PUT /users/i {"Username": "ann", "SecurityProfileIds": "s", "RoutingProfileId": "r"}
           # RestJsonMalformedLengthList: the words of observed-errors.md 3.10
           PUT /users/i {"Username": "ann", "SecurityProfileIds": [], "RoutingProfileId": "r"}
           PUT /users/i {"Username": "ann", "SecurityProfileIds": ["1","2","3","4","5","6","7","8","9","10","11"], "RoutingProfileId": "r"}
           # RestJsonBodyMalformedMapNullKey, RestJsonBodyMalformedMapNullValue
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {null: "v"}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"k": null}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": [["k", "v"]]}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"": "v"}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"k": 1}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {}}
           # RestJsonMalformedLengthMapKey, RestJsonMalformedLengthMap, RestJsonMalformedEnumList
           PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk": {"ValueString": "v"}}}
           POST /tags/a {"tags": {}}
           # RestJsonMalformedRequiredBodyExplicitNull
           PUT /contact/task {"InstanceId": "i", "Name": null}
           # RestJsonMalformedRequiredBodyUnset, also deep inside
           PUT /contact/task {"InstanceId": "i"}
           PUT /contact/task {"Name": "n"}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v"}}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v", "Type": "WEB"}}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v", "Type": "URL", "More": 1}}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attachments": [{"FileName": "a.txt"}]}
           # values inside of a sensitive list are not repeated
           PUT /contact/task {"InstanceId": "i", "Name": "n", "Attachments": [{"FileName": "a\u0007", "S3Url": "u"}]}
           # the first broken constraint is said, but a wrong type comes first
           PUT /contact/task {"InstanceId": "", "Name": "n", "Attributes": 1}
           # RestJsonSerializeUnionValue, RestJsonMalformedUnion...
           PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": ["a"]}}
           PUT /predefined-attributes/i {"Name": "n", "Values": {"__type": "x", "StringList": ["a"]}}
           PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": ["a"], "Unknown": 1}}
           PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": null}}
           PUT /predefined-attributes/i {"Name": "n", "Values": {}}
           PUT /predefined-attributes/i {"Name": "n", "Values": ["StringList"]}
           PUT /predefined-attributes/i {"Name": "n", "Values": {"Unknown": ["a"]}}
           # RestJsonRecursiveShapes
           PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": 60}}}}}
           PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"a": {"ValueMap": {"b": {"ValueMap": {"c": {"ValueInteger": "60"}}}}}}}"#,
        &expect![[r##"
            # RestJsonBodyMalformedListNullItem, RestJsonBodyMalformedListUnclosed
            PUT /users/i {"Username": "ann", "SecurityProfileIds": ["s", null], "RoutingProfileId": "r"}
              => 400 BadRequestException: Invalid request body: SecurityProfileIds[1] must be a string, not null
            PUT /users/i {"Username": "ann", "SecurityProfileIds": ["s", "t" }
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `]` at line 1 column 53
            PUT /users/i {"Username": "ann", "SecurityProfileIds": "s", "RoutingProfileId": "r"}
              => 400 BadRequestException: Invalid request body: SecurityProfileIds must be a list, not a string
            # RestJsonMalformedLengthList: the words of observed-errors.md 3.10
            PUT /users/i {"Username": "ann", "SecurityProfileIds": [], "RoutingProfileId": "r"}
              => 400 InvalidParameterException: SecurityProfileIds must include at least 1 items; it includes 0
            PUT /users/i {"Username": "ann", "SecurityProfileIds": ["1","2","3","4","5","6","7","8","9","10","11"], "RoutingProfileId": "r"}
              => 400 InvalidParameterException: SecurityProfileIds must include at most 10 items; it includes 11
            # RestJsonBodyMalformedMapNullKey, RestJsonBodyMalformedMapNullValue
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {null: "v"}}
              => 400 BadRequestException: Invalid request body: it is not JSON: key must be a string at line 1 column 49
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"k": null}}
              => 400 BadRequestException: Invalid request body: Attributes.k must be a string, not null
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": [["k", "v"]]}
              => 400 BadRequestException: Invalid request body: Attributes must be an object, not a list
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"": "v"}}
              => 400 InvalidParameterException: a key of Attributes must have at least 1 characters; it has 0
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {"k": 1}}
              => 400 BadRequestException: Invalid request body: Attributes.k must be a string, not a number
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attributes": {}}
              => StartTaskContact {"Attributes":{},"InstanceId":"i","Name":"n"}
            # RestJsonMalformedLengthMapKey, RestJsonMalformedLengthMap, RestJsonMalformedEnumList
            PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk": {"ValueString": "v"}}}
              => 400 InvalidParameterException: a key of SegmentAttributes must have at most 128 characters; it has 129
            POST /tags/a {"tags": {}}
              => 400 InvalidParameterException: tags must include at least 1 entries; it includes 0
            # RestJsonMalformedRequiredBodyExplicitNull
            PUT /contact/task {"InstanceId": "i", "Name": null}
              => 400 InvalidRequestException: Required parameter missing: Name
            # RestJsonMalformedRequiredBodyUnset, also deep inside
            PUT /contact/task {"InstanceId": "i"}
              => 400 InvalidRequestException: Required parameter missing: Name
            PUT /contact/task {"Name": "n"}
              => 400 InvalidRequestException: Required parameter missing: InstanceId
            PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v"}}}
              => 400 InvalidRequestException: Required parameter missing: References.doc.Type
            PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v", "Type": "WEB"}}}
              => 400 InvalidParameterException: References.doc.Type must be one of URL, ATTACHMENT, CONTACT_ANALYSIS, NUMBER, STRING, DATE, EMAIL, EMAIL_MESSAGE, EMAIL_MESSAGE_PLAIN_TEXT, EMAIL_MESSAGE_PLAIN_TEXT_REDACTED, EMAIL_MESSAGE_REDACTED; given "WEB"
            PUT /contact/task {"InstanceId": "i", "Name": "n", "References": {"doc": {"Value": "v", "Type": "URL", "More": 1}}}
              => StartTaskContact {"InstanceId":"i","Name":"n","References":{"doc":{"Type":"URL","Value":"v"}}}
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attachments": [{"FileName": "a.txt"}]}
              => 400 InvalidRequestException: Required parameter missing: Attachments[0].S3Url
            # values inside of a sensitive list are not repeated
            PUT /contact/task {"InstanceId": "i", "Name": "n", "Attachments": [{"FileName": "a\u0007", "S3Url": "u"}]}
              => 400 InvalidParameterException: Attachments[0].FileName must match ^\P{C}*$
            # the first broken constraint is said, but a wrong type comes first
            PUT /contact/task {"InstanceId": "", "Name": "n", "Attributes": 1}
              => 400 BadRequestException: Invalid request body: Attributes must be an object, not a number
            # RestJsonSerializeUnionValue, RestJsonMalformedUnion...
            PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": ["a"]}}
              => CreatePredefinedAttribute {"InstanceId":"i","Name":"n","Values":{"StringList":["a"]}}
            PUT /predefined-attributes/i {"Name": "n", "Values": {"__type": "x", "StringList": ["a"]}}
              => CreatePredefinedAttribute {"InstanceId":"i","Name":"n","Values":{"StringList":["a"]}}
            PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": ["a"], "Unknown": 1}}
              => 400 BadRequestException: Invalid request body: Values must have exactly one member, out of StringList
            PUT /predefined-attributes/i {"Name": "n", "Values": {"StringList": null}}
              => 400 BadRequestException: Invalid request body: Values must have exactly one member, out of StringList
            PUT /predefined-attributes/i {"Name": "n", "Values": {}}
              => 400 BadRequestException: Invalid request body: Values must have exactly one member, out of StringList
            PUT /predefined-attributes/i {"Name": "n", "Values": ["StringList"]}
              => 400 BadRequestException: Invalid request body: Values must be an object, not a list
            PUT /predefined-attributes/i {"Name": "n", "Values": {"Unknown": ["a"]}}
              => 400 BadRequestException: Invalid request body: Values must have exactly one member, out of StringList
            # RestJsonRecursiveShapes
            PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"connect:ContactExpiry": {"ValueMap": {"ExpiryDuration": {"ValueInteger": 60}}}}}
              => StartTaskContact {"InstanceId":"i","Name":"n","SegmentAttributes":{"connect:ContactExpiry":{"ValueMap":{"ExpiryDuration":{"ValueInteger":60}}}}}
            PUT /contact/task {"InstanceId": "i", "Name": "n", "SegmentAttributes": {"a": {"ValueMap": {"b": {"ValueMap": {"c": {"ValueInteger": "60"}}}}}}}
              => 400 BadRequestException: Invalid request body: SegmentAttributes.a.ValueMap.b.ValueMap.c.ValueInteger must be a whole number of 32 bits, not a string
        "##]],
    );
}

#[test]
fn timestamps() {
    check(
        r#"# RestJsonJsonTimestamps, RestJsonTimestampFormatEpochSeconds..., RestJsonDateTimeWithFractionalSeconds
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238.0}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238.1236}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1.398796238E9}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": -1}
           # we read these too
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1985-04-12T23:20:50.52Z"}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1996-12-19T16:39:57-08:00"}
           # RestJsonDateTimeWithPositiveOffset
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "2019-12-17T00:48:18+01:00"}
           # RestJsonBodyTimestampDefaultRejects...
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1515531081"}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1515531081.1234"}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": true}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "NaN"}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1515531081.123.456}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "Tue, 29 Apr 2014 18:30:38 GMT"}
           POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1e15}"#,
        &expect![[r##"
            # RestJsonJsonTimestamps, RestJsonTimestampFormatEpochSeconds..., RestJsonDateTimeWithFractionalSeconds
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":1398796238}
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238.0}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":1398796238}
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1398796238.1236}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":1398796238.124}
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1.398796238E9}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":1398796238}
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": -1}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":-1}
            # we read these too
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1985-04-12T23:20:50.52Z"}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":482196050.52}
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1996-12-19T16:39:57-08:00"}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":851042397}
            # RestJsonDateTimeWithPositiveOffset
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "2019-12-17T00:48:18+01:00"}
              => UpdateContactSchedule {"ContactId":"c","InstanceId":"i","ScheduledTime":1576540098}
            # RestJsonBodyTimestampDefaultRejects...
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1515531081"}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a string
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "1515531081.1234"}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a string
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": true}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a boolean
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "NaN"}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a string
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1515531081.123.456}
              => 400 BadRequestException: Invalid request body: it is not JSON: expected `,` or `}` at line 1 column 70
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": "Tue, 29 Apr 2014 18:30:38 GMT"}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a string
            POST /contact/schedule {"InstanceId": "i", "ContactId": "c", "ScheduledTime": 1e15}
              => 400 BadRequestException: Invalid request body: ScheduledTime must be a number of epoch seconds, or an ISO 8601 date and time with its zone, in the years 1 to 9999, not a number
        "##]],
    );
}

#[test]
fn queries() {
    check(
        r#"# RestJsonAllQueryStringTypes: lists are repeated keys
           DELETE /tags/a?tagKeys=one&tagKeys=two
           DELETE /tags/a?tagKeys=one
           DELETE /tags/a
           GET /queues-summary/i?queueTypes=STANDARD&queueTypes=AGENT&maxResults=5&nextToken=t
           GET /queues-summary/i?queueTypes=OTHER
           # RestJsonQueryStringEscaping
           GET /queues-summary/i?nextToken=%20%25%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%F0%9F%98%B9
           # RestJsonOmitsNullQuery, RestJsonServersAcceptStaticQueryParamAndQueryParams: the unknown is ignored
           GET /queues-summary/i?X-Amz-Date=1&&=&novalue
           # the last of two counts
           GET /queues-summary/i?nextToken=a&nextToken=b
           # RestJsonMalformedLengthQueryStringNoValue
           DELETE /tags/a?tagKeys
           GET /contact/references/i/c?referenceTypes=URL&referenceTypes=WEB
           # names are those of the model, to the letter
           GET /queues-summary/i?MaxResults=x
           GET /queues-summary/i?nextToken=%ff"#,
        &expect![[r##"
            # RestJsonAllQueryStringTypes: lists are repeated keys
            DELETE /tags/a?tagKeys=one&tagKeys=two
              => UntagResource {"resourceArn":"a","tagKeys":["one","two"]}
            DELETE /tags/a?tagKeys=one
              => UntagResource {"resourceArn":"a","tagKeys":["one"]}
            DELETE /tags/a
              => 400 InvalidRequestException: Required parameter missing: tagKeys
            GET /queues-summary/i?queueTypes=STANDARD&queueTypes=AGENT&maxResults=5&nextToken=t
              => ListQueues {"InstanceId":"i","MaxResults":5,"NextToken":"t","QueueTypes":["STANDARD","AGENT"]}
            GET /queues-summary/i?queueTypes=OTHER
              => 400 InvalidParameterException: QueueTypes[0] must be one of STANDARD, AGENT; given "OTHER"
            # RestJsonQueryStringEscaping
            GET /queues-summary/i?nextToken=%20%25%3A%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%F0%9F%98%B9
              => ListQueues {"InstanceId":"i","NextToken":" %:/?#[]@!$&'()*+,;=😹"}
            # RestJsonOmitsNullQuery, RestJsonServersAcceptStaticQueryParamAndQueryParams: the unknown is ignored
            GET /queues-summary/i?X-Amz-Date=1&&=&novalue
              => ListQueues {"InstanceId":"i"}
            # the last of two counts
            GET /queues-summary/i?nextToken=a&nextToken=b
              => ListQueues {"InstanceId":"i","NextToken":"b"}
            # RestJsonMalformedLengthQueryStringNoValue
            DELETE /tags/a?tagKeys
              => 400 InvalidParameterException: tagKeys[0] must have at least 1 characters; it has 0
            GET /contact/references/i/c?referenceTypes=URL&referenceTypes=WEB
              => 400 InvalidParameterException: ReferenceTypes[1] must be one of URL, ATTACHMENT, CONTACT_ANALYSIS, NUMBER, STRING, DATE, EMAIL, EMAIL_MESSAGE, EMAIL_MESSAGE_PLAIN_TEXT, EMAIL_MESSAGE_PLAIN_TEXT_REDACTED, EMAIL_MESSAGE_REDACTED; given "WEB"
            # names are those of the model, to the letter
            GET /queues-summary/i?MaxResults=x
              => ListQueues {"InstanceId":"i"}
            GET /queues-summary/i?nextToken=%ff
              => 400 BadRequestException: Invalid request query: nextToken must be UTF-8
        "##]],
    );
}

#[test]
fn an_exception_that_the_operation_lacks_is_replaced() {
    check(
        r#"# InvalidParameterException is not declared
           GET /contact/attributes/i/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
           # InvalidRequestException is not declared
           PUT /instance/i/task/template {"Fields": []}"#,
        &expect![[r##"
            # InvalidParameterException is not declared
            GET /contact/attributes/i/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
              => 400 InvalidRequestException: InitialContactId must have at most 256 characters; it has 264
            # InvalidRequestException is not declared
            PUT /instance/i/task/template {"Fields": []}
              => 400 InvalidParameterException: Required parameter missing: Name
        "##]],
    );
}

#[test]
fn deep_and_broken_bodies_are_refused_cleanly() {
    let route = wire::route("PUT", "/contact/task").unwrap();
    let deep = |open: &str, inside: &str| {
        format!("{{\"InstanceId\":\"i\",\"Name\":\"n\",\"{inside}\":{}", open.repeat(10_000))
    };
    for body in [
        "[".repeat(10_000),
        "{\"a\":".repeat(10_000),
        deep("[", "Unknown"),
        deep("[", "Attributes"),
        deep("{\"ValueMap\":", "SegmentAttributes"),
    ] {
        let error = wire::bind(&route, "", body.as_bytes()).unwrap_err();
        assert_eq!((error.status, error.name), (400, "BadRequestException"));
        assert!(error.message.starts_with("Invalid request body: it is not JSON: "), "{}", error.message);
    }
    let error = wire::bind(&route, "", b"{\"InstanceId\":\"\xff\"}").unwrap_err();
    assert_eq!(error.status, 400);
}

#[test]
fn typed_inputs_hold_what_was_sent() {
    let route = wire::route("PUT", "/contact/task").unwrap();
    let body = br#"{"InstanceId":"i","Name":"n","ScheduledTime":"2026-01-01T00:00:00.25Z","References":{"r":{"Type":"URL","Value":"u"}}}"#;
    let bound = wire::bind(&route, "", body).unwrap();
    let input = wire::typed::<api::operations::StartTaskContact>(bound).unwrap();
    assert_eq!(input.scheduled_time, Some(api::Timestamp(1_767_225_600_250)));
    assert_eq!(input.references.unwrap()["r"].r#type, api::shapes::ReferenceType::Url);
    let refused = wire::bind(&route, "", b"{}").unwrap();
    let error = wire::typed::<api::operations::StartTaskContact>(refused).unwrap_err();
    assert_eq!(error.name, "InvalidRequestException");
}

#[test]
fn a_number_in_the_path_is_a_number() {
    check(
        "DELETE /contact-flow-modules/i/m/version/7
         DELETE /contact-flow-modules/i/m/version/seven
         DELETE /contact-flow-modules/i/m/version/0",
        &expect![[r#"
            DELETE /contact-flow-modules/i/m/version/7
              => DeleteContactFlowModuleVersion {"ContactFlowModuleId":"m","ContactFlowModuleVersion":7,"InstanceId":"i"}
            DELETE /contact-flow-modules/i/m/version/seven
              => 400 BadRequestException: Invalid request path: ContactFlowModuleVersion must be a whole number of 64 bits
            DELETE /contact-flow-modules/i/m/version/0
              => 400 InvalidParameterException: ContactFlowModuleVersion must be at least 1; given 0
        "#]],
    );
}
