import { SetMetadata } from '@nestjs/common';

export const OWN_IDEMPOTENCY = 'ez:own-idempotency';

/** The route recognises by itself what comes again; it ignores `Idempotency-Key`. */
export const OwnIdempotency = (): ClassDecorator => SetMetadata(OWN_IDEMPOTENCY, true);
