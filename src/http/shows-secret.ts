import { Header } from '@nestjs/common';

/** On routes that answer a secret: no cache on the way may keep it. */
export const ShowsSecret = (): MethodDecorator => Header('Cache-Control', 'no-store');
