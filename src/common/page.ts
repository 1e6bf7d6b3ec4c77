/** One page of a list, as every list answers it. */
export interface Page<T> {
  data: T[];
  /** Of all pages. */
  total: number;
  /** Present where counting would take too long: `total` is an estimate then. */
  total_is_exact?: false;
  page: number;
  page_size: number;
}
