import { jest } from '@jest/globals';

/** Real servers on a busy machine: what fails once is shown, and has one more attempt. */
jest.retryTimes(1, { logErrorsBeforeRetry: true });
