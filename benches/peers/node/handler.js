// A custom handler in Node: fastify, a process a core by node:cluster.

import cluster from "node:cluster";

import { Job } from "./job.js";

const processes = Number(process.env.PROCESSES);

if (cluster.isPrimary) {
  cluster.on("exit", () => process.exit(1));
  for (let started = 0; started < processes; started += 1) cluster.fork();
} else {
  const { default: fastify } = await import("fastify");
  const job = new Job();
  const server = fastify({ bodyLimit: 512 * 1024 * 1024 });
  server.get("/", async () => "");
  server.post("/IngestOrders", async (request) => {
    await job.land(batchOf(request.body));
    return {};
  });
  await server.listen({ host: "127.0.0.1", port: Number(process.env.FUNCTIONS_CUSTOMHANDLER_PORT) });
}

/** The host's body: every value is JSON in a string. */
function batchOf({ Data: data, Metadata: metadata }) {
  const context = metadata.PartitionContext;
  const column = (name) => JSON.parse(metadata[name]);
  return {
    stream: `${context.FullyQualifiedNamespace.split(".")[0]}/${context.EventHubName}`,
    partition: context.PartitionId,
    bodies: JSON.parse(data.events).map((body) => Buffer.from(body, "base64")),
    sequences: column("SequenceNumberArray"),
    offsets: column("OffsetStringArray"),
    times: column("EnqueuedTimeUtcArray"),
    keys: column("PartitionKeyArray"),
    properties: column("PropertiesArray"),
  };
}
