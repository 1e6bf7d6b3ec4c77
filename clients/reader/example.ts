import { Redis } from 'ioredis';
import { Reader } from './reader.js';

/** A balancer of one request: `EZ_REDIS_ADDR=host:port node dist/clients/reader/example.js <key> <model>`. */
const [token = '', model = ''] = process.argv.slice(2);
const [host = '127.0.0.1', port = '6379'] = (process.env.EZ_REDIS_ADDR ?? '').split(':');
const options = {
  host,
  port: Number(port),
  password: process.env.EZ_REDIS_PASSWORD,
  commandTimeout: 1_000,
  maxRetriesPerRequest: 0,
};
const connections = { redis: new Redis(options), subscriber: new Redis(options) };
const reader = new Reader({ ...connections, node: 'example', software: 'example/1' });

reader.start();
while (reader.version.gen === '0') await new Promise((resolve) => setTimeout(resolve, 50));
const client = await reader.authenticate(token, '127.0.0.1');
const answer = typeof client === 'string' ? { refused: client } : reader.route(client, model);
process.stdout.write(`${JSON.stringify({ configuration: reader.version, ...answer }, null, 2)}\n`);

await reader.stop();
Object.values(connections).forEach((connection) => connection.disconnect());
