import { once } from 'node:events';
import net from 'node:net';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { TcpProxy } from './tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: net.Server;
  let proxy: TcpProxy;
  let clients: net.Socket[];
  let served: net.Socket[];

  beforeEach(async () => {
    clients = [];
    served = [];
    echo = net.createServer((socket) => {
      served.push(socket.on('error', () => undefined));
      socket.pipe(socket);
    });
    echo.listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await TcpProxy.to({ host: '127.0.0.1', port: (echo.address() as net.AddressInfo).port });
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await proxy.close();
    echo.close();
  });

  async function connect(): Promise<net.Socket> {
    const client = net.connect(proxy.port, '127.0.0.1').setEncoding('utf8');
    clients.push(client);
    await once(client, 'connect');
    return client;
  }

  /** The error code with which the connection breaks, or the text that comes back. */
  function answer(client: net.Socket): Promise<string> {
    return new Promise((resolve) => {
      client.once('data', (text) => resolve(String(text)));
      client.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
    });
  }

  async function receive(client: net.Socket, length: number): Promise<string> {
    let text = '';
    for await (const part of client.iterator({ destroyOnReturn: false })) {
      text += String(part);
      if (text.length >= length) break;
    }
    return text;
  }

  const within = (ms: number, promise: Promise<string>): Promise<string> =>
    Promise.race([promise, new Promise<string>((resolve) => setTimeout(resolve, ms, 'nothing').unref())]);

  it('passes bytes both ways', async () => {
    const client = await connect();
    client.write('hello');
    expect(await answer(client)).toBe('hello');
  });

  it('passes the end of a connection on', async () => {
    const client = await connect();
    client.resume().end('bye');
    expect(await once(client, 'close')).toEqual([false]);
  });

  it('delays each way, and keeps what is sent meanwhile in order', async () => {
    const client = await connect();
    proxy.delay(40);
    const sentAt = performance.now();
    for (const letter of 'abcdef') client.write(letter);
    expect(await receive(client, 6)).toBe('abcdef');
    // Timers may fire up to a millisecond early, and as late as the machine likes.
    expect(performance.now() - sentAt).toBeGreaterThan(75);
  });

  it('throttles', async () => {
    const client = await connect();
    proxy.throttle(100_000);
    const sentAt = performance.now();
    client.write('x'.repeat(20_000));
    await receive(client, 20_000);
    expect(performance.now() - sentAt).toBeGreaterThanOrEqual(190);
  });

  it.each([
    ['to the server', 'toServer'],
    ['to the client', 'toClient'],
    ['either way', undefined],
  ] as const)('loses what goes %s in a black hole, and delivers it when healed', async (_name, direction) => {
    const client = await connect();
    proxy.blackHole(direction);
    client.write('lost?');
    const reply = answer(client);
    expect(await within(60, reply)).toBe('nothing');
    await proxy.pass();
    expect(await reply).toBe('lost?');
  });

  it('hides in a black hole that the server is gone', async () => {
    const client = await connect();
    client.write('hello');
    await answer(client);
    proxy.blackHole('toClient');
    const end = once(client, 'close').then(() => 'closed');
    served[0]?.destroy();
    expect(await within(60, end)).toBe('nothing');
    await proxy.pass();
    expect(await end).toBe('closed');
  });

  it('makes the sender feel that nothing arrives', async () => {
    const client = await connect();
    proxy.blackHole();
    client.write(Buffer.alloc(32 * 1024 * 1024));
    const drained = once(client, 'drain').then(() => 'drained');
    expect(await within(100, drained)).toBe('nothing');
  });

  it('resets the connections there are, and accepts new ones', async () => {
    const broken = await connect();
    const error = answer(broken);
    proxy.reset();
    expect(await error).toBe('ECONNRESET');
    const client = await connect();
    client.write('again');
    expect(await answer(client)).toBe('again');
  });

  it('refuses connections until it passes them again, on the same port', async () => {
    const { port } = proxy;
    const broken = await connect();
    const error = answer(broken);
    await proxy.refuse();
    expect(await error).toBe('ECONNRESET');
    await expect(connect()).rejects.toMatchObject({ code: 'ECONNREFUSED' });
    await proxy.pass();
    expect(proxy.port).toBe(port);
    const client = await connect();
    client.write('back');
    expect(await answer(client)).toBe('back');
  });
});
