//! `cargo xtask demo`: Callboard with a sample instance, ready for a first call by the AWS CLI.
//!
//! Everything lies in `target/demo`: the database, the root key, PyPI's awscli. Run again, it finds all as it was.

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGKILL, SIGTERM};
use signal_hook::iterator::Signals;

use crate::environment::{self, Profile, headline};

/// A fixed address, so that the printed line still works after a restart.
const ADDRESS: &str = "127.0.0.1:8080";
/// Where the system chooses the port, if the fixed one is taken.
const ANY_PORT: &str = "127.0.0.1:0";
const REGION: &str = "us-east-1";

const INSTANCE_ALIAS: &str = "demo";
const FLOW_NAME: &str = "Demo flow";
const TEMPLATE_NAME: &str = "Demo template";
const USER_NAME: &str = "demo.agent";
const USER_PASSWORD: &str = "Demo-password-1";
const QUICK_CONNECT_NAME: &str = "Demo quick connect";

/// How often a new instance is looked at until it is ACTIVE, and how long between two looks.
const LOOKS_MAX: u32 = 100;
const LOOK: Duration = Duration::from_millis(200);

/// Builds, starts, fills and shows; then stays until the server ends.
pub(crate) fn run(arguments: &[String]) -> Result<()> {
    ensure!(arguments.is_empty(), "takes no arguments");
    let directory = environment::target_dir().join("demo");
    fs::create_dir_all(&directory)?;
    headline("building Callboard in release mode: minutes the first time, seconds afterwards");
    let binary = environment::server_binary(Profile::Release)?;
    let programs = environment::python(&directory.join("venv"), &["awscli"])?;
    let key = RootKey::load_or_create(&directory.join("root-key.json"))?;

    headline("starting Callboard");
    let mut server = Server::start(&binary, &directory.join("data"), &key)?;
    let aws = AwsCli { program: programs.join("aws"), url: server.url.clone(), key };
    match Sample::find_or_create(&aws) {
        Ok(sample) => println!("{}", sample.page(&aws, server.process.id())),
        Err(error) => {
            server.terminate();
            server.process.wait()?;
            return Err(error.context("the sample instance could not be made"));
        }
    }
    server.stay()
}

/// The root key of the demo's data directory.
#[derive(Serialize, Deserialize)]
struct RootKey {
    access_key_id: String,
    secret_access_key: String,
}

impl RootKey {
    fn load_or_create(path: &Path) -> Result<RootKey> {
        if let Ok(text) = fs::read_to_string(path) {
            return serde_json::from_str(&text).with_context(|| format!("{} holds no key", path.display()));
        }
        let random = random_text(48)?;
        let (id, secret) = random.split_at(16);
        let key = RootKey { access_key_id: format!("AKIA{}", id.to_uppercase()), secret_access_key: secret.to_owned() };
        let file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        serde_json::to_writer_pretty(file, &key)?;
        Ok(key)
    }
}

/// Letters and digits drawn by the system, 5 bits each.
fn random_text(length: usize) -> Result<String> {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = vec![0; length];
    fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect())
}

struct Server {
    process: Child,
    url: String,
}

impl Server {
    fn start(binary: &Path, data: &Path, key: &RootKey) -> Result<Server> {
        let address = if TcpListener::bind(ADDRESS).is_ok() {
            ADDRESS
        } else {
            println!("{ADDRESS} is taken: another port is used this time");
            ANY_PORT
        };
        let mut process = Command::new(binary)
            .arg("serve")
            .arg("--data-dir")
            .arg(data)
            .args(["--listen", address])
            .env("CALLBOARD_ROOT_ACCESS_KEY_ID", &key.access_key_id)
            .env("CALLBOARD_ROOT_SECRET_ACCESS_KEY", &key.secret_access_key)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            // A group of its own: Ctrl-C reaches it once, from us.
            .process_group(0)
            .spawn()
            .with_context(|| format!("cannot start {}", binary.display()))?;
        let mut lines = BufReader::new(process.stdout.take().expect("standard output is piped")).lines();
        let url = lines.find_map(|line| match line {
            Ok(line) => line.strip_prefix("listening on ").map(|url| Ok(url.trim().to_owned())),
            Err(error) => Some(Err(error)),
        });
        let Some(url) = url.transpose()? else {
            bail!("the server ended before it was ready: {}", process.wait()?);
        };
        thread::spawn(move || lines.map_while(Result::ok).for_each(|line| println!("{line}")));
        let server = Server { process, url };
        server.forward_signals()?;
        Ok(server)
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.process)
    }

    /// Asks the server to stop. It may be gone already, which is as good.
    fn terminate(&self) {
        let _gone = kill_process(self.pid(), Signal::TERM);
    }

    /// Ctrl-C and SIGTERM end the server, whose end ends us.
    fn forward_signals(&self) -> Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        let pid = self.pid();
        thread::spawn(move || {
            for _ in signals.forever() {
                let _gone = kill_process(pid, Signal::TERM);
            }
        });
        Ok(())
    }

    fn stay(mut self) -> Result<()> {
        let status = self.process.wait()?;
        println!("\n{}", farewell(status));
        ensure!(status.success() || status.signal() == Some(SIGKILL), "the server failed: {status}");
        Ok(())
    }
}

fn farewell(status: ExitStatus) -> String {
    let how = match status.signal() {
        Some(SIGKILL) => {
            "The server was killed (kill -9). Every task that was answered for is in the database.".to_owned()
        }
        Some(signal) => format!("The server was ended by signal {signal}."),
        None if status.success() => "The server has stopped.".to_owned(),
        None => format!("The server ended: {status}."),
    };
    format!("{how} Start it again with `cargo xtask demo`; all is as it was, and the printed lines work on.")
}

/// PyPI's awscli, pointed at the demo.
struct AwsCli {
    program: PathBuf,
    url: String,
    key: RootKey,
}

impl AwsCli {
    /// Calls `aws connect` and answers the parsed output.
    fn connect(&self, arguments: &[&str]) -> Result<Value> {
        let done = Command::new(&self.program)
            .args(["--endpoint-url", &self.url, "--output", "json", "connect"])
            .args(arguments)
            .envs(self.environment())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env_remove("AWS_PROFILE")
            .env_remove("AWS_SESSION_TOKEN")
            .output()
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let errors = String::from_utf8_lossy(&done.stderr);
        ensure!(done.status.success(), "aws connect {}: {}", arguments[0], errors.trim());
        if done.stdout.is_empty() { Ok(Value::Null) } else { Ok(serde_json::from_slice(&done.stdout)?) }
    }

    fn environment(&self) -> [(&'static str, &str); 3] {
        [
            ("AWS_ACCESS_KEY_ID", &self.key.access_key_id),
            ("AWS_SECRET_ACCESS_KEY", &self.key.secret_access_key),
            ("AWS_DEFAULT_REGION", REGION),
        ]
    }

    /// A line for the shell that needs nothing else set.
    fn line(&self, arguments: &str) -> String {
        let set: Vec<String> = self.environment().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let program = shell_word(&self.program.display().to_string());
        format!("{} {program} --endpoint-url {} connect {arguments}", set.join(" "), self.url)
    }
}

/// A text as a shell takes it for one word, whatever it holds.
fn shell_word(text: &str) -> String {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-".contains(letter);
    if text.chars().all(plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

/// The ids of the sample instance and of what is in it.
struct Sample {
    instance: String,
    queue: String,
    flow: String,
    template: String,
    user: String,
    quick_connect: String,
}

impl Sample {
    fn find_or_create(aws: &AwsCli) -> Result<Sample> {
        let instance = find_or_create_instance(aws)?;
        let within = |operation: &str, arguments: &[&str]| {
            aws.connect(&[&[operation, "--instance-id", &instance], arguments].concat())
        };
        let find = |operation: &str, list: &str, name_member: &str, name: &str| -> Result<Option<String>> {
            Ok(find(&within(operation, &[])?, list, name_member, name))
        };
        let existing = |operation: &str, list: &str, name: &str| -> Result<String> {
            find(operation, list, "Name", name)?.with_context(|| format!("the sample instance lacks `{name}`"))
        };

        let queue = existing("list-queues", "QueueSummaryList", "BasicQueue")?;
        let flow = match find("list-contact-flows", "ContactFlowSummaryList", "Name", FLOW_NAME)? {
            Some(found) => found,
            None => {
                let content = flow_content(&queue).to_string();
                let arguments = ["--name", FLOW_NAME, "--type", "CONTACT_FLOW", "--content", &content];
                member(&within("create-contact-flow", &arguments)?, "ContactFlowId")?
            }
        };
        let template = match find("list-task-templates", "TaskTemplates", "Name", TEMPLATE_NAME)? {
            Some(found) => found,
            None => {
                let fields = template_fields().to_string();
                let arguments = ["--name", TEMPLATE_NAME, "--contact-flow-id", &flow, "--fields", &fields];
                member(&within("create-task-template", &arguments)?, "Id")?
            }
        };
        let user = match find("list-users", "UserSummaryList", "Username", USER_NAME)? {
            Some(found) => found,
            None => {
                let profile = existing("list-routing-profiles", "RoutingProfileSummaryList", "Basic Routing Profile")?;
                let security = existing("list-security-profiles", "SecurityProfileSummaryList", "Agent")?;
                let arguments = [
                    ["--username", USER_NAME],
                    ["--password", USER_PASSWORD],
                    ["--identity-info", "FirstName=Demo,LastName=Agent"],
                    ["--phone-config", "PhoneType=SOFT_PHONE,AfterContactWorkTimeLimit=0"],
                    ["--security-profile-ids", &security],
                    ["--routing-profile-id", &profile],
                ];
                member(&within("create-user", arguments.as_flattened())?, "UserId")?
            }
        };
        let quick_connect = match find("list-quick-connects", "QuickConnectSummaryList", "Name", QUICK_CONNECT_NAME)? {
            Some(found) => found,
            None => {
                let transfer = existing("list-contact-flows", "ContactFlowSummaryList", "Default agent transfer")?;
                let user_config = json!({"UserId": user, "ContactFlowId": transfer});
                let config = json!({"QuickConnectType": "USER", "UserConfig": user_config}).to_string();
                let arguments = ["--name", QUICK_CONNECT_NAME, "--quick-connect-config", &config];
                member(&within("create-quick-connect", &arguments)?, "QuickConnectId")?
            }
        };
        Ok(Sample { instance: instance.clone(), queue, flow, template, user, quick_connect })
    }

    /// What the user needs, and four steps to try with lines to paste.
    fn page(&self, aws: &AwsCli, process_id: u32) -> String {
        let Sample { instance, queue, flow, template, user, quick_connect } = self;
        let start = aws.line(&format!(
            "start-task-contact --instance-id {instance} --contact-flow-id {flow} --name \"My first task\" \
             --client-token my-first-task"
        ));
        let describe = aws.line(&format!("describe-contact --instance-id {instance} --contact-id CONTACT_ID"));
        let credentials = json!({"InstanceId": INSTANCE_ALIAS, "Username": USER_NAME, "Password": USER_PASSWORD});
        let sign_in = format!("curl -s --json '{credentials}' {}/agent/v1/session", aws.url);
        format!(
            "
Callboard is running, with a sample instance.

  endpoint        {url}
  access key      {key}  (its secret is in the lines below)
  instance        {instance}
  flow            {flow}  ({FLOW_NAME}: puts a task into BasicQueue)
  queue           {queue}  (BasicQueue)
  task template   {template}  ({TEMPLATE_NAME}: --task-template-id instead of --contact-flow-id)
  user            {user}  ({USER_NAME})
  quick connect   {quick_connect}  ({QUICK_CONNECT_NAME}: --quick-connect-id, queues at the user)

1. Start a task: paste this line into another terminal. It answers with a ContactId.

{start}

2. See the task in BasicQueue, and since when (QueueInfo). Put that ContactId in place of CONTACT_ID.

{describe}

3. Kill the server with `kill -9 {process_id}`, start `cargo xtask demo` again and paste both lines again: the task is
   there, and the same --client-token answers with the same ContactId. Another token starts another task.

4. Work as an agent: {USER_NAME} signs in with the password {USER_PASSWORD}. {url}/agent/v1/docs shows all that an agent
   can do; with a Token from the first line the second one shows status and contacts.

{sign_in}
curl -s -H 'Authorization: Bearer TOKEN' {url}/agent/v1/snapshot

Ctrl-C stops the server. What follows is its log.
",
            url = aws.url,
            key = aws.key.access_key_id,
        )
    }
}

fn find_or_create_instance(aws: &AwsCli) -> Result<String> {
    if let Some(found) =
        find(&aws.connect(&["list-instances"])?, "InstanceSummaryList", "InstanceAlias", INSTANCE_ALIAS)
    {
        return Ok(found);
    }
    headline("making the sample instance");
    let created = aws.connect(&[
        "create-instance",
        "--identity-management-type",
        "CONNECT_MANAGED",
        "--instance-alias",
        INSTANCE_ALIAS,
        "--inbound-calls-enabled",
        "--outbound-calls-enabled",
    ])?;
    let instance = member(&created, "Id")?;
    for _ in 0..LOOKS_MAX {
        let shown = aws.connect(&["describe-instance", "--instance-id", &instance])?;
        if shown["Instance"]["InstanceStatus"] == "ACTIVE" {
            return Ok(instance);
        }
        thread::sleep(LOOK);
    }
    bail!("instance {instance} did not become ACTIVE")
}

/// The id of the entry of this name in the answer of a list operation.
fn find(answer: &Value, list: &str, name_member: &str, name: &str) -> Option<String> {
    let entries = answer[list].as_array()?;
    let entry = entries.iter().find(|entry| entry[name_member] == name)?;
    entry["Id"].as_str().map(str::to_owned)
}

fn member(answer: &Value, name: &str) -> Result<String> {
    answer[name].as_str().map(str::to_owned).with_context(|| format!("the answer lacks {name}: {answer}"))
}

/// Marks the task, sets BasicQueue as its working queue and puts it there.
fn flow_content(queue: &str) -> Value {
    let otherwise = |error: &str| json!({"ErrorType": error, "NextAction": "end"});
    let action = |identifier: &str, kind: &str, parameters: Value, next: &str, errors: Vec<Value>| {
        json!({
            "Identifier": identifier,
            "Type": kind,
            "Parameters": parameters,
            "Transitions": {"NextAction": next, "Errors": errors, "Conditions": []},
        })
    };
    json!({
        "Version": "2019-10-30",
        "StartAction": "mark",
        "Actions": [
            action(
                "mark",
                "UpdateContactAttributes",
                json!({"Attributes": {"startedBy": "Demo flow"}}),
                "set queue",
                vec![otherwise("NoMatchingError")],
            ),
            action(
                "set queue",
                "UpdateContactTargetQueue",
                json!({"QueueId": queue}),
                "to queue",
                vec![otherwise("NoMatchingError")],
            ),
            action(
                "to queue",
                "TransferContactToQueue",
                json!({}),
                "end",
                vec![otherwise("QueueAtCapacity"), otherwise("NoMatchingError")],
            ),
            {"Identifier": "end", "Type": "DisconnectParticipant", "Parameters": {}, "Transitions": {}},
        ],
    })
}

fn template_fields() -> Value {
    json!([
        {"Id": {"Name": "Task name"}, "Type": "NAME"},
        {"Id": {"Name": "Description"}, "Type": "DESCRIPTION"},
        {"Id": {"Name": "Page"}, "Type": "URL"},
    ])
}

#[cfg(test)]
mod tests {
    use super::shell_word;

    #[test]
    fn words_of_the_shell() {
        assert_eq!(shell_word("/home/ann/target/demo/venv/bin/aws"), "/home/ann/target/demo/venv/bin/aws");
        assert_eq!(shell_word("/home/ann b/it's/aws"), r"'/home/ann b/it'\''s/aws'");
    }
}
