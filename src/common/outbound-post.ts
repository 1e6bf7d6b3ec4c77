import http from 'node:http';
import https from 'node:https';
import { publicLookup } from './outbound-lookup.js';
import { checkOutboundUrl, type OutboundRules } from './outbound-url.js';

const PATIENCE_MS = 5_000;
const MOST_ANSWER_BYTES = 65_536;

export interface OutboundMessage {
  body: string;
  headers: Readonly<Record<string, string>>;
}

/**
 * Posts to a URL that somebody else has chosen. The address is checked where the connection is made, and that very address is
 * connected to, so that a name can't mean something else a moment later. No redirects; the answer's body is not looked at.
 * @returns the status of the answer
 * @throws Error with a message that repeats nothing of the answer
 */
export function postOutbound(text: string, { body, headers }: OutboundMessage, rules: OutboundRules): Promise<number> {
  const checked = checkOutboundUrl(text, rules);
  if ('error' in checked) return Promise.reject(new Error(`The URL ${checked.error}`));
  const url = new URL(checked.url);
  const { request } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      headers: { ...headers, 'Content-Length': Buffer.byteLength(body) },
      agent: false,
      lookup: publicLookup(rules),
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    sent.once('response', (answer) => {
      resolve(answer.statusCode ?? 0);
      drop(answer);
    });
    sent.on('error', (error) => reject(new Error(plainReason(error))));
    sent.end(body);
  });
}

/** Reads on a little, so that the receiver doesn't see its connection cut in the middle of an ordinary answer. */
function drop(answer: http.IncomingMessage): void {
  let bytes = 0;
  answer.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) answer.destroy();
  });
  answer.on('error', () => undefined);
}

function plainReason(error: NodeJS.ErrnoException): string {
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return `No answer within ${PATIENCE_MS / 1000} s`;
  return error.code ?? error.message;
}
