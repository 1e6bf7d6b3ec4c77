import { Balancer } from './balancer.mjs';
import { showGateway } from './gateway-tables.mjs';
import { importGateway } from './import.mjs';
import { duration, instantOf, relative } from './watch.mjs';

const OVERLAP_SECONDS = 2;
/** Inside and outside of what the first imported token allows. */
const HOME = '192.168.7.7';
const ELSEWHERE = '203.0.113.9';

/**
 * @typedef {object} Stage
 * @property {import('./admin-api.mjs').AdminApi} api
 * @property {import('./page.mjs').Page} page
 * @property {Balancer} balancer
 * @property {string} exported the file of the other gateway
 */

/** @param {Omit<Stage, 'balancer'> & { redis: import('ioredis').Redis }} given */
export async function tellStory({ api, page, redis, exported }) {
  const stage = { api, page, exported, balancer: new Balancer(redis) };
  const gateway = await importChapter(stage);
  const alice = gateway.tenants.find(({ master }) => master.name === 'alice');
  const fresh = await issueKey(stage, alice.master);
  const imported = JSON.parse(exported).data.keys.map(({ original_token }) => original_token);
  await requestsChapter(stage, requestsOf(imported, fresh));
  await revocationChapter(stage, alice.keys[0], imported[0]);
  await rotationChapter(stage, fresh);
}

/** @param {Stage} stage */
async function importChapter({ api, page, exported }) {
  page.chapter('1. The export of another gateway becomes this one');
  const startedAt = performance.now();
  const gateway = await importGateway(api, exported);
  const { requests } = api;
  const took = duration(performance.now() - startedAt);
  showGateway(page, gateway);
  const { bindings, unserved } = gateway;
  page.check(
    unserved.length === 0,
    `${requests} requests in ${took}; ${bindings.length} bindings, ${unserved.length} without a provider`,
  );
  await importGateway(api, exported);
  page.check(
    api.replays === requests,
    `run again, ${api.replays} of ${requests} requests get the answer of the first time: nothing exists twice`,
  );
  return gateway;
}

/** A key made here, because what the imported ones may do is limited. @param {Stage} stage */
async function issueKey({ api, page }, master) {
  const path = `/admin/masters/${master.id}/keys`;
  const { body, version, propagation } = await api.post(`${path}?wait=applied&timeout_ms=10000`, { name: 'tour' });
  const [{ hint }] = body.secrets;
  page.check(
    propagation === 'applied',
    `new key ${hint} for ${master.name}, answered when Redis held configuration ${version}`,
  );
  return { path: `${path}/${body.id}`, token: body.token, hint };
}

/** @typedef {[token: string, shown: string, address: string, model: string, expected: string]} ClientRequest */

/** @param {string[]} imported @param {{ token: string, hint: string }} fresh @returns {ClientRequest[]} */
const requestsOf = ([first, second, third], { token, hint }) => [
  [`sk-${first}`, 'sk-…AAAA', HOME, 'gpt-4o', 'vip.gpt-4o, 3 providers, first openai-main#1 as gpt-4o'],
  [first, '…AAAA', '10.0.0.1', 'vip.gpt-4o', 'vip.gpt-4o, 3 providers, first openai-main#1 as gpt-4o'],
  [`sk-${first}`, 'sk-…AAAA', ELSEWHERE, 'gpt-4o', `refused: ${ELSEWHERE} is not allowed`],
  [`sk-${first}`, 'sk-…AAAA', HOME, 'gpt-4', "refused: gpt-4 is not among the key's models"],
  [`sk-${first}`, 'sk-…AAAA', HOME, 'claude-3-5-sonnet', 'refused: nothing is bound to vip.claude-3-5-sonnet'],
  [`sk-${second}`, 'token-71', HOME, 'gpt-4o', 'refused: key is exhausted'],
  [`sk-${third}`, 'token-72', HOME, 'gpt-4o', 'refused: key is suspended'],
  ['sk-nobody', 'unknown', HOME, 'gpt-4o', 'refused: unknown key'],
  [token, hint, ELSEWHERE, 'gpt-4', 'vip.gpt-4, 3 providers, first openai-main#1 as gpt-4o'],
  [token, hint, ELSEWHERE, 'gpt-4.1', 'gpt-4.1, 3 providers, first openai-main#1 as gpt-4.1'],
  [token, hint, ELSEWHERE, 'gemini-2.5-pro', "refused: namespace gemini-2 is not the key's"],
];

/** @param {Stage} stage @param {ClientRequest[]} requests */
async function requestsChapter({ balancer, page }, requests) {
  page.chapter('2. A balancer that reads nothing but Redis');
  for (const [token, shown, address, model, expected] of requests) {
    const answer = inWords(await balancer.serve({ token, address, model }));
    const columns = [shown.padEnd(9), address.padEnd(11), model.padEnd(17), answer];
    page.check(answer === expected, columns.join('  ') + (answer === expected ? '' : ` (expected: ${expected})`));
  }
}

/** @param {Awaited<ReturnType<Balancer['serve']>>} answer */
function inWords(answer) {
  if ('refused' in answer) return `refused: ${answer.refused}`;
  const [{ provider, upstream }] = answer.choices;
  return `${answer.field}, ${answer.choices.length} providers, first ${provider.name} as ${upstream}`;
}

/** @param {Stage} stage */
async function revocationChapter({ api, balancer, page }, { id, master_id }, token) {
  page.chapter('3. Revocation, while the balancer asks every millisecond');
  const isRevoked = async (sent) =>
    (await balancer.authenticate({ token: sent, address: HOME })).refused === 'key is revoked';
  const sentAt = performance.now();
  const [answer, ...instants] = await Promise.all([
    api
      .post(`/admin/masters/${master_id}/keys/${id}/revoke`, {})
      .then((receipt) => ({ ...receipt, at: performance.now() })),
    ...[`sk-${token}`, token].map((sent) => instantOf(() => isRevoked(sent))),
  ]);
  page.line(`  configuration ${answer.version}, answered after ${duration(answer.at - sentAt)}`);
  for (const [i, shown] of ['sk-…AAAA', '…AAAA'].entries()) {
    const instant = instants[i];
    const text = `refused ${relative(instant, answer.at)} the answer, ${relative(instant, sentAt)} the request`;
    page.check(instant !== undefined, `${shown.padEnd(8)}  ${text}`);
  }
}

/** @param {Stage} stage */
async function rotationChapter({ api, balancer, page }, { path, token, hint }) {
  page.chapter(`4. Rotation, with an overlap of ${OVERLAP_SECONDS} s`);
  const { body } = await api.post(`${path}/rotate`, { overlap_seconds: OVERLAP_SECONDS });
  const answeredAt = performance.now();
  const isAccepted = async (sent) => !('refused' in (await balancer.authenticate({ token: sent, address: HOME })));
  const newHint = body.secrets.at(-1).hint;

  const newAt = await instantOf(() => isAccepted(body.token));
  page.check(newAt !== undefined, `new ${newHint}  accepted ${relative(newAt, answeredAt)} the answer`);
  page.check(await isAccepted(token), `old ${hint}  accepted as well`);
  const endedAt = await instantOf(async () => !(await isAccepted(token)));
  page.check(endedAt !== undefined, `old ${hint}  refused ${relative(endedAt, answeredAt)} the answer`);
  page.check(await isAccepted(body.token), `new ${newHint}  still accepted`);
}
