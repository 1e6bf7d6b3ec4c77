import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** One for 127.0.0.1 that is its own authority, and serves servers and clients alike. */
export class Certificate {
  private readonly folder = mkdtempSync(join(tmpdir(), 'ez-tls-'));
  readonly certFile = join(this.folder, 'cert.pem');
  readonly keyFile = join(this.folder, 'key.pem');

  constructor() {
    const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
    const name = ['-subj', '/CN=ez-api test', '-addext', 'subjectAltName=IP:127.0.0.1'];
    const files = ['-keyout', this.keyFile, '-out', this.certFile];
    const { status, stderr } = spawnSync('openssl', ['req', ...kind, ...name, ...files], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl made no certificate: ${stderr}`);
  }

  /** For a client of node:tls. */
  get options(): { ca: Buffer; cert: Buffer; key: Buffer } {
    const cert = readFileSync(this.certFile);
    return { ca: cert, cert, key: readFileSync(this.keyFile) };
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
