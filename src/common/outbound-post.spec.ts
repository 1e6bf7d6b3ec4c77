import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { postOutbound } from './outbound-post.js';

describe('posting to a URL that somebody else has chosen', () => {
  let server: http.Server;
  let calls: number;

  beforeEach(async () => {
    calls = 0;
    server = http.createServer((req, res) => {
      calls += 1;
      req.resume();
      if (req.url === '/endless') pourInto(res);
      else res.writeHead(201).end();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  });
  afterEach(() => {
    server.closeAllConnections();
    server.close();
  });

  const post = (host: string, allowCidrs: string[], path = '/'): Promise<number> =>
    postOutbound(
      `http://${host}:${(server.address() as AddressInfo).port}${path}`,
      { body: '{}', headers: {} },
      { allowHttp: true, allowCidrs },
    );

  it('answers the status', async () => {
    expect(await post('127.0.0.1', ['127.0.0.0/8'])).toBe(201);
    expect(await post('localhost', ['127.0.0.0/8', '::1/128'])).toBe(201);
  });

  it('does not call an address that is not allowed', async () => {
    await expect(post('127.0.0.1', [])).rejects.toThrow('The URL must not point to a private or reserved address');
    expect(calls).toBe(0);
  });

  it('does not call a name that stands for such an address, whatever the name looks like', async () => {
    // The name passes, for one of the addresses that it may have is allowed; the one that it has is not.
    await expect(post('localhost', ['::1/128'])).rejects.toThrow('The name stands for a private or reserved address');
    expect(calls).toBe(0);
  });

  it('does not read an endless answer', async () => {
    const closed = new Promise((done) => server.once('connection', (socket) => socket.once('close', done)));
    expect(await post('127.0.0.1', ['127.0.0.0/8'], '/endless')).toBe(200);
    await closed;
  });
});

function pourInto(res: http.ServerResponse): void {
  const pour = (): void => {
    while (!res.destroyed && res.write('x'.repeat(16_384)));
  };
  res.writeHead(200).on('drain', pour);
  pour();
}
