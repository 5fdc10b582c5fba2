//! What the import keeps, drops and refuses.

use serde_json::json;

use super::*;

fn source(members: &Value) -> Value {
    json!({
        "metadata": {"protocol": "rest-json", "signingName": "connect"},
        "operations": {
            "Stop": {
                "name": "Stop", "http": {"method": "POST", "requestUri": "/stop/{Id}"}, "input": {"shape": "StopRequest"},
                "errors": [{"shape": "Gone"}], "documentation": "<p>A sentence.</p>"
            }
        },
        "shapes": {
            "StopRequest": {"type": "structure", "required": ["Id"], "members": members},
            "Id": {"type": "string", "min": 1, "max": 9, "documentation": "A sentence."},
            "Gone": {"type": "structure", "members": {}, "error": {"httpStatusCode": 410}, "exception": true}
        }
    })
}

#[test]
fn facts_are_kept_and_prose_is_dropped() {
    let members = json!({
        "Id": {"shape": "Id", "location": "uri", "locationName": "Id", "documentation": "A sentence."},
        "Old": {"shape": "Id", "deprecated": true, "deprecatedMessage": "A sentence."}
    });
    let model = import(&source(&members)).unwrap();
    let written = write::pretty(&serde_json::to_value(&model.operations).unwrap())
        + &write::pretty(&serde_json::to_value(&model.shapes).unwrap());
    assert_eq!(
        written,
        r#"{
  "Stop": {"method": "POST", "uri": "/stop/{Id}", "input": "StopRequest", "errors": ["Gone"]}
}
{
  "Gone": {"type": "structure", "httpStatus": 410},
  "Id": {"type": "string", "min": 1, "max": 9},
  "StopRequest": {
    "type": "structure",
    "members": {
      "Id": {"shape": "Id", "required": true, "location": "uri", "locationName": "Id"},
      "Old": {"shape": "Id", "deprecated": true}
    }
  }
}
"#
    );
}

#[test]
fn a_new_kind_of_fact_stops_the_import() {
    let members = json!({"Id": {"shape": "Id", "location": "uri", "locationName": "Id", "hostLabel": true}});
    let error = format!("{:#}", import(&source(&members)).unwrap_err());
    assert!(error.starts_with("shape StopRequest: Id: `hostLabel` is new in the source"), "{error}");
}

#[test]
fn the_model_in_the_tree_can_be_read() {
    let model = Model::load(&crate::root().join("model")).unwrap();
    assert_eq!(model.operations.len(), 370);
    assert_eq!(model.shape("StartTaskContactRequest").members["Name"].shape, "Name");
}
