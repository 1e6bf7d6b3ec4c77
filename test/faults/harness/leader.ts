import { until } from '../../support/launcher.js';
import type { ServerProcess } from '../../support/server-process.js';

const PATIENCE_MS = 60_000;

/** The one of these that dispatches, as soon as one does. */
export async function leaderAmong(servers: readonly ServerProcess[]): Promise<ServerProcess> {
  let found: ServerProcess | undefined;
  await until(async () => {
    for (const server of servers) {
      const { body } = await server.admin.get('/admin/sync/status');
      if (body.dispatcher?.leader) found = server;
    }
    return found !== undefined;
  }, PATIENCE_MS);
  return found!;
}
