// Drives a hub with @azure/event-hubs: node client.js CONNECTION WHAT [ARGUMENT…]. Says what it saw
// as JSON. tests/hub/python/client.py does the same with azure-eventhub.

const { EventHubConsumerClient, EventHubProducerClient, earliestEventPosition } = require("@azure/event-hubs");
const rhea = require("rhea");

const ORDER = {
  TransactionNo: "581482",
  Date: "12/9/2019",
  ProductNo: "22485",
  ProductName: "Set Of 2 Wooden Market Crates",
  Price: 21.47,
  Quantity: 12,
  CustomerNo: "17490",
  Country: "United Kingdom",
};
const PATIENCE = 60_000;

const order = (name, body = ORDER) => ({
  body,
  messageId: name,
  correlationId: "c-1",
  contentType: "application/json",
  properties: { schema: "order-transaction/1.0.0", n: 5, flag: true },
});

/** Resolves when `settle` is called, or to false when that takes too long. */
function waiting() {
  let settle;
  const settled = new Promise((resolve) => {
    settle = resolve;
  });
  const late = new Promise((resolve) => setTimeout(() => resolve(false), PATIENCE).unref());
  return { settle, settled: Promise.race([settled, late]) };
}

async function withProducer(connection, use, options) {
  const client = new EventHubProducerClient(connection, options);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

async function batch(client, events, where) {
  const made = await client.createBatch(where);
  for (const event of events) {
    if (!made.tryAdd(event)) throw new Error(`${event.messageId} does not fit`);
  }
  await client.sendBatch(made);
}

const numbers = (count) => Array.from({ length: count }, (_, n) => n);

const clients = {
  describe: (connection) =>
    withProducer(connection, async (client) => {
      const hub = await client.getEventHubProperties();
      const partitions = await Promise.all(hub.partitionIds.map((id) => client.getPartitionProperties(id)));
      return {
        name: hub.name,
        partitions: hub.partitionIds,
        empty: partitions.map((it) => it.isEmpty),
        last: partitions.map((it) => it.lastEnqueuedSequenceNumber),
      };
    }),

  send: (connection) =>
    withProducer(connection, async (client) => {
      await batch(client, [order("key-0"), order("key-1")], { partitionKey: "cust-9" });
      await batch(client, [order("partition-0")], { partitionId: "2" });
      for (const turn of numbers(8)) await client.sendBatch([order(`turn-${turn}`)]);
      await batch(client, numbers(500).map((n) => order(`bulk-${n}`)), { partitionKey: "mass" });
      await client.sendBatch([order("bad", Buffer.from([255]))], { partitionId: "0" });
      return { sent: 512 };
    }),

  async receive(connection, partition, kind, value, inclusive, count) {
    const isInclusive = inclusive === "true";
    const positions = {
      offset: { offset: value, isInclusive },
      sequence: { sequenceNumber: Number(value), isInclusive },
      time: { enqueuedOn: new Date(Number(value)), isInclusive },
    };
    const client = new EventHubConsumerClient("$Default", connection);
    const [seen, errors, done] = [[], [], waiting()];
    const handlers = {
      async processEvents(events) {
        for (const event of events) {
          seen.push({
            sequence: event.sequenceNumber,
            offset: event.offset,
            time: event.enqueuedTimeUtc.getTime(),
            key: event.partitionKey ?? null,
            id: event.messageId ?? null,
            correlation: event.correlationId ?? null,
            type: event.contentType ?? null,
            properties: event.properties ?? {},
            body: Buffer.from(event.body).toString("base64"),
          });
        }
        if (seen.length >= Number(count)) done.settle(true);
      },
      processError: async (error) => errors.push(String(error)),
    };
    client.subscribe(partition, handlers, { startPosition: positions[kind], skipParsingBodyAsJson: true });
    const whole = await done.settled;
    return { whole, events: seen, errors };
  },

  async epoch(connection) {
    const errors = {};
    const read = (name, ownerLevel) => {
      const client = new EventHubConsumerClient("$Default", connection);
      const [seen, ended] = [waiting(), waiting()];
      const handlers = {
        processEvents: async (events) => events.length && seen.settle(true),
        processError: async (error) => {
          errors[name] ??= `${error.code}: ${error.message}`;
          ended.settle(true);
        },
      };
      client.subscribe("2", handlers, { startPosition: earliestEventPosition, ownerLevel });
      return { seen: seen.settled, ended: ended.settled };
    };
    const first = read("first", 1);
    const one = await first.seen;
    const second = read("second", 2);
    const both = one && (await second.seen);
    const displaced = (await first.ended) && errors.first;
    const refused = (await read("low", 1).ended) && errors.low;
    return { both, displaced, refused, second: errors.second ?? null };
  },

  wrong: (connection) =>
    withProducer(connection.replace("EntityPath=orders", "EntityPath=nosuch"), async (client) => ({
      send: await failing(() => client.sendBatch([order("lost")])),
      describe: await failing(() => client.getEventHubProperties()),
    })),

  large: (connection) =>
    withProducer(connection, async (client) => {
      const made = await client.createBatch();
      const added = made.tryAdd({ body: "x".repeat(2 << 20) }) ? null : "not added";
      const largest = { body: "x".repeat(1000 << 10) };
      await client.sendBatch([largest], { partitionId: "3" });
      // the link is ended, and this client waits for an answer to the send
      const options = { retryOptions: { maxRetries: 0, timeoutInMs: 3000 } };
      const send = (impatient) => impatient.sendBatch([{ body: "x".repeat(2 << 20) }]);
      const sent = await failing(() => withProducer(connection, send, options));
      return { limit: made.maxSizeInBytes, added, sent };
    }),

  /** A client that does not look at the limit, so that the hub has to. */
  unlimited(connection) {
    const port = Number(/localhost:(\d+)/.exec(connection)[1]);
    const options = { host: "localhost", port, username: "anybody", reconnect: false };
    const link = rhea.create_container().connect(options).open_sender("orders");
    return new Promise((resolve) => {
      link.once("sendable", () => link.send({ body: rhea.message.data_section(Buffer.alloc(2 << 20)) }));
      link.once("accepted", () => resolve({ accepted: true }));
      link.once("sender_error", () => resolve({ error: String(link.error.condition) }));
    });
  },

  /** A consumer that asks for everything, and then does not read. */
  stalled(connection) {
    const port = Number(/localhost:(\d+)/.exec(connection)[1]);
    const options = { host: "localhost", port, username: "anybody", reconnect: false };
    const made = rhea.create_container().connect(options);
    const source = "orders/ConsumerGroups/$Default/Partitions/3";
    const link = made.open_receiver({ source, credit_window: 0, autoaccept: false });
    link.once("receiver_open", () => link.add_credit(1_000_000));
    return new Promise(() => {
      link.once("message", () => {
        made.socket.pause();
        console.log("stalled");
        setInterval(() => {}, 1000);
      });
    });
  },

  /** Sends as many kilobytes as it is told, in messages of 500, to the partition that is stalled. */
  heavy: (connection, kilobytes) =>
    withProducer(connection, async (client) => {
      const body = Buffer.alloc(500 << 10, "x");
      for (let sent = 0; sent < Number(kilobytes); sent += 500) await client.sendBatch([{ body }], { partitionId: "3" });
      return {};
    }),

  async flood(connection) {
    const client = new EventHubProducerClient(connection);
    for (let number = 0; ; number += 1) {
      await batch(client, numbers(10).map((n) => order(`flood-${number}-${n}`)));
      console.log(number);
    }
  },
};

async function failing(action) {
  try {
    await action();
  } catch (error) {
    return `${error.code ?? error.name}: ${error.message}`;
  }
  return null;
}

const [connection, what, ...rest] = process.argv.slice(2);
clients[what](connection, ...rest).then(
  (said) => {
    process.stdout.write(`${JSON.stringify(said)}\n`, () => process.exit(0));
  },
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
