/** One page of a list, as every list answers it. */
export interface Page<T> {
  data: T[];
  total: number;
  page: number;
  page_size: number;
}
