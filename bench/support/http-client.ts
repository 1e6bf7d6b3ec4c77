import { Agent, request } from 'node:http';

export interface Answer {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  body: string;
  /** From the request to the last byte of the answer. */
  ms: number;
}

export class RefusedError extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(`answered ${status}: ${message}`);
  }
}

/** Keeps as many connections open as it is asked for at once. */
export class HttpClient {
  private readonly agent = new Agent({ keepAlive: true });

  constructor(
    readonly base: string,
    private readonly token: string,
  ) {}

  get headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
  }

  /** Throws unless the answer is a 2xx: a refusal would be quick, and no figure. */
  async call(method: string, path: string, body?: object): Promise<Answer> {
    const answer = await this.send(method, path, body);
    if (answer.status >= 300) throw new RefusedError(answer.status, `${method} ${path}: ${answer.body}`);
    return answer;
  }

  close(): void {
    this.agent.destroy();
  }

  /** Resolves with whatever the answer is. A body that is ready to be sent costs the machine nothing while it is measured. */
  send(method: string, path: string, body?: object): Promise<Answer> {
    const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const headers = { ...this.headers, 'content-length': bytes.length };
      const outgoing = request(this.base + path, { method, agent: this.agent, headers }, (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.once('error', reject);
        incoming.once('end', () => {
          const { statusCode: status = 0, headers: answered } = incoming;
          const text = Buffer.concat(chunks).toString();
          resolve({ status, headers: answered, body: text, ms: performance.now() - startedAt });
        });
      });
      outgoing.once('error', reject);
      outgoing.end(bytes);
    });
  }
}

/** Calls as fast as the answers come, on so many connections, and returns how long each took. */
export async function closedLoop(connections: number, calls: number, call: () => Promise<Answer>): Promise<number[]> {
  const taken: number[] = [];
  let left = calls;
  const one = async (): Promise<void> => {
    while (left-- > 0) taken.push((await call()).ms);
  };
  await Promise.all(Array.from({ length: connections }, one));
  return taken;
}
