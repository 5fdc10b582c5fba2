// The story of a task, told by the AWS SDK for JavaScript v3, unmodified.

import assert from "node:assert/strict";
import { createServer, request as send } from "node:http";
import { after, before, test } from "node:test";
import {
  ContactNotFoundException,
  CreateContactFlowCommand,
  CreateInstanceCommand,
  CreateQueueCommand,
  CreateTaskTemplateCommand,
  DescribeContactCommand,
  DescribeInstanceCommand,
  GetContactAttributesCommand,
  InvalidContactFlowException,
  InvalidParameterException,
  InvalidRequestException,
  ListContactReferencesCommand,
  ListHoursOfOperationsCommand,
  ListInstancesCommand,
  ListQueuesCommand,
  ListTagsForResourceCommand,
  PropertyValidationException,
  ResourceNotFoundException,
  StartTaskContactCommand,
  StopContactCommand,
  TagResourceCommand,
  UpdateContactAttributesCommand,
  UpdateContactScheduleCommand,
  paginateListQueues,
} from "@aws-sdk/client-connect";
import { connect, eventually, startServer } from "./server.js";

let server;
let client;
let InstanceId;
let queueId;
let flowId;

function flowInto(queue) {
  const end = { ErrorType: "NoMatchingError", NextAction: "end" };
  return JSON.stringify({
    Version: "2019-10-30",
    StartAction: "set queue",
    Actions: [
      {
        Identifier: "set queue",
        Type: "UpdateContactTargetQueue",
        Parameters: { QueueId: queue },
        Transitions: { NextAction: "to queue", Errors: [end] },
      },
      {
        Identifier: "to queue",
        Type: "TransferContactToQueue",
        Parameters: {},
        Transitions: { NextAction: "end", Errors: [end, { ErrorType: "QueueAtCapacity", NextAction: "end" }] },
      },
      { Identifier: "end", Type: "DisconnectParticipant", Parameters: {}, Transitions: {} },
    ],
  });
}

before(async () => {
  server = await startServer();
  client = connect(server);
  const created = await client.send(
    new CreateInstanceCommand({
      IdentityManagementType: "CONNECT_MANAGED",
      InstanceAlias: "js-tests",
      InboundCallsEnabled: true,
      OutboundCallsEnabled: true,
    }),
  );
  InstanceId = created.Id;
  await eventually(async () => {
    const { Instance } = await client.send(new DescribeInstanceCommand({ InstanceId }));
    return Instance.InstanceStatus === "ACTIVE";
  }, "the instance's status ACTIVE");
  const { QueueSummaryList } = await client.send(new ListQueuesCommand({ InstanceId, QueueTypes: ["STANDARD"] }));
  queueId = QueueSummaryList.find((queue) => queue.Name === "BasicQueue").Id;
  const flow = await client.send(
    new CreateContactFlowCommand({ InstanceId, Name: "flow", Type: "CONTACT_FLOW", Content: flowInto(queueId) }),
  );
  flowId = flow.ContactFlowId;
});

after(async () => {
  client?.destroy();
  if (server) assert.equal(await server.stop(), 0);
});

function start(members = {}) {
  return client.send(new StartTaskContactCommand({ InstanceId, ContactFlowId: flowId, Name: "a task", ...members }));
}

async function describe(ContactId) {
  const { Contact } = await client.send(new DescribeContactCommand({ InstanceId, ContactId }));
  return Contact;
}

test("a task is started and queued", async () => {
  const answer = await start({
    Attributes: { order: "12" },
    References: { page: { Type: "URL", Value: "https://example.com/12" } },
    Description: "ä ö ü 日本 🚀",
  });
  assert.match(answer.ContactId, /^[0-9a-f-]{36}$/);
  assert.equal(answer.$metadata.httpStatusCode, 200);
  assert.ok(answer.$metadata.requestId);
  const contact = await eventually(async () => {
    const shown = await describe(answer.ContactId);
    return shown.QueueInfo?.EnqueueTimestamp ? shown : undefined;
  }, "queued");
  assert.equal(contact.QueueInfo.Id, queueId);
  assert.ok(contact.QueueInfo.EnqueueTimestamp instanceof Date);
  assert.equal(contact.Channel, "TASK");
  assert.equal(contact.Description, "ä ö ü 日本 🚀");
  assert.deepEqual(contact.Attributes, { order: "12" });
  const { ReferenceSummaryList } = await client.send(
    new ListContactReferencesCommand({ InstanceId, ContactId: answer.ContactId, ReferenceTypes: ["URL", "STRING"] }),
  );
  assert.deepEqual(ReferenceSummaryList, [{ Url: { Name: "page", Value: "https://example.com/12" } }]);
});

test("a token makes one task", async () => {
  const first = await start({ ClientToken: "js-token" });
  const second = await start({ ClientToken: "js-token" });
  assert.equal(first.ContactId, second.ContactId);
  assert.notEqual((await start()).ContactId, first.ContactId);
});

test("a scheduled task can be moved and stopped", async () => {
  const inAnHour = new Date(Math.ceil(Date.now() / 1000) * 1000 + 3_600_000);
  const { ContactId } = await start({ ScheduledTime: inAnHour });
  assert.deepEqual((await describe(ContactId)).ScheduledTimestamp, inAnHour);
  const later = new Date(inAnHour.getTime() + 3_600_000);
  await client.send(new UpdateContactScheduleCommand({ InstanceId, ContactId, ScheduledTime: later }));
  assert.deepEqual((await describe(ContactId)).ScheduledTimestamp, later);
  await client.send(new StopContactCommand({ InstanceId, ContactId }));
  const ended = await describe(ContactId);
  assert.equal(ended.DisconnectReason, "API");
});

test("attributes are written and read", async () => {
  const { ContactId } = await start();
  await client.send(
    new UpdateContactAttributesCommand({ InstanceId, InitialContactId: ContactId, Attributes: { colour: "red" } }),
  );
  const { Attributes } = await client.send(
    new GetContactAttributesCommand({ InstanceId, InitialContactId: ContactId }),
  );
  assert.deepEqual(Attributes, { colour: "red" });
});

test("an ARN in a path is taken", async () => {
  const { HoursOfOperationSummaryList } = await client.send(new ListHoursOfOperationsCommand({ InstanceId }));
  const arn = HoursOfOperationSummaryList[0].Arn;
  await client.send(new TagResourceCommand({ resourceArn: arn, tags: { team: "blue" } }));
  const { tags } = await client.send(new ListTagsForResourceCommand({ resourceArn: arn }));
  assert.deepEqual(tags, { team: "blue" });
});

test("a list is walked by its paginator", async () => {
  const { HoursOfOperationSummaryList } = await client.send(new ListHoursOfOperationsCommand({ InstanceId }));
  const HoursOfOperationId = HoursOfOperationSummaryList[0].Id;
  for (let n = 0; n < 5; n++) {
    await client.send(new CreateQueueCommand({ InstanceId, Name: `queue ${n}`, HoursOfOperationId }));
  }
  const names = [];
  let pages = 0;
  for await (const page of paginateListQueues({ client, pageSize: 2 }, { InstanceId, QueueTypes: ["STANDARD"] })) {
    pages += 1;
    names.push(...page.QueueSummaryList.map((queue) => queue.Name));
  }
  assert.equal(pages, 3);
  assert.deepEqual(names.sort(), ["BasicQueue", "queue 0", "queue 1", "queue 2", "queue 3", "queue 4"]);
});

test("errors arrive as their classes", async () => {
  const nobody = "00000000-0000-4000-8000-000000000000";
  const refused = async (command, type, check) => {
    await assert.rejects(client.send(command), (error) => {
      assert.ok(error instanceof type, `${error.name}: ${error.message}`);
      assert.ok(error.$metadata.requestId);
      assert.equal(error.$metadata.attempts, 1);
      check?.(error);
      return true;
    });
  };
  await refused(new DescribeContactCommand({ InstanceId, ContactId: nobody }), ResourceNotFoundException);
  await refused(new StartTaskContactCommand({ InstanceId, Name: "no flow" }), InvalidRequestException, (error) => {
    assert.match(error.message, /unique flow/);
  });
  await refused(
    new StartTaskContactCommand({ InstanceId, ContactFlowId: flowId, Name: "n".repeat(1025) }),
    InvalidParameterException,
    (error) => assert.match(error.message, /Name/),
  );
  await refused(new StopContactCommand({ InstanceId, ContactId: nobody }), ContactNotFoundException, (error) => {
    assert.equal(error.$metadata.httpStatusCode, 410);
  });
  await refused(
    new CreateContactFlowCommand({
      InstanceId,
      Name: "broken",
      Type: "CONTACT_FLOW",
      Content: flowInto(queueId).replace("to queue", "nowhere"),
    }),
    InvalidContactFlowException,
    (error) => assert.ok(error.problems.length >= 1 && error.problems[0].message),
  );
  await refused(
    new CreateTaskTemplateCommand({ InstanceId, Name: "broken", Fields: [{ Id: { Name: "x" }, Type: "TEXT" }] }),
    PropertyValidationException,
    (error) => assert.ok(error.PropertyList.length >= 1 && error.PropertyList[0].PropertyPath),
  );
});

test("wrong and unknown keys are told apart", async () => {
  const stranger = connect(server, { credentials: { accessKeyId: "AKIAUNKNOWN", secretAccessKey: "x" } });
  await assert.rejects(stranger.send(new ListInstancesCommand({})), { name: "UnrecognizedClientException" });
  stranger.destroy();
  const { accessKeyId } = await client.config.credentials();
  const liar = connect(server, { credentials: { accessKeyId, secretAccessKey: "x" }, maxAttempts: 1 });
  await assert.rejects(liar.send(new ListInstancesCommand({})), { name: "InvalidSignatureException" });
  liar.destroy();
});

test("the default retries carry a call over a server that comes back", async () => {
  // Stands in front: the first two calls meet a broken connection, the third reaches the server.
  let calls = 0;
  const target = new URL(server.url);
  const front = createServer(async (request, response) => {
    calls += 1;
    if (calls <= 2) {
      request.socket.destroy();
      return;
    }
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const onward = send(
      { host: target.hostname, port: target.port, method: request.method, path: request.url, headers: request.headers },
      (answer) => {
        response.writeHead(answer.statusCode, answer.headers);
        answer.pipe(response);
      },
    );
    onward.end(Buffer.concat(chunks));
  });
  await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));
  const patient = connect({ url: `http://127.0.0.1:${front.address().port}` });
  try {
    const answer = await patient.send(
      new StartTaskContactCommand({ InstanceId, ContactFlowId: flowId, Name: "retried" }),
    );
    assert.ok(answer.ContactId);
    assert.equal(answer.$metadata.attempts, 3);
  } finally {
    patient.destroy();
    front.closeAllConnections();
    front.close();
  }
});
