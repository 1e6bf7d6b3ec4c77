import type { Connection, Submittable } from 'pg';

/** The messages of COPY; pg's connection sends them, though its types don't tell. */
interface CopyConnection extends Connection {
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

/** `COPY … FROM STDIN` with rows that are all there: pg itself would refuse to send any. */
export class CopyIn implements Submittable {
  /** pg wraps it with its own time limit. */
  callback: (error?: Error | null) => void = () => undefined;

  constructor(
    private readonly statement: string,
    private readonly rows: string,
  ) {}

  submit(connection: Connection): void {
    connection.query(this.statement);
  }

  handleCopyInResponse(connection: CopyConnection): void {
    connection.sendCopyFromChunk(Buffer.from(this.rows));
    connection.endCopyFrom();
  }

  handleError(error: Error): void {
    this.callback(error);
  }

  handleReadyForQuery(): void {
    this.callback();
  }

  handleCommandComplete(): void {
    // The number of rows is known already.
  }
}

interface Queryable {
  query(submittable: CopyIn): unknown;
}

/** Resolves when the server has taken all rows. */
export function copyIn(client: Queryable, statement: string, rows: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const copy = new CopyIn(statement, rows);
    copy.callback = (error) => (error ? reject(error) : resolve());
    client.query(copy);
  });
}
