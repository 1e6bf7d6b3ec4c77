import { Injectable } from '@nestjs/common';
import { KeyRing } from '../../common/envelope.js';
import { Config } from '../../config/config.js';

/** An envelope opens in this place only. */
const AAD = 'log_webhooks:1:secret';

@Injectable()
export class WebhookSecrets {
  private readonly ring: KeyRing;

  constructor(config: Config) {
    this.ring = new KeyRing(config.encryption.keys);
  }

  seal(secret: string): string {
    return this.ring.seal(secret, AAD);
  }

  open(envelope: string): string {
    return this.ring.open(envelope, AAD);
  }

  /** Whether an older key than the current one has sealed it. */
  isOutdated(envelope: string): boolean {
    return !envelope.startsWith(this.ring.prefix);
  }
}
