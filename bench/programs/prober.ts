import { connect } from 'node:net';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * Another client of Redis, which wants an answer every millisecond. Asked through its channel, it tells how long it had to
 * wait at most since it was asked before, in milliseconds. It runs by itself, so that nobody else's work delays it.
 */

const [host, port] = process.env.EZ_REDIS_ADDR!.split(':') as [string, string];
const socket = connect({ host, port: Number(port), noDelay: true });
let longest = 0;

process.on('message', () => {
  process.send!(longest);
  longest = 0;
});

const answered = (): Promise<void> => new Promise((resolve) => socket.once('data', () => resolve()));

socket.write(`AUTH ${process.env.EZ_REDIS_PASSWORD}\r\n`);
await answered();
for (;;) {
  const askedAt = performance.now();
  socket.write('PING\r\n');
  await answered();
  longest = Math.max(longest, performance.now() - askedAt);
  await sleep(1);
}
