import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newAdminToken, newClientToken, newMasterKey } from '../../src/contract/token.js';
import { Http } from '../support/http.js';
import { until } from '../support/launcher.js';
import { openGuarded, type Guarded } from './guarded-app.js';

describe('the guards, when somebody guesses,', () => {
  let guarded: Guarded;
  let anyone: Http;

  beforeAll(async () => {
    guarded = await openGuarded();
    anyone = new Http(guarded.app.url);
  });
  afterAll(() => guarded.close());

  it('answer 429 to whoever guesses on and on, and let others pass', async () => {
    const guessed = await guarded.start();
    const guesser = new Http(guessed.url);
    try {
      const statuses = new Set<number>();
      for (let i = 0; i < 150; i++) statuses.add((await guesser.as(`ezm_guessed_0${i}`).get('/master')).status);
      expect([...statuses]).toEqual([401]);

      const { status, headers, body } = await guesser.as('ezm_guessed_0x').get('/master');
      expect([status, body.code]).toEqual([429, 'too_many_failures']);
      expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);

      expect((await guesser.as('ezm_other').get('/master')).status).toBe(401);
      expect((await guesser.get('/master')).status).toBe(401);
      expect((await guesser.as((await guarded.aMaster()).key).get('/master')).status).toBe(200);
    } finally {
      await guessed.close();
    }
  });

  /** Holds these tables until the end of `work`: whoever reads them waits. */
  const holding = async (tables: string, work: () => Promise<void>): Promise<void> => {
    const runner = guarded.database.createQueryRunner();
    await runner.startTransaction();
    await runner.query(`SET LOCAL idle_in_transaction_session_timeout = 0; LOCK TABLE ${tables}`);
    try {
      await work();
    } finally {
      await runner.rollbackTransaction();
      await runner.release();
    }
  };

  it('refuse what nobody can have been given without asking the database', async () => {
    await holding('masters, admin_tokens', async () => {
      const wrong = ['x', 'ezm_short', 'eza_short', `${newMasterKey()}x`, newMasterKey().replace('ezm_', 'eza_')];
      for (const credential of [...wrong, newClientToken()]) {
        expect((await anyone.as(credential).get('/master')).status).toBe(401);
      }
    });
  });

  it('give guessers one connection at most, and wave through who was right before', async () => {
    const guessed = await guarded.start();
    const caller = new Http(guessed.url);
    const waiting = async (): Promise<number> => {
      const [row] = await guarded.database.query<{ count: number }[]>(
        `SELECT count(*)::int AS count FROM pg_stat_activity
          WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%admin_tokens%'`,
      );
      return row!.count;
    };
    try {
      const [known, fresh] = [await guarded.aMaster(), await guarded.aMaster()];
      expect((await caller.as(known.key).get('/master')).status).toBe(200);
      for (let i = 0; i < 300; i++) await caller.as(`${i}-guessed`.padStart(20, '0')).get('/master');

      const answers: Promise<{ status: number }>[] = [];
      await holding('admin_tokens', async () => {
        for (let i = 0; i < 20; i++) answers.push(caller.as(newAdminToken()).get('/admin'));
        await until(async () => (await waiting()) > 0);
        expect((await caller.as(known.key).get('/master')).status).toBe(200);
        answers.push(caller.as(fresh.key).get('/master'));
        expect(await waiting()).toBeLessThanOrEqual(1);
      });
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect(statuses.indexOf(200)).toBe(20);
    } finally {
      await guessed.close();
    }
  });
});
