import { redisKeys } from '../../src/contract/redis-keys.js';
import type { Arena } from './arena.js';

const PAGE = 1000;

/** Keys whose weight or status in Redis is not that of PostgreSQL. */
export async function wrongKeys({ pool, redis }: Arena): Promise<number> {
  const { rows } = await pool.query<{ token_hash: string; weight: number; status: string }>(
    'SELECT s.token_hash, k.weight, k.status FROM keys k JOIN key_secrets s ON s.key_id = k.id',
  );
  let wrong = 0;
  for (let i = 0; i < rows.length; i += PAGE) {
    const page = rows.slice(i, i + PAGE);
    const pipeline = redis.pipeline();
    for (const { token_hash } of page) pipeline.hmget(redisKeys.token(token_hash), 'weight', 'status');
    const answers = (await pipeline.exec()) ?? [];
    wrong += page.filter(({ weight, status }, at) => {
      const [inRedis, statusInRedis] = answers[at]![1] as (string | null)[];
      return inRedis !== String(weight) || statusInRedis !== status;
    }).length;
  }
  return wrong;
}
