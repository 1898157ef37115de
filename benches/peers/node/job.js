// The job of one batch: judge, encode, compress, upload.

import { isUtf8 } from "node:buffer";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import zlib from "node:zlib";

import { ContainerClient } from "@azure/storage-blob";
import { Ajv2020 } from "ajv/dist/2020.js";

const SCHEMA = "order-transaction/1.0.0";
/** The level of gzip that every peer uses. */
const LEVEL = 3;

const gzip = promisify(zlib.gzip);

/** What lives as long as the process: compiled validators, and the connections to the store. */
export class Job {
  constructor() {
    const schema = JSON.parse(readFileSync(process.env.SCHEMA_FILE, "utf8"));
    // the fast one for all, and one that lists every violation for those that have any
    this.valid = new Ajv2020({ strict: false }).compile(schema);
    this.violations = new Ajv2020({ strict: false, allErrors: true }).compile(schema);
    this.container = new ContainerClient(
      process.env.LANDING_CONNECTION,
      process.env.LANDING_CONTAINER,
    );
  }

  /** Why an event is refused: a reason, and what is wrong; or none. */
  judge(body, text, properties) {
    if (body.length === 0) return ["empty", []];
    if (!isUtf8(body)) return ["not-utf8", []];
    let value;
    try {
      value = JSON.parse(text);
    } catch (error) {
      return ["not-json", [{ pointer: "", keyword: "json", message: error.message }]];
    }
    if ((properties.schema ?? SCHEMA) !== SCHEMA) return ["unknown-schema", []];
    if (this.valid(value)) return undefined;
    this.violations(value);
    const errors = this.violations.errors.map((error) => ({
      pointer: error.instancePath,
      keyword: error.keyword,
      message: error.message,
    }));
    return ["schema", errors];
  }

  /** The lines of the accepted and of the rejected. */
  encode(batch) {
    let accepted = "";
    let rejected = "";
    const stream = JSON.stringify(batch.stream);
    const partition = JSON.stringify(batch.partition);
    for (let index = 0; index < batch.bodies.length; index += 1) {
      const body = batch.bodies[index];
      const text = body.toString("utf8");
      const properties = batch.properties[index];
      const refused = this.judge(body, text, properties);
      const columns =
        `{"_stream":${stream},"_partition":${partition},"_sequence":${batch.sequences[index]},` +
        `"_offset":"${batch.offsets[index]}","_enqueued_time":"${batch.times[index]}Z",` +
        `"_key":${JSON.stringify(batch.keys[index])},"_properties":${JSON.stringify(properties)}`;
      if (refused === undefined) {
        const line = text.includes("\n") || text.includes("\r") ? text.replace(/[\r\n]/g, " ") : text;
        accepted += `${columns},"_schema":"${SCHEMA}","body":${line}}\n`;
      } else {
        const [reason, errors] = refused;
        rejected +=
          `${columns},"_reason":"${reason}","_errors":${JSON.stringify(errors)},` +
          `"body_base64":"${body.toString("base64")}"}\n`;
      }
    }
    return [accepted, rejected];
  }

  /** One blob of the accepted and one of the rejected, both at once. */
  async land(batch) {
    if (batch.bodies.length === 0) return;
    const time = batch.times[0];
    const first = String(batch.sequences[0]).padStart(20, "0");
    const name =
      `${batch.stream}/date=${time.slice(0, 10)}/hour=${time.slice(11, 13)}/` +
      `${batch.partition}-${first}.json.gz`;
    const [accepted, rejected] = this.encode(batch);
    const uploads = [];
    if (accepted) uploads.push(this.create(`bronze/${name}`, accepted));
    if (rejected) uploads.push(this.create(`rejections/${name}`, rejected));
    await Promise.all(uploads);
  }

  async create(name, lines) {
    // in zlib's threads
    const body = await gzip(lines, { level: LEVEL });
    try {
      await this.container.getBlockBlobClient(name).upload(body, body.length, {
        conditions: { ifNoneMatch: "*" },
        blobHTTPHeaders: { blobContentType: "application/x-ndjson" },
      });
    } catch (error) {
      // another try of this batch wrote it
      if (error.statusCode !== 409) throw error;
    }
  }
}
