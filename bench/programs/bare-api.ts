import { createHash, randomBytes } from 'node:crypto';
import process from 'node:process';
import express, { type Request, type RequestHandler, type Response } from 'express';
import pg from 'pg';

/*
 * The yardstick: the least that a program must do for these answers, on the same libraries, tables and servers. It checks no
 * credential and no input, and keeps none of our promises.
 */

const { EZ_PG_DSN, EZ_API_PORT } = process.env;
const pool = new pg.Pool({ connectionString: EZ_PG_DSN, max: 10 });

interface NewKey {
  master_id: number;
  name: string;
}

const app = express();
app.use(express.json({ limit: '1mb' }));
app.get('/', (_request, response) => void response.json({ status: 'ok' }));
app.get('/keys', handler(find));
app.post('/keys', handler(create));
app.listen(Number(EZ_API_PORT), '127.0.0.1');

/** Express answers 500 to a promise that is rejected. */
function handler(answer: (request: Request, response: Response) => Promise<void>): RequestHandler {
  return (request, response) => answer(request, response);
}

/** One key or a list of them, in one transaction: the rows, what has to reach Redis, and the operation log. */
async function create(request: Request, response: Response): Promise<void> {
  const inputs = [request.body as NewKey | NewKey[]].flat();
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const created = await insert(client, inputs);
    await client.query('COMMIT');
    client.release();
    response.status(201).json(created.length === 1 ? created[0] : created);
  } catch (error) {
    client.release(true);
    throw error;
  }
}

async function insert(client: pg.PoolClient, inputs: NewKey[]): Promise<object[]> {
  const { rows } = await client.query<{ id: string }>(
    'INSERT INTO keys (master_id, name) SELECT * FROM unnest($1::bigint[], $2::text[]) RETURNING *',
    [inputs.map(({ master_id }) => master_id), inputs.map(({ name }) => name)],
  );
  const tokens = inputs.map(() => `ezk_${randomBytes(32).toString('hex')}`);
  const hashes = tokens.map((token) => createHash('sha256').update(token).digest('hex'));
  const ids = rows.map(({ id }) => id);
  await client.query(
    `INSERT INTO key_secrets (key_id, token_hash, hint) SELECT *, 'ezk_…' FROM unnest($1::bigint[], $2::text[])`,
    [ids, hashes],
  );
  const head = await client.query<{ version: string }>('UPDATE sync_head SET version = version + 1 RETURNING version');
  const { version } = head.rows[0]!;
  await client.query(
    `INSERT INTO sync_resource (kind, ref, version, deleted) SELECT 'key', unnest($1::text[]), $2, false
         ON CONFLICT (kind, ref) DO UPDATE SET version = EXCLUDED.version, deleted = false`,
    [hashes, version],
  );
  await client.query(
    `INSERT INTO operation_logs (actor_type, actor_id, actor_name, action, resource, resource_id, after, gen, config_version)
     SELECT 'admin', 'bare', 'bare', 'create', 'key', *, 1, $3 FROM unnest($1::bigint[], $2::jsonb[])`,
    [ids, rows.map((row) => JSON.stringify(row)), version],
  );
  return rows.map((row, i) => ({ ...row, token: tokens[i] }));
}

/** The key of a token, or the newest 20 keys and how many there are. */
async function find({ query }: Request, response: Response): Promise<void> {
  if (typeof query.token_hash === 'string') {
    const found = 'SELECT k.* FROM key_secrets s JOIN keys k ON k.id = s.key_id WHERE s.token_hash = $1';
    const { rows } = await pool.query<object>(found, [query.token_hash]);
    response.json({ data: rows });
    return;
  }
  const search = query.search;
  const where = search ? 'WHERE name ILIKE $1' : '';
  const values = typeof search === 'string' ? [`%${search}%`] : [];
  const page = await pool.query<{ id: string }>(`SELECT * FROM keys ${where} ORDER BY id DESC LIMIT 20`, values);
  const total = await pool.query<{ total: number }>(`SELECT count(*)::int AS total FROM keys ${where}`, values);
  const ids = page.rows.map(({ id }) => id);
  const secrets = await pool.query<object>('SELECT * FROM key_secrets WHERE key_id = ANY ($1)', [ids]);
  response.json({ data: page.rows, secrets: secrets.rows, total: total.rows[0]!.total });
}
