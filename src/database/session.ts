import pg from 'pg';

/**
 * A session with PostgreSQL whose end does not end the process. Whoever uses it learns of it from the statement that fails,
 * but an end between two statements is an 'error' event, and pools do not listen to what they have lent or thrown away.
 */
export class Session extends pg.Client {
  constructor(config?: string | pg.ClientConfig) {
    super(config);
    this.on('error', () => undefined);
  }
}
