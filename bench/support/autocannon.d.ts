/** The part of autocannon that is used here; the package has no types of its own. */
declare module 'autocannon' {
  export interface Options {
    url: string;
    method: string;
    headers: Record<string, string>;
    body: string | undefined;
    connections: number;
    /** Seconds. */
    duration: number;
  }

  export interface Result {
    /** Seconds. */
    duration: number;
    errors: number;
    '2xx': number;
    non2xx: number;
  }

  export default function autocannon(options: Options): Promise<Result>;
}
